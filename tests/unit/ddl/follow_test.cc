// SPDX-License-Identifier: Apache-2.0
// Goal: each DDL statement does to the tracked tables exactly what the server does, or stops the table.
// Method: text cases; statements run one after the other against one catalog, which takes each change.
#include <gtest/gtest.h>

#include "ddl/mysql_resolve.h"
#include "ddl/mysql_types.h"
#include "tests/support/datadriven.h"

namespace freshet {
namespace {

std::string DescribeColumn(const TableSchema& schema, uint32_t at) {
  const Column& column = schema.columns[at];
  std::string text = "  " + std::to_string(column.id) + " " + column.name + " " + column.source_type;
  if (!column.collation.empty()) text += " " + column.collation;
  if (!column.nullable) text += " not-null";
  if (schema.IsKey(at)) text += " key";
  if (column.excluded) text += " excluded";
  if (column.generated) text += " generated";
  if (column.initial_default) text += " initial='" + *column.initial_default + "'";
  if (column.insert_default) text += " insert='" + *column.insert_default + "'";
  return text;
}

std::string DescribeSchema(const TableSchema& schema) {
  std::string text = schema.name.ToString() + " v" + std::to_string(schema.version) + " key " + schema.key_name;
  for (uint32_t i = 0; i < schema.columns.size(); ++i) text += "\n" + DescribeColumn(schema, i);
  return text;
}

std::string_view KindName(SchemaChangeKind kind) {
  switch (kind) {
    case SchemaChangeKind::kCreateTable: return "create";
    case SchemaChangeKind::kDropTable: return "drop";
    case SchemaChangeKind::kTruncateTable: return "truncate";
    case SchemaChangeKind::kAlterTable: return "alter";
    case SchemaChangeKind::kStopTable: return "stop";
    case SchemaChangeKind::kRenameTable: return "rename";
    case SchemaChangeKind::kResyncTable: return "resync";
  }
  return "?";
}

class Follower {
 public:
  Follower() {
    options_.databases = {"shop", "crm"};
    options_.database_collations = {{"shop", "utf8mb4_general_ci"}, {"crm", "latin1_swedish_ci"}};
    options_.excluded_columns = {{{"shop", "secrets"}, "Token"}};
    options_.filter = TableFilter::Parse("", "shop.skip_*").value();
  }

  std::string Run(const DataCase& data) {
    if (data.command == "reset") {
      catalog_ = Catalog();
      options_.lex = {};
      for (const std::string& argument : data.arguments) {
        if (argument == "mariadb") options_.lex.flavour = MysqlFlavour::kMariadb;
        if (argument == "ansi") options_.lex.ansi_quotes = true;
      }
      return "ok";
    }
    if (data.command != "follow") return "unknown command";
    auto changes = FollowMysqlStatement(data.input, "shop", catalog_, options_);
    if (!changes.ok()) return changes.status().ToString();
    std::string text;
    for (const SchemaChange& change : *changes) text += (text.empty() ? "" : "\n") + Take(change);
    return text.empty() ? "nothing" : text;
  }

 private:
  std::string Take(const SchemaChange& change) {
    std::string text(KindName(change.kind));
    if (change.old_schema) text += " " + change.old_schema->name.ToString();
    if (!change.reason.empty()) text += ": " + change.reason;
    if (change.kind == SchemaChangeKind::kDropTable || change.kind == SchemaChangeKind::kStopTable) {
      if (change.old_schema) catalog_.Remove(change.old_schema->name);
    } else {
      catalog_.Put(change.new_schema);
      if (change.kind != SchemaChangeKind::kTruncateTable) text += "\n" + DescribeSchema(*change.new_schema);
    }
    return text;
  }

  Catalog catalog_;
  MysqlFollowOptions options_;
};

TEST(FollowMysqlStatement, statements_change_schemas_as_the_data_files_say) {
  for (const char* file : {"create", "alter", "tables", "refuse"}) {
    Follower follower;
    RunDataFile(std::string(FRESHET_SOURCE_DIR) + "/tests/data/ddl/" + file + ".test",
                [&](const DataCase& data) { return follower.Run(data); });
  }
}

TEST(FollowMysqlStatement, names_fold_when_the_server_ignores_case) {
  MysqlFollowOptions options;
  options.databases = {"shop"};
  options.ignore_case = true;
  Catalog catalog(true);
  const auto created = FollowMysqlStatement("CREATE TABLE Orders (Id INT PRIMARY KEY)", "SHOP", catalog, options);
  ASSERT_TRUE(created.ok());
  ASSERT_EQ(created->size(), 1u);
  EXPECT_EQ((*created)[0].new_schema->name, (TableName{"shop", "orders"}));
  catalog.Put((*created)[0].new_schema);
  const auto dropped = FollowMysqlStatement("DROP TABLE ORDERS", "Shop", catalog, options);
  ASSERT_TRUE(dropped.ok());
  ASSERT_EQ(dropped->size(), 1u);
  EXPECT_EQ((*dropped)[0].kind, SchemaChangeKind::kDropTable);
}

TEST(FollowMysqlStatement, describing_and_following_give_the_same_column) {
  const std::pair<const char*, const char*> kTypes[] = {{"int", "INTEGER(11)"},
                                                        {"bigint unsigned", "BIGINT UNSIGNED ZEROFILL"},
                                                        {"tinyint(1)", "BOOLEAN"},
                                                        {"decimal(10,0)", "NUMERIC"},
                                                        {"decimal(65,30)", "DEC(65,30)"},
                                                        {"double", "FLOAT(53)"},
                                                        {"varchar(20)", "VARCHAR(20)"},
                                                        {"char(1)", "CHAR"},
                                                        {"tinytext", "TEXT(10)"},
                                                        {"mediumtext", "LONG VARCHAR"},
                                                        {"varbinary(9)", "VARCHAR(9) BYTE"},
                                                        {"bit(1)", "BIT"},
                                                        {"datetime(3)", "DATETIME(3)"},
                                                        {"year(4)", "YEAR"},
                                                        {"enum('a','b''c')", "ENUM('a','b\\'c')"}};
  for (const auto& [column_type, definition] : kTypes) {
    MysqlFollowOptions options;
    options.databases = {"shop"};
    options.database_collations = {{"shop", "utf8mb4_bin"}};
    const std::string sql = std::string("CREATE TABLE t (k INT PRIMARY KEY, c ") + definition + ")";
    const auto changes = FollowMysqlStatement(sql, "shop", Catalog(), options);
    ASSERT_TRUE(changes.ok() && changes->size() == 1 && (*changes)[0].new_schema) << definition;
    MysqlColumnFacts facts;
    facts.column_name = "c";
    facts.column_type = column_type;
    facts.collation_name = "utf8mb4_bin";
    auto described = ColumnFromMysqlFacts(facts, MysqlFlavour::kMysql);
    ASSERT_TRUE(described.ok()) << column_type;
    described->id = 2;
    EXPECT_EQ(*described, (*changes)[0].new_schema->columns[1]) << definition;
  }
}

}  // namespace
}  // namespace freshet
