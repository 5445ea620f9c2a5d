// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <filesystem>
#include <optional>

#include "sql/token.h"
#include "sync/s3/object_store.h"

namespace freshet {

namespace {

// A key of ObjectSource in all its spellings; the first one is used in messages.
struct Spelling {
  std::string_view name;
  std::string_view others[6];
};
constexpr Spelling kEndpoint{"s3.endpoint", {"AWS_ENDPOINT", "endpoint", "ENDPOINT"}};
constexpr Spelling kRegion{"s3.region", {"AWS_REGION", "region", "REGION"}};
constexpr Spelling kAccessKey{"s3.access_key",
                              {"AWS_ACCESS_KEY", "access_key", "AWS_ACCESS_KEY_ID", "s3.access_key_id"}};
constexpr Spelling kSecretKey{"s3.secret_key", {"AWS_SECRET_KEY", "secret_key", "AWS_SECRET_ACCESS_KEY"}};
constexpr Spelling kToken{"s3.session_token", {"AWS_TOKEN", "session_token", "AWS_SESSION_TOKEN", "s3.token"}};
constexpr Spelling kPathStyle{"use_path_style", {"s3.use_path_style", "s3.path-style-access", "s3.path_style_access"}};
constexpr Spelling kCaFile{"s3.ca_file", {"s3.ssl_rootcert", "ssl_rootcert"}};

// Understood by Doris, without effect here: the client has limits of its own.
constexpr std::string_view kIgnored[] = {"provider",
                                         "s3.provider",
                                         "force_parsing_by_standard_uri",
                                         "s3.connection.maximum",
                                         "s3.connection.timeout",
                                         "s3.connection.request.timeout",
                                         "AWS_MAX_CONNECTIONS",
                                         "AWS_CONNECTION_TIMEOUT_MS",
                                         "AWS_REQUEST_TIMEOUT_MS",
                                         "connection.maximum",
                                         "connection.timeout",
                                         "connection.request.timeout"};
constexpr std::string_view kUnsupported[] = {"s3.role_arn", "AWS_ROLE_ARN", "s3.external_id", "AWS_EXTERNAL_ID",
                                             "s3.credentials_provider_type"};

Result<std::optional<std::string>> TakeKey(Properties& properties, std::string_view key) {
  std::optional<std::string> value;
  for (auto property = properties.begin(); property != properties.end();) {
    if (!EqualsIgnoreCase(property->first, key)) {
      ++property;
      continue;
    }
    if (value && *value != property->second) {
      return Status(Code::kInvalid, std::string(key) + " is given twice");
    }
    value = std::move(property->second);
    property = properties.erase(property);
  }
  return value;
}

Result<std::optional<std::string>> TakeAny(Properties& properties, const Spelling& spelling) {
  ASSIGN_OR_RETURN(std::optional<std::string> value, TakeKey(properties, spelling.name));
  for (std::string_view other : spelling.others) {
    if (other.empty()) continue;
    ASSIGN_OR_RETURN(std::optional<std::string> again, TakeKey(properties, other));
    if (value && again && *value != *again) {
      return Status(Code::kInvalid, std::string(spelling.name) + " and " + std::string(other) + " differ");
    }
    if (again) value = std::move(again);
  }
  return value;
}

Status TakeText(Properties& properties, const Spelling& spelling, std::string& out) {
  ASSIGN_OR_RETURN(std::optional<std::string> value, TakeAny(properties, spelling));
  if (!value) return Status::Ok();
  if (std::any_of(value->begin(), value->end(), [](unsigned char c) { return c < 0x20 || c == 0x7F; })) {
    return Status(Code::kInvalid, std::string(spelling.name) + " holds a control character");
  }
  out = *std::move(value);
  return Status::Ok();
}

bool IsAddress(std::string_view host) {
  return host.starts_with("[") || host == "localhost" ||
         std::all_of(host.begin(), host.end(), [](char c) { return (c >= '0' && c <= '9') || c == '.'; });
}

// "host" of "https://host:port".
std::string_view HostOf(std::string_view endpoint) {
  std::string_view host = endpoint.substr(endpoint.find("://") + 3);
  const size_t colon = host.find(':', host.starts_with("[") ? host.find(']') : 0);
  return host.substr(0, colon);
}

// "eu-west-1" of s3.eu-west-1.amazonaws.com, s3-eu-west-1.., s3.dualstack.eu-west-1..; "" of others.
std::string RegionOf(std::string_view host) {
  const size_t tail = host.find(".amazonaws.com");
  if (tail == std::string_view::npos) return {};
  std::string_view name = host.substr(0, tail);
  const size_t dot = name.rfind('.');
  if (dot != std::string_view::npos) return std::string(name.substr(dot + 1));
  return name.starts_with("s3-") ? std::string(name.substr(3)) : std::string();
}

Status SetEndpoint(ObjectSource& source, std::string text) {
  if (text.find("://") == std::string::npos) text = "https://" + text;
  while (text.ends_with('/')) text.pop_back();
  const std::string_view scheme = std::string_view(text).substr(0, text.find("://"));
  const std::string_view rest = std::string_view(text).substr(scheme.size() + 3);
  if ((scheme != "https" && scheme != "http") || rest.empty() ||
      rest.find_first_of("/?#@ \\") != std::string_view::npos) {
    return Status(Code::kInvalid, "s3.endpoint must be host, host:port or http(s)://host:port");
  }
  source.endpoint = std::move(text);
  return Status::Ok();
}

// s3://bucket/key, its aliases, and the two ways to write an object as http(s)://.
Status TakeBucket(const std::string& uri, ObjectSource& source) {
  const size_t scheme_end = uri.find("://");
  const std::string scheme = ToLower(std::string_view(uri).substr(0, std::min(scheme_end, uri.size())));
  std::string rest = scheme_end == std::string::npos ? "" : uri.substr(scheme_end + 3);
  const bool http = scheme == "http" || scheme == "https";
  if (!http && scheme != "s3" && scheme != "s3a" && scheme != "s3n") {
    return Status(Code::kInvalid, "uri must be s3://bucket/key, https://host/bucket/key or file:/path");
  }
  if (http) {
    const std::string host = rest.substr(0, rest.find('/'));
    rest.erase(0, std::min(rest.size(), host.size() + 1));
    if (!source.path_style && !IsAddress(HostOf(scheme + "://" + host)) && source.endpoint.empty()) {
      const size_t dot = host.find('.');
      if (dot == std::string::npos) return Status(Code::kInvalid, "uri names no bucket");
      TRY(SetEndpoint(source, scheme + "://" + host.substr(dot + 1)));
      rest = host.substr(0, dot) + "/" + rest;
    } else if (source.endpoint.empty()) {
      TRY(SetEndpoint(source, scheme + "://" + host));
    } else if (!HostOf(source.endpoint).empty() && host.ends_with("." + std::string(HostOf(source.endpoint)))) {
      rest = host.substr(0, host.size() - HostOf(source.endpoint).size() - 1) + "/" + rest;
    }
  }
  const size_t slash = rest.find('/');
  source.bucket = rest.substr(0, slash);
  source.pattern = slash == std::string::npos ? "" : rest.substr(slash + 1);
  if (source.bucket.empty() || source.bucket.find_first_of("*?[]{}\\ ") != std::string::npos) {
    return Status(Code::kInvalid, "uri must name its bucket: s3://bucket/key");
  }
  if (source.pattern.empty()) return Status(Code::kInvalid, "uri must name objects: s3://bucket/prefix*");
  return Status::Ok();
}

Status TakeLocal(const std::string& uri, const std::string& file_root, ObjectSource& source) {
  if (file_root.empty()) {
    return Status(Code::kInvalid, "file: paths are not enabled: start freshet with --file-root DIR");
  }
  source.local = true;
  std::error_code error;
  source.root = std::filesystem::canonical(file_root, error).string();
  if (error) return Status(Code::kNotFound, "the directory of --file-root does not exist");
  std::string path = uri.substr(uri.find(':') + 1);
  if (path.starts_with("///")) path.erase(0, 2);
  if (path.starts_with("//")) return Status(Code::kInvalid, "uri must be file:/path or file:///path");
  if (path.find('\0') != std::string::npos) return Status(Code::kInvalid, "uri holds a NUL byte");
  for (const auto& part : std::filesystem::path(path)) {
    if (part == "..") return Status(Code::kInvalid, "uri must not hold '..'");
  }
  if (path.starts_with("/")) {
    // Both spellings of the root: as configured and with its links resolved.
    bool inside = false;
    for (std::string root : {source.root, std::filesystem::path(file_root).lexically_normal().string()}) {
      if (!root.ends_with('/')) root += '/';
      if (inside || !path.starts_with(root)) continue;
      path.erase(0, root.size());
      inside = true;
    }
    if (!inside) return Status(Code::kInvalid, "uri is not below the directory of --file-root");
  }
  source.pattern = path;
  if (path.empty() || path.ends_with('/')) return Status(Code::kInvalid, "uri must name files: file:/dir/*.csv");
  return Status::Ok();
}

// Bucket names that a host name cannot begin with, and hosts without a name, are addressed by path.
bool NeedsPathStyle(const ObjectSource& source) {
  const std::string_view host = HostOf(source.endpoint);
  const bool dotted = source.bucket.find('.') != std::string::npos && source.endpoint.starts_with("https");
  return IsAddress(host) || dotted || source.bucket.find('_') != std::string::npos ||
         std::any_of(source.bucket.begin(), source.bucket.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
}

Status TakeKeys(Properties& properties, ObjectSource& source) {
  TRY(TakeText(properties, kRegion, source.region));
  TRY(TakeText(properties, kAccessKey, source.access_key));
  TRY(TakeText(properties, kSecretKey, source.secret_key));
  TRY(TakeText(properties, kToken, source.session_token));
  TRY(TakeText(properties, kCaFile, source.ca_file));
  std::string path_style;
  TRY(TakeText(properties, kPathStyle, path_style));
  if (!path_style.empty() && !EqualsIgnoreCase(path_style, "true") && !EqualsIgnoreCase(path_style, "false")) {
    return Status(Code::kInvalid, "use_path_style must be true or false");
  }
  source.path_style = EqualsIgnoreCase(path_style, "true");
  if (source.access_key.empty() != source.secret_key.empty()) {
    return Status(Code::kInvalid, "s3.access_key and s3.secret_key belong together");
  }
  std::string endpoint;
  TRY(TakeText(properties, kEndpoint, endpoint));
  if (!endpoint.empty()) TRY(SetEndpoint(source, std::move(endpoint)));
  for (std::string_view key : kIgnored) {
    ASSIGN_OR_RETURN(const auto unused, TakeKey(properties, key));
  }
  for (std::string_view key : kUnsupported) {
    ASSIGN_OR_RETURN(const auto value, TakeKey(properties, key));
    if (value && !value->empty()) {
      return Status(Code::kUnsupported, std::string(key) + " is not supported: give s3.access_key and s3.secret_key");
    }
  }
  return Status::Ok();
}

}  // namespace

Result<ObjectSource> TakeObjectSource(Properties& properties, const std::string& file_root) {
  ObjectSource source;
  ASSIGN_OR_RETURN(const std::optional<std::string> uri, TakeKey(properties, "uri"));
  if (!uri || uri->empty()) return Status(Code::kInvalid, "uri is required");
  TRY(TakeKeys(properties, source));
  if (ToLower(*uri).starts_with("file:")) {
    TRY(TakeLocal(*uri, file_root, source));
    return source;
  }
  TRY(TakeBucket(*uri, source));
  if (source.endpoint.empty() && source.region.empty()) return Status(Code::kInvalid, "s3.endpoint is required");
  if (source.endpoint.empty()) source.endpoint = "https://s3." + source.region + ".amazonaws.com";
  if (source.region.empty()) source.region = RegionOf(HostOf(source.endpoint));
  if (source.region.empty()) source.region = "us-east-1";
  if (NeedsPathStyle(source)) source.path_style = true;
  return source;
}

std::string ShownName(const ObjectSource& source, const std::string& key) {
  if (source.local) return "file:" + (source.root == "/" ? "" : source.root) + "/" + key;
  return "s3://" + source.bucket + "/" + key;
}

}  // namespace freshet
