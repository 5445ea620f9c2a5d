// SPDX-License-Identifier: Apache-2.0
#include "server/command_line.h"

#include <boost/program_options.hpp>
#include <sstream>

#include "server/settings.h"

namespace freshet {
namespace {

namespace po = boost::program_options;
using Action = CommandLine::Action;

constexpr const char* kOverview =
    "freshet keeps a live, exact copy of MySQL, MariaDB and PostgreSQL databases,\n"
    "queried with SQL over the MySQL protocol.\n\n"
    "  freshet serve --data-dir DIR [options]     serve; jobs are made with CREATE JOB\n"
    "  freshet mirror URL [options]               serve and mirror one database\n"
    "  freshet serve --help, freshet mirror --help   all options\n"
    "  freshet --version\n";

void AddSettings(po::options_description& options) {
  for (const SettingName& setting : SettingNames()) {
    options.add_options()(setting.name, po::value<std::string>()->value_name(setting.argument), setting.description);
  }
  options.add_options()("config", po::value<std::string>()->value_name("FILE"),
                        "JSON file of the same settings, with '_' for '-', and \"users\"; the command line wins")(
      "help", "this text");
}

po::options_description ServeOptions() {
  po::options_description options("options");
  AddSettings(options);
  return options;
}

po::options_description MirrorOptions() {
  po::options_description options("options");
  options.add_options()("include-tables", po::value<std::string>()->value_name("LIST"),
                        "only these tables: names, globs, /regex/, with commas between (default all)")(
      "exclude-tables", po::value<std::string>()->value_name("LIST"), "not these tables")(
      "exit-when-synced", "when every table is copied and caught up: verify, print the result, exit 0 or 1")(
      "verify", "compare mirror and source once synced, and go on");
  AddSettings(options);
  return options;
}

template <typename Description>
std::string Print(const char* usage, const Description& options) {
  std::ostringstream out;
  out << usage << "\n\n" << options;
  return out.str();
}

constexpr const char* kServeUsage = "usage: freshet serve --data-dir DIR [options]";
constexpr const char* kMirrorUsage =
    "usage: freshet mirror URL [options]\n\n"
    "URL is mysql://user:password@host:port/database or\n"
    "postgres://user:password@host:port/database[?schema=a,b&sslmode=require];\n"
    "special characters as %XX. Default data directory: ./freshet-<database>";

CommandLine Collect(const po::variables_map& values, Action action) {
  CommandLine line;
  line.action = action;
  const auto text = [&](const char* name) {
    return values.count(name) ? values[name].as<std::string>() : std::string();
  };
  for (const SettingName& setting : SettingNames()) {
    if (values.count(setting.name)) line.settings.emplace_back(setting.name, values[setting.name].as<std::string>());
  }
  line.config_file = text("config");
  if (action == Action::kMirror) {
    line.url = text("url");
    line.include_tables = text("include-tables");
    line.exclude_tables = text("exclude-tables");
    line.exit_when_synced = values.count("exit-when-synced") > 0;
    line.verify = values.count("verify") > 0;
  }
  return line;
}

Result<CommandLine> ParseCommand(const std::vector<std::string>& arguments, Action action) {
  const bool mirror = action == Action::kMirror;
  const po::options_description visible = mirror ? MirrorOptions() : ServeOptions();
  po::options_description all;
  all.add(visible);
  po::positional_options_description positional;
  if (mirror) {
    all.add_options()("url", po::value<std::string>());
    positional.add("url", 1);
  }
  const std::string hint = std::string("; see freshet ") + (mirror ? "mirror" : "serve") + " --help";
  po::variables_map values;
  try {
    namespace style = po::command_line_style;
    po::store(po::command_line_parser(arguments)
                  .options(all)
                  .positional(positional)
                  .style(style::allow_long | style::long_allow_next | style::long_allow_adjacent)
                  .run(),
              values);
  } catch (const po::too_many_positional_options_error&) {
    return Status(Code::kInvalid, (mirror ? "more than one URL" : "unexpected argument") + hint);
  } catch (const po::error& error) {
    return Status(Code::kInvalid, error.what() + hint);
  }
  if (values.count("help")) {
    return CommandLine{.action = Action::kHelp, .help = Print(mirror ? kMirrorUsage : kServeUsage, visible)};
  }
  if (mirror && !values.count("url")) return Status(Code::kInvalid, "no URL of a source" + hint);
  return Collect(values, action);
}

}  // namespace

Result<CommandLine> ParseCommandLine(const std::vector<std::string>& arguments) {
  if (arguments.empty()) return Status(Code::kInvalid, "no command; see freshet --help");
  const std::string& first = arguments[0];
  const std::vector<std::string> rest(arguments.begin() + 1, arguments.end());
  if (first == "--version" || first == "version") return CommandLine{.action = Action::kVersion};
  if (first == "--help" || first == "-h" || first == "help") {
    return CommandLine{.action = Action::kHelp,
                       .help = kOverview + ("\n" + Print("serve, mirror:", ServeOptions())) +
                               "\nmirror has more: freshet mirror --help\n"};
  }
  if (first == "serve") return ParseCommand(rest, Action::kServe);
  if (first == "mirror") return ParseCommand(rest, Action::kMirror);
  return Status(Code::kInvalid, "unknown command '" + first + "'; see freshet --help");
}

}  // namespace freshet
