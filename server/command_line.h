// SPDX-License-Identifier: Apache-2.0
// CommandLine: what the process was asked to do. Boost.Program_options stays inside.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/status.h"

namespace freshet {

struct CommandLine {
  enum class Action : uint8_t { kServe, kMirror, kHelp, kVersion };
  Action action = Action::kHelp;
  std::string help;                                           // kHelp: what to print
  std::vector<std::pair<std::string, std::string>> settings;  // name and text, as of settings.h
  std::string config_file;                                    // "" none
  // mirror:
  std::string url;
  std::string include_tables;
  std::string exclude_tables;
  bool exit_when_synced = false;
  bool verify = false;
};

// `arguments` without the program's name. kInvalid: what is wrong and where help is.
Result<CommandLine> ParseCommandLine(const std::vector<std::string>& arguments);

}  // namespace freshet
