// SPDX-License-Identifier: Apache-2.0
// One row of every type against a real server: copied in binary, copied in text, logged in binary and logged
// in text, all four give the same cells.
#include <gmock/gmock.h>

#include "cdc/postgres/postgres_scanner.h"
#include "cdc/postgres/postgres_source.h"
#include "tests/unit/postgres/postgres_server.h"

namespace freshet::test {
namespace {

constexpr char kColumns[] =
    "id int PRIMARY KEY, b bool, i2 smallint, i8 bigint, f4 real, f8 double precision, n numeric, d numeric(10,2), "
    "dd numeric(30,5), t text, vc varchar(20), c char(6), nm name, by bytea, da date, ti time, tz timetz, ts "
    "timestamp, "
    "tt timestamptz, iv interval, u uuid, j json, jb jsonb, bi bit(5), vb varbit, m mood, dom positive";

constexpr const char* kRows[] = {
    "1, true, -32768, 9223372036854775807, 1.1, 1e-300, 123.4500, -12.30, 12345678901234567890.12345, "
    "E'a\\tb\\\\\\n\\'', "
    "'héé', 'ab', 'name', '\\x00ff5c', '0044-03-15 BC', '24:00:00', '08:30:00.5+02', '0001-01-01 00:00:00.000001', "
    "'2024-02-29 12:00:00.5+02', '1 year 2 mons -3 days 04:05:06.789', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', "
    "'{\"a\" : 1}', '{\"a\" : [1, null]}', B'10110', B'1', 'happy', 5",
    "2, false, 0, 0, 'NaN', '-Infinity', 'NaN', 'NaN', 0, '', '', '', '', '', 'infinity', '00:00:00.000001', "
    "'23:59:59-05:30', '-infinity', 'infinity', '-00:00:01', '00000000-0000-0000-0000-000000000000', 'null', '\"x\"', "
    "B'00000', B'', 'sad', NULL",
    "3"
    ", NULL, NULL, NULL, '-0', 'Infinity', 1e-20, 99999999.99, -0.00001, '\\N', NULL, NULL, NULL, NULL, '-infinity', "
    "NULL, NULL, "
    "'294276-12-31 23:59:59.999999', '294276-12-31 23:59:59.999999+00', '0', NULL, NULL, NULL, NULL, NULL, NULL, NULL",
    "4, true, 1, 1, 3.4028235e38, 5e-324, 10000000000000000000000, 0.05, 1, 'x', 'y', 'z', 'w', '\\x01', '1969-12-31', "
    "'12:34:56', '00:00:00+15:59:59', '1969-12-31 23:59:59.999999', '0044-03-15 00:00:00+00 BC', '-178000000 years', "
    "'ffffffff-ffff-ffff-ffff-ffffffffffff', '[]', '1.50', B'11111', B'0101010101', 'sad', 1"};

class PostgresTypes : public PostgresTest {
 protected:
  void MakeTable(const std::string& name) { Sql("CREATE TABLE " + name + " (" + kColumns + ")"); }
  void Fill(const std::string& name) {
    for (const char* row : kRows) Sql("INSERT INTO " + name + " VALUES (" + row + ")");
  }
  std::vector<std::string> Logged() {
    std::vector<std::string> rows;
    const auto events = ReadEvents();
    EXPECT_TRUE(events.ok()) << events.status().ToString();
    if (!events.ok()) return rows;
    for (const ChangeEvent& event : *events) {
      if (const auto* batch = std::get_if<RowBatch>(&event.body)) Append(*batch, rows);
    }
    return rows;
  }
  // Kinds and bits too: equal text alone could hide another form.
  static void Append(const RowBatch& batch, std::vector<std::string>& rows) {
    for (const RowChange& row : batch.rows) {
      if (row.op == RowOp::kDelete) continue;
      std::string text;
      for (const Cell& cell : batch.Image(row.after)) {
        text += std::to_string(static_cast<int>(cell.kind)) + ":";
        text += cell.kind == CellKind::kBytes ? std::string(batch.Bytes(cell)) : std::to_string(cell.bits);
        text += "|";
      }
      rows.push_back(text);
    }
  }
};

TEST_F(PostgresTypes, CopyAndLogGiveTheSameCellsInTextAndInBinary) {
  Sql("CREATE TYPE mood AS ENUM ('sad', 'happy'); CREATE DOMAIN positive AS int CHECK (VALUE > 0)");
  MakeTable("t");
  Start({"t"});
  Fill("t");
  const std::vector<std::string> logged_binary = Logged();
  ASSERT_EQ(logged_binary.size(), std::size(kRows));

  auto scanner = PostgresScanner::Open(Options(), std::make_shared<ReaderMemory>());
  ASSERT_TRUE(scanner.ok()) << scanner.status().ToString();
  std::vector<std::string> copied;
  auto chunk = (*scanner)->ReadChunk(schemas_[0], {}, SIZE_MAX, {});
  ASSERT_TRUE(chunk.ok()) << chunk.status().ToString();
  Append(chunk->batch, copied);
  EXPECT_EQ(copied, logged_binary);

  std::vector<std::string> copied_text;
  auto text_chunk = (*scanner)->ReadChunkInText(schemas_[0], {}, {});
  ASSERT_TRUE(text_chunk.ok()) << text_chunk.status().ToString();
  Append(text_chunk->batch, copied_text);
  EXPECT_EQ(copied_text, copied);

  auto memory = std::make_shared<ReaderMemory>();
  memory->text_only = true;
  source_.reset();
  Sql("DELETE FROM t");
  Fill("t");
  auto text_source = PostgresSource::Open(Options(), std::get<PostgresPosition>(position_.at), schemas_, memory);
  ASSERT_TRUE(text_source.ok()) << text_source.status().ToString();
  source_ = std::move(*text_source);
  EXPECT_EQ(Logged(), copied);
}

TEST_F(PostgresTypes, TypesWithoutBinaryDecoderAreReadInText) {
  Sql("CREATE TABLE t (id int PRIMARY KEY, a int[], i inet, m money, r int4range)");
  Start({"t"});
  Sql("INSERT INTO t VALUES (1, '{1,NULL,3}', '10.0.0.0/8', 12.5, '[1,5)'), (2, NULL, NULL, NULL, NULL)");
  EXPECT_THAT(ReadLog(), testing::ElementsAre("I(1,{1,NULL,3},10.0.0.0/8,$12.50,[1,5))", "I(2,NULL,NULL,NULL,NULL)"));
}

TEST_F(PostgresTypes, StreamInBinaryGoesOnInTextWhenATableNeedsIt) {
  Sql("CREATE TABLE t (id int PRIMARY KEY, v text)");
  Start({"t"});
  Sql("INSERT INTO t VALUES (1, 'a'); CREATE TABLE w (id int PRIMARY KEY, a int[])");
  EXPECT_THAT(ReadLog(), testing::ElementsAre("I(1,a)"));
  ASSERT_TRUE(connector_->TrackTables({{"public", "w"}}).ok());
  const SchemaPtr added = Described("w");
  auto from = connector_->CurrentPosition();
  ASSERT_TRUE(from.ok());
  ASSERT_TRUE(source_->AddTable(added, *from).ok());
  Sql("INSERT INTO w VALUES (1, '{1,2}'); INSERT INTO t VALUES (2, 'b')");
  EXPECT_THAT(ReadLog(), testing::UnorderedElementsAre("I(1,{1,2})", "I(2,b)"));
}

}  // namespace
}  // namespace freshet::test
