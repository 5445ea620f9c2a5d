// SPDX-License-Identifier: Apache-2.0
// Goal: Parquet rows come with the file's types, by name, without loss; no SQL of a user reaches a file. Method: files
// that DuckDB wrote.
#include "tests/unit/sql/file_fixture.h"

namespace freshet {
namespace {

class ParquetReaderTest : public FileFixture {
 protected:
  ParquetReaderTest() { format_.kind = FileKind::kParquet; }
  void Write(const std::string& select) {
    std::filesystem::remove(path());
    WriteWithDuckDb("COPY (" + select + ") TO '" + path() + "' (FORMAT parquet)");
  }
};

TEST_F(ParquetReaderTest, types_of_the_file_nested_ones_too) {
  Write(
      "SELECT 1::TINYINT a, 2::BIGINT b, 1.50::DECIMAL(10,2) c, 'x\"y' d, '\\xAA'::BLOB e, DATE '2026-11-21' f, "
      "TIMESTAMP '2026-11-21 08:30:01.5' g, TIMESTAMPTZ '2026-11-21 08:30:01+02' h, [1,NULL] i, {'k': 'v', 'l': [0.5]} "
      "j, "
      "MAP {'m': 1} k, NULL::INTEGER l, true m, '6fbad8e5-1b0c-4d3c-9a3e-0123456789ab'::UUID n, "
      "TIMESTAMP_NS '2026-11-21 08:30:01.123456789' o");
  EXPECT_EQ(Read(""),
            R"({"a":1,"b":2,"c":1.50,"d":"x\"y","e":"aa","f":"2026-11-21","g":"2026-11-21 08:30:01.500000",)"
            R"("h":"2026-11-21 06:30:01","i":[1,null],"j":{"k":"v","l":[0.5]},"k":[{"key":"m","value":1}],"l":null,)"
            R"("m":true,"n":"6fbad8e5-1b0c-4d3c-9a3e-0123456789ab","o":"2026-11-21 08:30:01.123456789"})"
            "\n");
  EXPECT_EQ(columns_.columns.at(2).type, "DECIMAL(10,2)");
  EXPECT_EQ(columns_.columns.at(8).type, "INTEGER[]");
  const Result<FileColumns> again = FileColumns::FromJson(columns_.ToJson());
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(*again, columns_);
}

TEST_F(ParquetReaderTest, values_without_a_form_of_ours_come_as_text_nested_ones_too) {
  Write(
      "SELECT ['6fbad8e5-1b0c-4d3c-9a3e-0123456789ab'::UUID] a, {'x y': INTERVAL 1 DAY, 'z': '101'::BIT} b, "
      "MAP {'k'::ENUM('k', 'l'): '6fbad8e5-1b0c-4d3c-9a3e-0123456789ab'::UUID} c, INTERVAL 2 HOUR d");
  EXPECT_EQ(Read(""), R"({"a":["6fbad8e5-1b0c-4d3c-9a3e-0123456789ab"],"b":{"x y":"1 day","z":"101"},)"
                      R"("c":[{"key":"k","value":"6fbad8e5-1b0c-4d3c-9a3e-0123456789ab"}],"d":"02:00:00"})"
                      "\n");
  EXPECT_EQ(columns_.columns.at(1).type, "STRUCT(\"x y\" VARCHAR, \"z\" VARCHAR)");
}

TEST_F(ParquetReaderTest, rows_written_as_json_are_read_back_with_their_types) {
  Write(
      "SELECT 127::TINYINT a, '-9223372036854775808'::BIGINT b, "
      "12345678901234567890.123456789012345678::DECIMAL(38,18) c, "
      "'x\"y\n\\' d, '\\xAA\\x00'::BLOB e, DATE '2026-11-21' f, TIMESTAMP '2026-11-21 08:30:01.000001' g, "
      "TIMESTAMPTZ '2026-11-21 08:30:01+02' h, ['1', NULL, 'a\"b'] i, {'k': 'v', 'l': [0.1::DOUBLE]} j, NULL::INTEGER "
      "l, "
      "true m, TIMESTAMP_NS '2026-11-21 08:30:01.123456789' o, 0.1::FLOAT p, 'nan'::DOUBLE q, "
      "170141183460469231731687303715884105727::HUGEINT r, TIME '08:30:01.5' s, '' t, 'null' u "
      "UNION ALL SELECT " +
      [] {
        std::string nulls = "NULL";
        for (int i = 1; i < 19; ++i) nulls += ", NULL";
        return nulls;
      }());
  const std::string rows = Read("");
  ASSERT_TRUE(rows.starts_with("{")) << rows;
  expected_ = columns_;
  format_.kind = FileKind::kJsonLines;
  EXPECT_EQ(Read(rows), rows);
  EXPECT_EQ(columns_, *expected_);
}

TEST_F(ParquetReaderTest, nested_values_written_as_json_are_read_back_with_all_their_digits) {
  Write(
      "SELECT {'d': 0.12345678901234567890::DECIMAL(20,20), 'a/~\"b': '\\xAA\\x00'::BLOB, 'n': NULL::DECIMAL(5,2)} s, "
      "[12345678901234567890.123456789012345678::DECIMAL(38,18), NULL] l, "
      "MAP {'1.5': 99999999999999999999.5::DECIMAL(30,1), 'x': NULL} m, "
      "MAP {1.50::DECIMAL(9,2): [TIMESTAMPTZ '2026-11-21 08:30:01.000001+02']} t, "
      "[{'a': [MAP {'\\x00'::BLOB: {'z': '7 \"8\" 9'}}]}, NULL] deep, "
      "[[1.10::DECIMAL(3,2)], NULL, []] lists, ['nan'::DOUBLE, 1e300, 0.1] f, [9007199254740993, NULL] i, "
      "[true, false] b, [DATE '2026-11-21'] dates, ['null', NULL, '1', 'true', ''] texts "
      "UNION ALL SELECT NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL "
      "UNION ALL SELECT {'d': NULL, 'a/~\"b': NULL, 'n': NULL}, [], MAP {}, MAP {}, [], [], [], [], [], [], []");
  const std::string rows = Read("");
  ASSERT_TRUE(rows.starts_with("{")) << rows;
  EXPECT_NE(rows.find("0.12345678901234567890"), std::string::npos) << rows;
  EXPECT_NE(rows.find("12345678901234567890.123456789012345678"), std::string::npos) << rows;
  expected_ = columns_;
  format_.kind = FileKind::kJsonLines;
  EXPECT_EQ(Read(rows), rows);
  EXPECT_EQ(columns_, *expected_);
}

TEST_F(ParquetReaderTest, columns_are_matched_by_name_and_widened_exactly) {
  expected_ = FileColumns{{{"id", "BIGINT"}, {"missing", "VARCHAR"}, {"price", "DECIMAL(18,4)"}}};
  Write("SELECT 1.25::DECIMAL(6,2) price, 7::INTEGER ID, 'x' extra");
  EXPECT_EQ(Read(""), "{\"id\":7,\"missing\":null,\"price\":1.2500}\n");
  Write("SELECT 1.25::DOUBLE price, 7 id");
  EXPECT_EQ(Read(""), "INVALID: s3://b/f: column price is DOUBLE, expected DECIMAL(18,4)\n");
  expected_ = FileColumns{{{"id", "INTEGER"}}};
  Write("SELECT 3000000000::BIGINT id");
  EXPECT_TRUE(Read("").starts_with("INVALID: s3://b/f: not readable as Parquet:")) << Read("");
}

TEST_F(ParquetReaderTest, rows_keep_their_order_and_numbers) {
  Write("SELECT i FROM range(500000) t(i)");
  uint64_t rows = 0;
  Read("");
  expected_ = columns_;
  FileReader::Options options{path(), "s3://b/f", format_, expected_};
  options.format.compression = FileCompression::kNone;
  Result<std::unique_ptr<FileReader>> reader = FileReader::Open(*files_engine_, options);
  ASSERT_TRUE(reader.ok()) << reader.status().ToString();
  while (true) {
    const Result<const FileRows*> batch = (*reader)->Next({});
    ASSERT_TRUE(batch.ok());
    if (*batch == nullptr) break;
    ASSERT_EQ((*batch)->first_row(), rows);
    ASSERT_EQ((*batch)->RowAsJson(0), "{\"i\":" + std::to_string(rows) + "}");
    rows += (*batch)->rows();
  }
  EXPECT_EQ(rows, 500'000u);
}

TEST_F(ParquetReaderTest, what_is_no_parquet_is_named_by_the_object) {
  const std::string error = Read("1,2,3\n4,5,6\n7,8,9\n");
  EXPECT_TRUE(error.starts_with("INVALID: s3://b/f: not readable as Parquet:")) << error;
  EXPECT_EQ(error.find(directory_.string()), std::string::npos) << error;
}

TEST_F(ParquetReaderTest, a_cut_file_is_an_error) {
  Write("SELECT i, repeat('x', 100) t FROM range(10000) t(i)");
  std::filesystem::resize_file(path(), std::filesystem::file_size(path()) / 2);
  EXPECT_TRUE(Read("").starts_with("INVALID: s3://b/f: not readable as Parquet:")) << Read("");
}

TEST_F(ParquetReaderTest, no_sql_of_a_user_reaches_a_file) {
  Write("SELECT 1 AS hidden");
  const std::unique_ptr<SqlSession> session = files_engine_->NewSession("root@127.0.0.1", 9);
  const std::string file = path();
  const std::vector<std::string> statements{"SELECT * FROM read_parquet('" + file + "')",
                                            "SELECT * FROM read_csv('" + file + "')",
                                            "SELECT * FROM read_text('" + file + "')",
                                            "SELECT * FROM glob('" + file + "')",
                                            "SELECT * FROM `" + file + "`",
                                            "SELECT * FROM `" + file + ".parquet`",
                                            "SELECT * FROM freshet_files(0)",
                                            "SELECT * FROM freshet_files(CAST(0 AS UBIGINT))",
                                            "SELECT * FROM sniff_csv('" + file + "')",
                                            "COPY (SELECT 1) TO '" + file + "2'",
                                            "SELECT * FROM parquet_metadata('" + file + "')"};
  for (const std::string& sql : statements) {
    const std::string answer = Drain(session->Execute(Query{sql}));
    EXPECT_TRUE(answer.starts_with("INVALID") || answer.starts_with("NOT_FOUND") || answer.starts_with("UNSUPPORTED"))
        << sql << " gave " << answer;
  }
}

}  // namespace
}  // namespace freshet
