// SPDX-License-Identifier: Apache-2.0
// LoadConfig and LoadRootAccount of server/settings.h. The file:
//
//   { "<setting with underscores>": string | number, ...,
//     "users": [ { "name": string,
//                  "password": string | "password_hash": "*<40 hex digits>",
//                  "plugin": "caching_sha2_password" | "mysql_native_password"   (optional: either) }, ... ] }
#include <fstream>
#include <sstream>

#include <nlohmann/json.hpp>

#include "server/settings.h"

namespace freshet {
namespace {

using Json = nlohmann::json;

constexpr size_t kConfigBytesMax = 1u << 20;
constexpr size_t kPasswordBytesMax = 256;  // MySQL's own limit

Result<std::string> ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return Status(Code::kInvalid, path + ": cannot be read");
  std::string text(kConfigBytesMax + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (file.bad()) return Status(Code::kInvalid, path + ": cannot be read");
  text.resize(static_cast<size_t>(file.gcount()));
  if (text.size() > kConfigBytesMax) return Status(Code::kInvalid, path + ": larger than 1 MiB");
  return text;
}

Result<std::string> TextMember(const Json& object, const char* name) {
  const auto found = object.find(name);
  if (found == object.end() || !found->is_string()) {
    return Status(Code::kInvalid, std::string("'") + name + "' must be a string");
  }
  return found->get<std::string>();
}

Status AddUser(const Json& user, Accounts& accounts) {
  if (!user.is_object()) return Status(Code::kInvalid, "each of 'users' must be an object");
  for (const auto& [key, value] : user.items()) {
    if (key != "name" && key != "password" && key != "password_hash" && key != "plugin") {
      return Status(Code::kInvalid, "unknown key 'users." + key + "'");
    }
  }
  ASSIGN_OR_RETURN(const std::string name, TextMember(user, "name"));
  std::optional<AuthPlugin> only;
  if (user.contains("plugin")) {
    ASSIGN_OR_RETURN(const std::string plugin, TextMember(user, "plugin"));
    only = FindPlugin(plugin);
    if (!only) return Status(Code::kInvalid, "'plugin' must be caching_sha2_password or mysql_native_password");
  }
  if (user.contains("password") == user.contains("password_hash")) {
    return Status(Code::kInvalid, "user '" + name + "' needs one of 'password' and 'password_hash'");
  }
  if (user.contains("password")) {
    ASSIGN_OR_RETURN(const std::string password, TextMember(user, "password"));
    accounts.AddWithPassword(name, password, only);
    return Status();
  }
  ASSIGN_OR_RETURN(const std::string text, TextMember(user, "password_hash"));
  ASSIGN_OR_RETURN(const Sha1Digest hash, ParseNativeHash(text));
  accounts.AddWithHash(name, hash, only);
  return Status();
}

Status Apply(const Json& json, Settings& settings, Accounts& accounts) {
  if (!json.is_object()) return Status(Code::kInvalid, "must be a JSON object");
  for (const auto& [key, value] : json.items()) {
    if (key == "users") {
      if (!value.is_array()) return Status(Code::kInvalid, "'users' must be an array");
      for (const Json& user : value) TRY(AddUser(user, accounts));
      continue;
    }
    std::string name = key;
    for (char& c : name) c = c == '_' ? '-' : c;
    bool known = key.find('-') == std::string::npos;
    if (known) {
      known = false;
      for (const SettingName& setting : SettingNames()) known = known || name == setting.name;
    }
    if (!known) return Status(Code::kInvalid, "unknown key '" + key + "'");
    if (!value.is_string() && !value.is_number_integer()) {
      return Status(Code::kInvalid, "'" + key + "' must be a string or a whole number");
    }
    TRY(SetByName(settings, name, value.is_string() ? value.get<std::string>() : value.dump()));
  }
  return Status();
}

}  // namespace

Status LoadConfig(const std::string& path, Settings& settings, Accounts& accounts) {
  ASSIGN_OR_RETURN(const std::string text, ReadFile(path));
  const Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false, /*ignore_comments=*/true);
  if (json.is_discarded()) return Status(Code::kInvalid, path + ": is not valid JSON");
  return Apply(json, settings, accounts).At(path);
}

Status LoadRootAccount(const Settings& settings, const char* environment_password, Accounts& accounts) {
  std::string password;
  if (!settings.password_file.empty()) {
    ASSIGN_OR_RETURN(password, ReadFile(settings.password_file));
    password.resize(std::min(password.find_first_of("\r\n"), password.size()));
    if (password.empty()) return Status(Code::kInvalid, settings.password_file + ": its first line is empty");
  } else if (environment_password != nullptr && *environment_password != '\0') {
    password = environment_password;
  } else if (accounts.Find("root") != nullptr) {
    return Status();
  }
  if (password.size() > kPasswordBytesMax) return Status(Code::kInvalid, "a password is at most 256 bytes");
  accounts.AddWithPassword("root", password);
  return Status();
}

}  // namespace freshet
