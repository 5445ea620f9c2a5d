// SPDX-License-Identifier: Apache-2.0
// What a user types: command line, configuration file, source URLs, KILL. And what they read: progress.
#include "server/settings.h"

#include <gtest/gtest.h>

#include <unistd.h>
#include <sstream>

#include <fstream>

#include "server/command_line.h"
#include "server/kill_statement.h"
#include "server/memory_budget.h"
#include "server/mirror_progress.h"
#include "server/mirror_url.h"

namespace freshet {
namespace {

class ConfigFile : public ::testing::Test {
 protected:
  ~ConfigFile() override { ::unlink(path_.c_str()); }
  Status Load(const std::string& text) {
    std::ofstream(path_) << text;
    return LoadConfig(path_, settings, accounts);
  }
  const std::string path_ = "/tmp/freshet-config-" + std::to_string(::getpid());
  Settings settings;
  Accounts accounts;
};

TEST_F(ConfigFile, SettingsAndUsersAreRead) {
  ASSERT_TRUE(Load(R"({"data_dir": "/d", "mysql_port": 0, "memory": "1GiB", "users": [
      {"name": "root", "password": "r"}, {"name": "ann", "password_hash": "*2470C0C06DEE42FD1618BB99005ADCA2EC9D1E19",
       "plugin": "mysql_native_password"}]})")
                  .ok());
  EXPECT_EQ(settings.data_dir, "/d");
  EXPECT_EQ(settings.mysql_port, 0);
  EXPECT_EQ(settings.memory_bytes, 1u << 30);
  EXPECT_TRUE(accounts.HasPassword("root"));
  ASSERT_NE(accounts.Find("ann"), nullptr);
  EXPECT_EQ(accounts.Find("ann")->only, AuthPlugin::kNative);
  EXPECT_TRUE(LoadRootAccount(settings, nullptr, accounts).ok());
  EXPECT_TRUE(accounts.HasPassword("root"));
}

TEST_F(ConfigFile, WrongOnesAreRefusedByName) {
  for (const auto& [text, named] :
       {std::pair(R"({"mysql_prot": 1})", "mysql_prot"), std::pair(R"({"mysql-port": 1})", "mysql-port"),
        std::pair(R"({"mysql_port": 70000})", "mysql-port"), std::pair(R"({"bind": true})", "bind"),
        std::pair(R"({"users": [{"name": "a", "pasword": "x"}]})", "pasword"),
        std::pair(R"({"users": [{"name": "a"}]})", "password"), std::pair(R"([1])", "object"),
        std::pair(R"({)", "JSON")}) {
    const Status status = Load(text);
    EXPECT_EQ(status.code(), Code::kInvalid) << text;
    EXPECT_NE(status.message().find(named), std::string::npos) << status.message();
  }
}

TEST_F(ConfigFile, OpenAddressNeedsAPasswordOfRoot) {
  settings.data_dir = "/d";
  ASSERT_TRUE(LoadRootAccount(settings, nullptr, accounts).ok());
  EXPECT_TRUE(CheckSettings(settings, accounts).ok());
  for (const char* address : {"0.0.0.0", "::", "192.168.0.1"}) {
    settings.bind = address;
    EXPECT_EQ(CheckSettings(settings, accounts).code(), Code::kInvalid) << address;
  }
  ASSERT_TRUE(LoadRootAccount(settings, "from the environment", accounts).ok());
  EXPECT_TRUE(CheckSettings(settings, accounts).ok());
}

TEST(Memory, SizesHaveUnits) {
  EXPECT_EQ(ParseMemory("512MiB").value(), 512u << 20);
  EXPECT_EQ(ParseMemory("2GB").value(), 2'000'000'000u);
  EXPECT_EQ(ParseMemory("1048576").value(), 1u << 20);
  for (const char* wrong : {"", "MiB", "-1", "12 MiB", "1TiB", "99999999999999999999", "18446744073709551615GiB"}) {
    EXPECT_EQ(ParseMemory(wrong).code(), Code::kInvalid) << wrong;
  }
}

TEST(Memory, SharesStayWithinTheBudget) {
  constexpr MemoryBudget budget = SplitMemory(512u << 20);
  EXPECT_EQ(budget.store_bytes, 256u << 20);
  EXPECT_LE(budget.store_bytes + budget.query_bytes + budget.queue_bytes, 512u << 20);
  EXPECT_GT(budget.unit_bytes, 0u);
}

TEST(CommandLineArguments, CommandsAndOptionsAreRecognised) {
  const auto line =
      ParseCommandLine({"mirror", "mysql://u@h/d", "--include-tables", "a,b", "--exit-when-synced", "--memory=1GiB"});
  ASSERT_TRUE(line.ok()) << line.status().message();
  EXPECT_EQ(line->action, CommandLine::Action::kMirror);
  EXPECT_EQ(line->url, "mysql://u@h/d");
  EXPECT_EQ(line->include_tables, "a,b");
  EXPECT_TRUE(line->exit_when_synced);
  EXPECT_FALSE(line->verify);
  EXPECT_EQ(line->settings, (std::vector<std::pair<std::string, std::string>>{{"memory", "1GiB"}}));
  EXPECT_EQ(ParseCommandLine({"--version"})->action, CommandLine::Action::kVersion);
  EXPECT_NE(ParseCommandLine({"--help"})->help.find("--mysql-port"), std::string::npos);
  EXPECT_NE(ParseCommandLine({"mirror", "--help"})->help.find("--exit-when-synced"), std::string::npos);
}

TEST(CommandLineArguments, WrongOnesAreRefusedWithAHint) {
  for (const std::vector<std::string>& arguments : {std::vector<std::string>{},
                                                    {"conquer"},
                                                    {"serve", "--no-such-option"},
                                                    {"serve", "stray"},
                                                    {"serve", "--data-dir"},
                                                    {"mirror"},
                                                    {"mirror", "a", "b"},
                                                    {"serve", "--mysql", "1"}}) {
    const auto line = ParseCommandLine(arguments);
    ASSERT_EQ(line.code(), Code::kInvalid);
    EXPECT_NE(line.status().message().find("--help"), std::string::npos) << line.status().message();
  }
}

TEST(MirrorUrlText, PartsAreDecoded) {
  const auto url = ParseMirrorUrl("postgres://ann%40x:p%3A%2Fw@db.example:6543/shop?schema=a%2Cb&sslmode=require");
  ASSERT_TRUE(url.ok()) << url.status().message();
  EXPECT_EQ(url->kind, SourceKind::kPostgres);
  EXPECT_EQ(url->user, "ann@x");
  EXPECT_EQ(url->password, "p:/w");
  EXPECT_EQ(url->host, "db.example");
  EXPECT_EQ(url->port, 6543);
  EXPECT_EQ(url->database, "shop");
  EXPECT_EQ(url->schemas, "a,b");
  EXPECT_EQ(url->ssl_mode, "require");
  EXPECT_EQ(ParseMirrorUrl("mysql://u:p@h/d")->port, 3306);
}

TEST(MirrorUrlText, WrongOnesAreRefusedWithoutShowingThePassword) {
  for (const char* wrong : {"", "shop", "oracle://u:s3cret@h/d", "mysql://h/d", "mysql://u:s3cret@h",
                            "mysql://u:s3cret@h/", "mysql://u:s3cret@h:x/d", "mysql://u:s3cret@/d",
                            "mysql://u:s3cret@h/d?sslmod=x", "mysql://u:s3cret@h/d?schema=a"}) {
    const auto url = ParseMirrorUrl(wrong);
    ASSERT_EQ(url.code(), Code::kInvalid) << wrong;
    EXPECT_EQ(url.status().message().find("s3cret"), std::string::npos);
  }
}

TEST(MirrorUrlText, JobIsNamedAfterTheDatabase) {
  const CreateJob job = JobOf(*ParseMirrorUrl("mysql://u:p@h/shop"), "a,b", "");
  EXPECT_EQ(job.name, "shop");
  EXPECT_EQ(job.target_database, "shop");
  const std::map<std::string, std::string> properties(job.source_properties.begin(), job.source_properties.end());
  EXPECT_EQ(properties.at("jdbc_url"), "jdbc:mysql://h:3306");
  EXPECT_EQ(properties.at("password"), "p");
  EXPECT_EQ(properties.at("include_tables"), "a,b");
  EXPECT_EQ(properties.count("schema"), 0u);
}

TEST(Kill, FormsAreRecognisedAndOthersLeftAlone) {
  EXPECT_EQ(ParseKill("KILL 5")->kind, KillKind::kConnection);
  EXPECT_EQ(ParseKill("kill connection 5 ;")->connection_id, 5u);
  EXPECT_EQ(ParseKill(" Kill QUERY 18446744073709551615")->connection_id, UINT64_MAX);
  for (const char* other :
       {"", "KILL", "KILL QUERY", "KILL -1", "KILL 5 6", "KILLER 5", "KILL 18446744073709551616", "SELECT 5"}) {
    EXPECT_FALSE(ParseKill(other).has_value()) << other;
  }
}

TEST(Progress, LinesComeWhenSomethingChangedAndOnceASecondAtMost) {
  MirrorProgress progress;
  const MirrorProgress::Time start{};
  std::vector<TableProgress> tables{
      {.source = {"shop", "orders"}, .state = "COPYING", .rows_copied = 10, .rows_estimated = 1000}};
  EXPECT_EQ(progress.Update(tables, start, {}), "shop.orders COPYING rows=10 of about 1000\n");
  tables[0].rows_copied = 110;
  EXPECT_EQ(progress.Update(tables, start + std::chrono::milliseconds(900), {}), "");
  EXPECT_EQ(progress.Update(tables, start + std::chrono::milliseconds(1000), {}),
            "shop.orders COPYING rows=110 of about 1000 (111 rows/s, 9 s left)\n");
  EXPECT_EQ(progress.Update(tables, start + std::chrono::seconds(5), {}), "");
  tables[0].state = "READY";
  EXPECT_EQ(progress.Update(tables, start + std::chrono::seconds(6), {}), "shop.orders READY rows=110 of about 1000\n");
}

TEST(Progress, TerminalTableIsDrawnOverItself) {
  MirrorProgress progress;
  std::vector<TableProgress> tables(25);
  for (size_t i = 0; i < tables.size(); ++i) {
    tables[i].source = {"s", "t" + std::to_string(i)};
    tables[i].state = i < 24 ? "READY" : "COPYING";
  }
  const MirrorProgress::Screen screen;
  const std::string first = progress.Update(tables, {}, screen);
  EXPECT_NE(first.find("s.t24"), std::string::npos);  // the unfinished one is never left out
  EXPECT_NE(first.find("and 5 more tables"), std::string::npos);
  EXPECT_EQ(progress.Update(tables, {}, screen), "");  // nothing changed
  tables[24].rows_copied = 1;
  EXPECT_TRUE(progress.Update(tables, {}, screen).starts_with("\x1b[22A"));
  tables[24].rows_copied = 2;
  progress.StartBelow();
  EXPECT_TRUE(progress.Update(tables, {}, screen).starts_with("\x1b[2Ktable"));
}

TEST(Progress, NoLineIsWiderThanTheScreen) {
  std::vector<TableProgress> tables{{.source = {"shop", std::string(60, 'x') + "\u00fc"},
                                     .state = "COPYING",
                                     .rows_copied = 5'000'000,
                                     .rows_estimated = 9'000'000}};
  for (size_t columns = 2; columns < 200; ++columns) {
    MirrorProgress progress;
    std::istringstream drawn(progress.Update(tables, {}, MirrorProgress::Screen{columns, 24}));
    for (std::string line; std::getline(drawn, line);) {
      while (line.find('\x1b') != std::string::npos) {
        line.erase(line.find('\x1b'), line.find_first_of("AJK", line.find('\x1b')) - line.find('\x1b') + 1);
      }
      EXPECT_LT(line.size() - (line.find("\u00fc") != std::string::npos ? 1 : 0), columns) << line;
    }
  }
}

TEST(Progress, VerdictsShowWhatDiffers) {
  const std::string table =
      VerdictTable({{{"s", "a"}, true, 3, 3, "aa", "aa", ""}, {{"s", "b"}, false, 3, 2, "aa", "bb", ""}});
  EXPECT_NE(table.find("s.a"), std::string::npos);
  EXPECT_NE(table.find("yes"), std::string::npos);
  EXPECT_NE(table.find("aa / bb  NO"), std::string::npos) << table;
}

}  // namespace
}  // namespace freshet
