// SPDX-License-Identifier: Apache-2.0
// COPY bytes in both formats, cut into messages at every place.
#include "cdc/postgres/copy_rows.h"

#include <gtest/gtest.h>

#include "tests/unit/postgres/pgoutput_bytes.h"

namespace freshet {
namespace {

using test::Bytes;

SchemaPtr TwoColumns() {
  auto schema = std::make_shared<TableSchema>();
  schema->name = {"public", "t"};
  Column id;
  id.id = 1;
  id.name = "id";
  id.type.kind = TypeKind::kInt32;
  Column text;
  text.id = 2;
  text.name = "v";
  text.type.kind = TypeKind::kString;
  schema->columns = {id, text};
  schema->key_columns = {0};
  return schema;
}

std::string Show(CopyRows& rows) {
  std::string text;
  for (const RowChange& row : rows.batch().rows) {
    const auto cells = rows.batch().Image(row.after);
    text += std::to_string(cells[0].AsInt()) + "=";
    text += cells[1].kind == CellKind::kNull ? "NULL" : std::string(rows.batch().Bytes(cells[1]));
    text += ";";
  }
  return text;
}

void ExpectRowsAtEveryCut(const std::string& bytes, bool binary, const std::string& expected) {
  for (size_t cut = 0; cut <= bytes.size(); ++cut) {
    CopyRows rows(TwoColumns(), {0, 1}, binary);
    ASSERT_TRUE(rows.Add(std::string_view(bytes).substr(0, cut)).ok()) << cut;
    ASSERT_TRUE(rows.Add(std::string_view(bytes).substr(cut)).ok()) << cut;
    EXPECT_TRUE(rows.Finish().ok());
    EXPECT_EQ(Show(rows), expected) << cut;
  }
}

TEST(CopyRows, TextIsUnescaped) {
  ExpectRowsAtEveryCut("1\ta\\tb\\\\\n2\t\\N\n3\t\n", false, "1=a\tb\\;2=NULL;3=;");
}

TEST(CopyRows, BinaryRowsMayBeSplitOverMessages) {
  const std::string bytes = Bytes()
                                .Raw(std::string("PGCOPY\n\377\r\n\0", 11))
                                .U(0, 4)
                                .U(0, 4)
                                .U(2, 2)
                                .U(4, 4)
                                .U(1, 4)
                                .U(2, 4)
                                .Raw("ab")
                                .U(2, 2)
                                .U(4, 4)
                                .U(2, 4)
                                .U(0xFFFFFFFF, 4)
                                .U(0xFFFF, 2)
                                .text();
  ExpectRowsAtEveryCut(bytes, true, "1=ab;2=NULL;");
}

TEST(CopyRows, IncompleteOrMalformedInputIsCorrupt) {
  CopyRows partial(TwoColumns(), {0, 1}, false);
  ASSERT_TRUE(partial.Add("1\ta").ok());
  EXPECT_EQ(partial.Finish().code(), Code::kCorrupt);
  CopyRows wide(TwoColumns(), {0, 1}, false);
  EXPECT_EQ(wide.Add("1\ta\tb\n").code(), Code::kCorrupt);
  CopyRows headerless(TwoColumns(), {0, 1}, true);
  EXPECT_EQ(headerless.Add(std::string(40, '\0')).code(), Code::kCorrupt);
}

}  // namespace
}  // namespace freshet
