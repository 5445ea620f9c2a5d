// SPDX-License-Identifier: Apache-2.0
#include "server/settings.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "server/memory_budget.h"

namespace freshet {
namespace {

template <typename Number>
Status SetNumber(Number& target, const std::string& text, int64_t least, int64_t most) {
  int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number < least || number > most) {
    return Status(Code::kInvalid,
                  "'" + text + "' is not a whole number from " + std::to_string(least) + " to " + std::to_string(most));
  }
  target = static_cast<Number>(number);
  return Status();
}

Status SetText(std::string& target, const std::string& text) {
  if (text.empty()) return Status(Code::kInvalid, "must not be empty");
  target = text;
  return Status();
}

Status SetBind(Settings& settings, const std::string& text) {
  return SetText(settings.bind, text == "localhost" ? "127.0.0.1" : text);
}

Status SetMemory(Settings& settings, const std::string& text) {
  ASSIGN_OR_RETURN(settings.memory_bytes, ParseMemory(text));
  if (settings.memory_bytes >= kMemoryBytesMin) return Status();
  return Status(Code::kInvalid, "at least 64MiB are needed");
}

Status SetLevel(Settings& settings, const std::string& text) {
  constexpr std::array<std::string_view, 4> kLevels{"debug", "info", "warn", "error"};
  const auto found = std::find(kLevels.begin(), kLevels.end(), text);
  if (found == kLevels.end()) return Status(Code::kInvalid, "'" + text + "' is none of debug, info, warn, error");
  settings.log_level = static_cast<LogLevel>(found - kLevels.begin());
  return Status();
}

constexpr SettingName kSettings[] = {
    {"data-dir", "DIR", "directory of tables and jobs; made when missing",
     [](Settings& s, const std::string& t) { return SetText(s.data_dir, t); }},
    {"mysql-port", "PORT", "TCP port of the MySQL protocol; 0 picks a free one (default 9030)",
     [](Settings& s, const std::string& t) { return SetNumber(s.mysql_port, t, 0, 65535); }},
    {"http-port", "PORT", "TCP port of HTTP: health, metrics; 0 picks a free one (default 8030)",
     [](Settings& s, const std::string& t) { return SetNumber(s.http_port, t, 0, 65535); }},
    {"bind", "ADDRESS", "address of both ports; others than loopback need a password for root (default 127.0.0.1)",
     SetBind},
    {"memory", "SIZE", "budget of store, queues and queries, in B, KiB, MiB or GiB (default 512MiB)", SetMemory},
    {"password-file", "FILE", "first line is the password of root (default: $FRESHET_PASSWORD, else none)",
     [](Settings& s, const std::string& t) { return SetText(s.password_file, t); }},
    {"tls-cert", "FILE", "certificate chain, PEM (default: self-signed, made in the data directory)",
     [](Settings& s, const std::string& t) { return SetText(s.tls_cert, t); }},
    {"tls-key", "FILE", "private key of --tls-cert, PEM",
     [](Settings& s, const std::string& t) { return SetText(s.tls_key, t); }},
    {"file-root", "DIR", "directory that \"uri\"=\"file:..\" may read from (default: none, file: is refused)",
     [](Settings& s, const std::string& t) { return SetText(s.file_root, t); }},
    {"log-level", "LEVEL", "debug, info, warn or error (default info)", SetLevel},
    {"connections-max", "N", "MySQL connections at a time (default 512)",
     [](Settings& s, const std::string& t) { return SetNumber(s.connections_max, t, 1, 100'000); }},
    {"wait-timeout", "SECONDS", "idle MySQL connections are closed after so long, in seconds (default 28800)",
     [](Settings& s, const std::string& t) { return SetNumber(s.wait_timeout_s, t, 1, 31'536'000); }},
};

}  // namespace

std::span<const SettingName> SettingNames() {
  return kSettings;
}

Status SetByName(Settings& settings, std::string_view name, const std::string& text) {
  for (const SettingName& setting : kSettings) {
    if (name == setting.name) return setting.set(settings, text).At(name);
  }
  return Status(Code::kInvalid, "unknown setting '" + std::string(name) + "'");
}

Result<size_t> ParseMemory(const std::string& text) {
  struct Unit {
    std::string_view name;
    uint64_t bytes;
  };
  constexpr Unit kUnits[] = {{"", 1},           {"B", 1},        {"KiB", 1024},     {"MiB", 1u << 20},
                             {"GiB", 1u << 30}, {"KB", 1000},    {"MB", 1'000'000}, {"GB", 1'000'000'000},
                             {"K", 1024},       {"M", 1u << 20}, {"G", 1u << 30}};
  uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const std::string_view rest(end, static_cast<size_t>(text.data() + text.size() - end));
  if (error == std::errc()) {
    for (const Unit& unit : kUnits) {
      if (rest == unit.name && number <= UINT64_MAX / unit.bytes) return static_cast<size_t>(number * unit.bytes);
    }
  }
  return Status(Code::kInvalid, "'" + text + "' is not a size such as 512MiB or 2GiB");
}

bool IsLoopback(std::string_view address) {
  return address.starts_with("127.") || address == "::1";
}

Status CheckSettings(const Settings& settings, const Accounts& accounts) {
  if (settings.data_dir.empty()) return Status(Code::kInvalid, "--data-dir is required");
  if (settings.tls_cert.empty() != settings.tls_key.empty()) {
    return Status(Code::kInvalid, "--tls-cert and --tls-key belong together");
  }
  if (!IsLoopback(settings.bind) && !accounts.HasPassword("root")) {
    return Status(Code::kInvalid, "--bind " + settings.bind +
                                      " can be reached by others and root has no password: set one with "
                                      "--password-file, or bind 127.0.0.1");
  }
  return Status();
}

}  // namespace freshet
