// SPDX-License-Identifier: Apache-2.0
// Goal: MySQL's dialect as DuckDB's, by texts and what they are rewritten to (tests/data/sql/dialect.txt).
#include "sql/dialect.h"

#include "sql/key_range.h"
#include "storage/key_codec.h"
#include "tests/unit/sql/text_cases.h"

namespace freshet {
namespace {

DialectContext Context() {
  DialectContext context;
  context.database = "shop";
  context.user = "root@127.0.0.1";
  context.connection_id = 7;
  context.version = "8.0.33-test";
  context.system_tables = {"jobs", "tasks", "job_tables"};
  context.variable = [](std::string_view name) -> std::optional<std::string> {
    if (name == "max_allowed_packet") return "67108864";
    if (name == "version_comment") return "freshet";
    if (name == "@mine") return "it's";
    return std::nullopt;
  };
  return context;
}

std::string Rewritten(const std::string& sql, const DialectContext& context) {
  const auto tokens = Tokenize(sql);
  if (!tokens.ok()) return tokens.status().message();
  const auto text = RewriteQuery(sql, *tokens, context);
  return text.ok() ? *text : std::string(CodeName(text.code())) + ": " + text.status().message();
}

TEST(DialectTest, texts_are_rewritten_as_the_file_says) {
  RunTextCases(std::string(FRESHET_SOURCE_DIR) + "/tests/data/sql/dialect.txt",
               [](const std::string& sql) { return Rewritten(sql, Context()); });
}

TEST(DialectTest, parameters_become_literals_that_cannot_end_their_string) {
  DialectContext context = Context();
  context.parameters = {{"a'; DROP TABLE t; --", false}, {std::nullopt, false}, {"5", true}, {"back\\slash", false}};
  EXPECT_EQ(Rewritten("SELECT * FROM t WHERE a = ? AND b = ? LIMIT ? OFFSET ?", context),
            "SELECT * FROM t WHERE a = 'a''; DROP TABLE t; --' AND b = NULL LIMIT (5) OFFSET 'back\\slash'");
}

TEST(DialectTest, arguments_survive_their_encoding) {
  const std::vector<std::pair<std::string, std::string>> arguments = {{"a=b", "c&d%"}, {"", "x\ny"}, {"ü", "'"}};
  EXPECT_EQ(DecodeArguments(EncodeArguments(arguments)), arguments);
}

TEST(DialectTest, names_of_duckdb_catalogs_are_moved_out_of_the_way) {
  EXPECT_EQ(SchemaOfDatabase("shop"), "shop");
  for (const char* taken : {"main", "TEMP", "memory", "system", "pg_catalog", "information_schema"}) {
    EXPECT_NE(SchemaOfDatabase(taken), taken);
  }
}

}  // namespace
}  // namespace freshet
