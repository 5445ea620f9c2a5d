// SPDX-License-Identifier: Apache-2.0
// Settings: everything that can be set at the start, from the configuration file and the command line, by
// the same names. The table of names, units and defaults is in settings.cc.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/log.h"
#include "base/status.h"
#include "server/accounts.h"

namespace freshet {

struct Settings {
  std::string data_dir;
  std::string bind = "127.0.0.1";
  uint16_t mysql_port = 9030;
  uint16_t http_port = 8030;
  size_t memory_bytes = 512u << 20;
  std::string password_file;
  std::string tls_cert;
  std::string tls_key;
  std::string file_root;  // "uri"="file:.." reads below it; "": refused
  LogLevel log_level = LogLevel::kInfo;
  int connections_max = 512;
  int64_t wait_timeout_s = 28'800;
};

// One name: "--mysql-port" on the command line, "mysql_port" in the file.
struct SettingName {
  const char* name;         // with hyphens
  const char* argument;     // "PORT"
  const char* description;  // with default and unit
  Status (*set)(Settings& settings, const std::string& text);
};

std::span<const SettingName> SettingNames();
// kInvalid names the setting and what it takes.
Status SetByName(Settings& settings, std::string_view name, const std::string& text);

// "512MiB", "1GiB", "64MB", "1048576": bytes. kInvalid.
Result<size_t> ParseMemory(const std::string& text);

// Reads the JSON file `path` into `settings` and its "users" into `accounts`. kInvalid names an unknown key.
// Passwords are hashed at once.
Status LoadConfig(const std::string& path, Settings& settings, Accounts& accounts);

// root, if the file did not set it: from --password-file, else from `environment_password` (null: none), else
// without a password.
Status LoadRootAccount(const Settings& settings, const char* environment_password, Accounts& accounts);

// kInvalid when others could reach us without a password, or TLS is half configured.
Status CheckSettings(const Settings& settings, const Accounts& accounts);

bool IsLoopback(std::string_view address);

}  // namespace freshet
