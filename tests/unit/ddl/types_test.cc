// SPDX-License-Identifier: Apache-2.0
// Goal: column facts of both sources become the documented logical types and literal defaults.
#include <gtest/gtest.h>

#include "ddl/mysql_types.h"
#include "ddl/postgres_types.h"

namespace freshet {
namespace {

Result<Column> Describe(const char* column_type, MysqlFlavour flavour = MysqlFlavour::kMysql,
                        std::optional<std::string> default_text = std::nullopt, const char* extra = "") {
  MysqlColumnFacts facts;
  facts.column_name = "c";
  facts.column_type = column_type;
  facts.collation_name = "utf8mb4_bin";
  facts.column_default = std::move(default_text);
  facts.extra = extra;
  return ColumnFromMysqlFacts(facts, flavour);
}

std::optional<std::string> InsertDefault(const char* column_type, const char* text, MysqlFlavour flavour,
                                         const char* extra = "") {
  const auto column = Describe(column_type, flavour, text, extra);
  EXPECT_TRUE(column.ok());
  return column.ok() ? column->insert_default : std::nullopt;
}

TEST(MysqlTypes, unsupported_types_are_named) {
  for (const char* type : {"geometry", "point", "vector(3)", "nosuch(1)"}) {
    const auto column = Describe(type);
    EXPECT_EQ(column.code(), Code::kUnsupported) << type;
    EXPECT_NE(column.status().message().find("column c has type"), std::string::npos);
  }
}

TEST(MysqlTypes, flavours_differ_in_json_and_uuid) {
  EXPECT_EQ(Describe("json")->type.kind, TypeKind::kJson);
  EXPECT_EQ(Describe("longtext", MysqlFlavour::kMariadb)->type.kind, TypeKind::kString);
  EXPECT_EQ(Describe("uuid", MysqlFlavour::kMariadb)->type.kind, TypeKind::kUuid);
  EXPECT_EQ(Describe("inet6", MysqlFlavour::kMariadb)->type.kind, TypeKind::kText);
  EXPECT_EQ(Describe("uuid").code(), Code::kUnsupported);
}

TEST(MysqlTypes, labels_are_unescaped) {
  const auto column = Describe(R"(set('a','it''s','back\\slash'))");
  ASSERT_TRUE(column.ok());
  EXPECT_EQ(*column->type.labels, (Labels{"a", "it's", "back\\slash"}));
}

TEST(MysqlTypes, mysql_defaults_are_bare_text) {
  const auto kMysql = MysqlFlavour::kMysql;
  EXPECT_EQ(InsertDefault("int", "-5", kMysql), "-5");
  EXPECT_EQ(InsertDefault("varchar(9)", "NULL", kMysql), "NULL");
  EXPECT_EQ(InsertDefault("bit(3)", "b'101'", kMysql), "5");
  EXPECT_EQ(InsertDefault("binary(2)", "0x6100", kMysql), "\\x6100");
  EXPECT_EQ(InsertDefault("datetime", "CURRENT_TIMESTAMP", kMysql), std::nullopt);
  EXPECT_EQ(InsertDefault("varchar(36)", "uuid()", kMysql, "DEFAULT_GENERATED"), std::nullopt);
}

TEST(MysqlTypes, mariadb_defaults_are_sql) {
  const auto kMariadb = MysqlFlavour::kMariadb;
  EXPECT_EQ(InsertDefault("varchar(9)", "'it''s'", kMariadb), "it's");
  EXPECT_EQ(InsertDefault("varchar(9)", "NULL", kMariadb), std::nullopt);
  EXPECT_EQ(InsertDefault("int", "-7", kMariadb), "-7");
  EXPECT_EQ(InsertDefault("datetime", "current_timestamp()", kMariadb), std::nullopt);
  EXPECT_EQ(InsertDefault("int", "1 + 1", kMariadb), std::nullopt);
  EXPECT_EQ(InsertDefault("timestamp", "'2020-01-01 00:00:00'", kMariadb), std::nullopt);
  EXPECT_EQ(InsertDefault("timestamp", "'0000-00-00 00:00:00'", kMariadb), "0000-00-00 00:00:00");
}

LogicalType Postgres(uint32_t oid, int32_t typmod = -1, char category = 'X') {
  PostgresTypeFacts facts;
  facts.type_oid = oid;
  facts.typmod = typmod;
  facts.typcategory = category;
  const auto type = TypeFromPostgres(facts);
  EXPECT_TRUE(type.ok());
  return type.ok() ? *type : LogicalType();
}

TEST(PostgresTypes, numeric_is_decimal_only_with_a_plain_scale) {
  EXPECT_EQ(Postgres(1700).kind, TypeKind::kNumeric);
  const LogicalType plain = Postgres(1700, (10 << 16 | 2) + 4);
  EXPECT_EQ(plain.kind, TypeKind::kDecimal);
  EXPECT_EQ(plain.precision, 10);
  EXPECT_EQ(plain.scale, 2);
  EXPECT_EQ(Postgres(1700, (3 << 16 | (-2 & 0x7ff)) + 4).kind, TypeKind::kNumeric);
  EXPECT_EQ(Postgres(1700, (2 << 16 | 5) + 4).kind, TypeKind::kNumeric);
}

TEST(PostgresTypes, typmods_give_lengths_and_fractions) {
  EXPECT_EQ(Postgres(1043, 24).length, 20u);
  EXPECT_TRUE(Postgres(1042, 9).fixed);
  EXPECT_EQ(Postgres(1114).precision, 6);
  EXPECT_EQ(Postgres(1184, 3).precision, 3);
  EXPECT_EQ(Postgres(1007, -1, 'A').kind, TypeKind::kArray);
  EXPECT_EQ(Postgres(869).kind, TypeKind::kText);
}

TEST(PostgresTypes, domains_follow_their_base) {
  PostgresTypeFacts facts;
  facts.type_oid = 90'000;
  facts.typtype = 'd';
  facts.base_oid = 1043;
  facts.base_typmod = 14;
  const auto text = TypeFromPostgres(facts);
  ASSERT_TRUE(text.ok());
  EXPECT_EQ(text->kind, TypeKind::kString);
  EXPECT_EQ(text->length, 10u);
  facts.base_typtype = 'e';
  facts.enum_labels = {"x"};
  EXPECT_EQ(TypeFromPostgres(facts)->kind, TypeKind::kEnum);
  facts.base_typtype = 'p';
  EXPECT_EQ(TypeFromPostgres(facts).code(), Code::kUnsupported);
}

}  // namespace
}  // namespace freshet
