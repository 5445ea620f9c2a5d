// SPDX-License-Identifier: Apache-2.0
// Goal: a text file's rows are read exactly as written, or its first wrong line is named. Method: files of a few bytes,
// rows as JSON out.
#include "tests/unit/sql/file_fixture.h"

namespace freshet {
namespace {

class CsvReaderTest : public FileFixture {
 protected:
  CsvReaderTest() { format_.column_separator = ","; }
};

TEST_F(CsvReaderTest, plain_fields_nulls_and_line_ends) {
  EXPECT_EQ(Read("1,a,\\N\r\n2,,\"q\"\n3,\\n,last"),
            R"({"c1":"1","c2":"a","c3":null}
{"c1":"2","c2":"","c3":"\"q\""}
{"c1":"3","c2":"\\n","c3":"last"}
)");
}

TEST_F(CsvReaderTest, quotes_hold_separators_line_ends_and_quotes) {
  format_.quote = '"';
  EXPECT_EQ(Read("1,\"a,\"\"b\"\"\r\nc\"\n\"\\N\",\\N\n\"\",x\"y\n"),
            R"({"c1":"1","c2":"a,\"b\"\u000d\u000ac"}
{"c1":"\\N","c2":null}
{"c1":"","c2":"x\"y"}
)");
}

TEST_F(CsvReaderTest, escape_works_before_quote_and_escape_only) {
  format_.quote = '\'';
  format_.escape = '\\';
  EXPECT_EQ(Read("'it\\'s','a\\\\','\\n'\n"), "{\"c1\":\"it's\",\"c2\":\"a\\\\\",\"c3\":\"\\\\n\"}\n");
}

TEST_F(CsvReaderTest, separators_and_line_delimiters_of_several_bytes) {
  format_.column_separator = "|@|";
  format_.line_delimiter = "##\n";
  EXPECT_EQ(Read("1|@|a|@b##\n2|@|c#\nd##\n"),
            "{\"c1\":\"1\",\"c2\":\"a|@b\"}\n{\"c1\":\"2\",\"c2\":\"c#\\u000ad\"}\n");
  format_.quote = '"';
  EXPECT_EQ(Read("1|@|\"a|@|b##\n\"##\n"), "{\"c1\":\"1\",\"c2\":\"a|@|b##\\u000a\"}\n");
  format_.column_separator = "\x01";
  format_.line_delimiter = "\n";
  EXPECT_EQ(Read("1\x01z\n"), "{\"c1\":\"1\",\"c2\":\"z\"}\n");
}

TEST_F(CsvReaderTest, names_skipped_lines_and_byte_order_mark) {
  format_.kind = FileKind::kCsvWithNames;
  format_.skip_lines = 2;
  EXPECT_EQ(Read("\xEF\xBB\xBF# made \"by\nsomebody\nid,name,Name,\n1,a,b,c\n"),
            "{\"id\":\"1\",\"name\":\"a\",\"Name_1\":\"b\",\"c4\":\"c\"}\n");
  format_.skip_lines = 0;
  format_.kind = FileKind::kCsvWithNamesAndTypes;
  EXPECT_EQ(Read("id,name\nint,string\n1,a\n"), "{\"id\":\"1\",\"name\":\"a\"}\n");
}

TEST_F(CsvReaderTest, named_columns_of_another_order_go_where_they_belong) {
  format_.kind = FileKind::kCsvWithNames;
  expected_ = FileColumns{{{"id", "VARCHAR"}, {"name", "VARCHAR"}}};
  EXPECT_EQ(Read("NAME,id\na,1\n"), "{\"id\":\"1\",\"name\":\"a\"}\n");
  EXPECT_EQ(Read("id,other\n1,a\n"),
            "INVALID: s3://b/f line 1: the name of column 2 is none of those of the file that the columns were learned "
            "from\n");
  EXPECT_EQ(Read("id\n1\n"), "INVALID: s3://b/f line 1: the file has 1 columns, expected 2\n");
}

TEST_F(CsvReaderTest, wrong_lines_are_named_and_never_skipped) {
  EXPECT_EQ(Read("1,a\n2,b\n3\n4,d\n"), "INVALID: s3://b/f line 3: 1 fields, expected 2\n");
  EXPECT_EQ(Read("1,a\n\n2,b,c\n"), "INVALID: s3://b/f line 3: 3 fields, expected 2\n");
  EXPECT_EQ(Read("1,a\n2,\xFF\xFE\n"), "INVALID: s3://b/f line 2: invalid UTF-8 at byte 3\n");
  EXPECT_EQ(Read("1,\xED\xA0\x80\n"), "INVALID: s3://b/f line 1: invalid UTF-8 at byte 3\n");
  format_.quote = '"';
  EXPECT_EQ(Read("1,\"a\nb\"\n2,\"b\"x\n"), "INVALID: s3://b/f line 3: text behind a closing quote\n");
  EXPECT_EQ(Read("1,a\n2,\"open\n\n"), "INVALID: s3://b/f line 2: a quote is never closed\n");
}

TEST_F(CsvReaderTest, wrong_lines_are_set_aside_when_asked_and_spoil_no_other_line) {
  set_malformed_aside_ = true;
  expected_ = FileColumns{{{"c1", "VARCHAR"}, {"c2", "VARCHAR"}}};
  EXPECT_EQ(Read("0\n1,a\r\n2,b,c\r\n\n3,\xFF\n4,d\n5"), "{\"c1\":\"1\",\"c2\":\"a\"}\n{\"c1\":\"4\",\"c2\":\"d\"}\n");
  EXPECT_EQ(malformed_,
            "1: 1 fields, expected 2 [0]\n3: 3 fields, expected 2 [2,b,c]\n5: invalid UTF-8 at byte 3 [3,\xFF]!\n"
            "7: 1 fields, expected 2 [5]\n");
  format_.quote = '"';
  EXPECT_EQ(Read("1,\"open\n2,b\n3,\"c\"x\n4,\"d\n\"\n5,\"e\nf\",g\n6,\"never\n7,h\n"),
            "{\"c1\":\"2\",\"c2\":\"b\"}\n{\"c1\":\"4\",\"c2\":\"d\\u000a\"}\n{\"c1\":\"7\",\"c2\":\"h\"}\n");
  EXPECT_EQ(malformed_,
            "1: text behind a closing quote [1,\"open]\n3: text behind a closing quote [3,\"c\"x]\n"
            "6: 3 fields, expected 2 [5,\"e\nf\",g]\n8: a quote is never closed [6,\"never]\n");
}

TEST_F(CsvReaderTest, many_wrong_lines_come_in_bounded_batches_and_none_is_lost) {
  set_malformed_aside_ = true;
  expected_ = FileColumns{{{"c1", "VARCHAR"}, {"c2", "VARCHAR"}}};
  std::string text;
  constexpr int kLines = 50'000;
  for (int i = 0; i < kLines; ++i)
    text += std::to_string(i) + (i % 1000 == 999 ? ",row\n" : "some text that is no row\n");
  uint64_t rows = 0;
  EXPECT_EQ(ForEachBatch(text, [&](const FileRows& batch) { rows += batch.rows(); }), "");
  EXPECT_EQ(rows, 50u);
  EXPECT_EQ(std::count(malformed_.begin(), malformed_.end(), '\n'), kLines - 50);
  EXPECT_NE(malformed_.find("49999: 1 fields, expected 2 [49998some text that is no row]"), std::string::npos);
}

TEST_F(CsvReaderTest, a_line_of_names_that_is_wrong_is_an_error_all_the_same) {
  set_malformed_aside_ = true;
  format_.kind = FileKind::kCsvWithNames;
  expected_ = FileColumns{{{"id", "VARCHAR"}, {"name", "VARCHAR"}}};
  EXPECT_EQ(Read("id\n1,a\n"), "INVALID: s3://b/f line 1: the file has 1 columns, expected 2\n");
  EXPECT_EQ(Read("name,id\r\na,1\nb\n"), "{\"id\":\"1\",\"name\":\"a\"}\n");
  EXPECT_EQ(malformed_, "3: 1 fields, expected 2 [b]\n");
  EXPECT_EQ(header_, "name,id");
}

TEST_F(CsvReaderTest, a_carriage_return_before_the_end_of_the_file_is_part_of_the_line_end) {
  EXPECT_EQ(Read("1,a\r\n2,b\r"), "{\"c1\":\"1\",\"c2\":\"a\"}\n{\"c1\":\"2\",\"c2\":\"b\"}\n");
  format_.quote = '"';
  EXPECT_EQ(Read("1,a\r\n2,b\r"), "{\"c1\":\"1\",\"c2\":\"a\"}\n{\"c1\":\"2\",\"c2\":\"b\"}\n");
  EXPECT_EQ(Read("1,\"a\"\r"), "{\"c1\":\"1\",\"c2\":\"a\"}\n");
  EXPECT_EQ(Read("1,\"a\r\"\r"), "{\"c1\":\"1\",\"c2\":\"a\\u000d\"}\n");
  EXPECT_EQ(Read("1,\"a\"\r\r"), "INVALID: s3://b/f line 1: text behind a closing quote\n");
  format_.line_delimiter = ";";
  format_.quote = '\0';
  EXPECT_EQ(Read("1,a;2,b\r"), "{\"c1\":\"1\",\"c2\":\"a\"}\n{\"c1\":\"2\",\"c2\":\"b\\u000d\"}\n");
}

TEST_F(CsvReaderTest, rows_of_other_lengths_are_taken_when_asked) {
  format_.fuzzy_columns = true;
  EXPECT_EQ(Read("1,a\n2\n3,b,c\n"),
            "{\"c1\":\"1\",\"c2\":\"a\"}\n{\"c1\":\"2\",\"c2\":null}\n{\"c1\":\"3\",\"c2\":\"b\"}\n");
}

TEST_F(CsvReaderTest, blank_lines_are_values_only_in_a_file_of_one_column) {
  EXPECT_EQ(Read("\n1,a\n\n2,b\n"), "{\"c1\":\"1\",\"c2\":\"a\"}\n{\"c1\":\"2\",\"c2\":\"b\"}\n");
  EXPECT_EQ(Read("\na\n\n"), "{\"c1\":\"\"}\n{\"c1\":\"a\"}\n{\"c1\":\"\"}\n");
  EXPECT_EQ(Read(""), "");
}

TEST_F(CsvReaderTest, trimming_and_empty_fields_as_null) {
  format_.trim_double_quotes = true;
  format_.empty_field_as_null = true;
  EXPECT_EQ(Read("\"a\",,\"\n"), "{\"c1\":\"a\",\"c2\":null,\"c3\":\"\\\"\"}\n");
}

TEST_F(CsvReaderTest, many_rows_keep_their_numbers) {
  std::string text;
  for (int i = 0; i < 100'000; ++i) text += std::to_string(i) + ",some text of a row\n";
  uint64_t rows = 0;
  ASSERT_EQ(ForEachBatch(text,
                         [&](const FileRows& batch) {
                           EXPECT_EQ(batch.first_row(), rows);
                           const std::string expected =
                               "{\"c1\":\"" + std::to_string(rows) + "\",\"c2\":\"some text of a row\"}";
                           EXPECT_EQ(batch.RowAsJson(0), expected);
                           rows += batch.rows();
                         }),
            "");
  EXPECT_EQ(rows, 100'000u);
}

TEST_F(CsvReaderTest, a_row_that_spans_windows_is_read_and_one_beyond_the_limit_refused) {
  const std::string big(3u << 20, 'x');
  ASSERT_EQ(ForEachBatch("1," + big + "\n2,b\n", [&](const FileRows& batch) { EXPECT_EQ(batch.rows(), 2u); }), "");
  format_.quote = '"';
  const std::string endless = "1,\"" + std::string(33u << 20, 'x');
  EXPECT_EQ(Read(endless), "INVALID: s3://b/f line 1: a row is larger than 32 MiB\n");
}

TEST_F(CsvReaderTest, compressed_files_of_several_members) {
  format_.compression = FileCompression::kGzip;
  EXPECT_EQ(Read(Gzip("1,a\n2,") + Gzip("b\n")), "{\"c1\":\"1\",\"c2\":\"a\"}\n{\"c1\":\"2\",\"c2\":\"b\"}\n");
  const std::string whole = Gzip("1,a\n2,b\n");
  EXPECT_EQ(Read(whole.substr(0, whole.size() - 9)), "INVALID: s3://b/f: the gzip data is cut off\n");
  EXPECT_TRUE(Read("1,a\n").starts_with("INVALID: s3://b/f: not gzip data"));
  format_.compression = FileCompression::kZstd;
  EXPECT_EQ(Read(Zstd("1,a\n") + Zstd("2,b\n")), "{\"c1\":\"1\",\"c2\":\"a\"}\n{\"c1\":\"2\",\"c2\":\"b\"}\n");
  const std::string frame = Zstd("1,a\n2,b\n");
  EXPECT_EQ(Read(frame.substr(0, frame.size() - 3)), "INVALID: s3://b/f: the zstd data is cut off\n");
}

class JsonReaderTest : public FileFixture {
 protected:
  JsonReaderTest() { format_.kind = FileKind::kJsonLines; }
};

TEST_F(JsonReaderTest, numbers_keep_their_digits_and_nesting_its_text) {
  EXPECT_EQ(Read("{\"a\":0.1234567890123456789,\"b\":123456789012345678901234567890,\"c\":1.10,\"d\":-7}\n"
                 "{\"a\":1e300,\"b\":true,\"c\":null,\"d\":\"x\\u00e9\\n\"}\n"
                 "{\"d\": [1.50, {\"k\" : [ ], \"l\":\"\\\"\"}, null], \"a\":{}}"),
            R"({"a":"0.1234567890123456789","b":"123456789012345678901234567890","c":"1.10","d":"-7"}
{"a":"1e300","b":"true","c":null,"d":"xé\u000a"}
{"a":"{}","b":null,"c":null,"d":"[1.50,{\"k\":[],\"l\":\"\\\"\"},null]"}
)");
}

TEST_F(JsonReaderTest, columns_are_the_members_of_the_first_rows) {
  EXPECT_EQ(Read("{\"a\":1}\n\n  \n{\"B\":2,\"A\":3}\r\n"), "{\"a\":\"1\",\"B\":null}\n{\"a\":\"3\",\"B\":\"2\"}\n");
  expected_ = FileColumns{{{"x", "VARCHAR"}, {"a", "VARCHAR"}}};
  EXPECT_EQ(Read("{\"a\":1,\"new\":2}\n"), "{\"x\":null,\"a\":\"1\"}\n");
}

TEST_F(JsonReaderTest, malformed_records_are_set_aside_when_asked) {
  set_malformed_aside_ = true;
  expected_ = FileColumns{{{"a", "VARCHAR"}, {"b", "VARCHAR"}}};
  format_.kind = FileKind::kJsonLines;
  EXPECT_EQ(Read("{\"a\":1}\n{\"a\":2,\"b\":secret}\n[]\n{\"b\":3,\"a\":4,\"B\":5}\n{\"b\":6}\n{\"a\":\"\xFF\"}\n{"),
            "{\"a\":\"1\",\"b\":null}\n{\"a\":null,\"b\":\"6\"}\n");
  EXPECT_NE(malformed_.find("2: malformed JSON at byte"), std::string::npos) << malformed_;
  EXPECT_NE(malformed_.find("[{\"a\":2,\"b\":secret}]\n3: "), std::string::npos) << malformed_;
  EXPECT_NE(malformed_.find("4: member B appears twice in one object [{\"b\":3,\"a\":4,\"B\":5}]\n6: "),
            std::string::npos)
      << malformed_;
  EXPECT_NE(malformed_.find("[{\"a\":\"\xFF\"}]!\n7: "), std::string::npos) << malformed_;
  format_.kind = FileKind::kJsonArray;
  EXPECT_EQ(Read("[{\"a\":1},\n{\"a\":},\n{\"a\":3}]"), "{\"a\":\"1\",\"b\":null}\n{\"a\":\"3\",\"b\":null}\n");
  EXPECT_TRUE(malformed_.starts_with("2: malformed JSON") && malformed_.ends_with("[{\"a\":}]\n")) << malformed_;
  EXPECT_TRUE(Read("[{\"a\":1},{\"a\":\"x},{\"a\":3}]").starts_with("INVALID"))
      << "where the array goes on is not known";
}

TEST_F(JsonReaderTest, wrong_lines_are_named_without_their_text) {
  EXPECT_EQ(Read("{\"a\":1}\n{\"a\":secret}\n"), "INVALID: s3://b/f line 2: malformed JSON at byte 6\n");
  EXPECT_EQ(Read("{\"a\":1}\n[1]\n"), "INVALID: s3://b/f line 2: expected a JSON object\n");
  EXPECT_EQ(Read("{\"a\":1}\n7\n"), "INVALID: s3://b/f line 2: expected a JSON object\n");
  EXPECT_EQ(Read("{\"a\":1,\"a\":2}\n"), "INVALID: s3://b/f line 1: member a appears twice in one object\n");
  EXPECT_EQ(Read("{\"a\":1,}\n").substr(0, 42), "INVALID: s3://b/f line 1: malformed JSON a");
  EXPECT_EQ(Read("{\"a\":1} {\"a\":2}\n").substr(0, 42), "INVALID: s3://b/f line 1: malformed JSON a");
  EXPECT_TRUE(Read("{\"a\":\"\xFF\"}\n").starts_with("INVALID: s3://b/f line 1: malformed JSON"));
  EXPECT_EQ(Read("{\"a\":1e400}\n"), "INVALID: s3://b/f line 1: malformed JSON at byte 10\n");
  EXPECT_EQ(Read("{}\n"), "INVALID: s3://b/f line 1: no row has a member\n");
}

TEST_F(JsonReaderTest, arrays_are_stripped_one_after_another) {
  format_.kind = FileKind::kJsonArray;
  EXPECT_EQ(Read(" [\n{\"a\":\"]},{[\\\"\"} ,\n {\"a\":2}]\n[]\n[{\"a\":[1]}]"),
            "{\"a\":\"]},{[\\\"\"}\n{\"a\":\"2\"}\n{\"a\":\"[1]\"}\n");
  EXPECT_EQ(Read("[{\"a\":1},\n{\"a\":2},]"), "INVALID: s3://b/f line 2: expected a value\n");
  EXPECT_EQ(Read("[{\"a\":1}\n{\"a\":2}]"), "INVALID: s3://b/f line 2: expected ',' or ']'\n");
  EXPECT_EQ(Read("[{\"a\":1},\n{\"a\":"), "INVALID: s3://b/f line 2: the file ends within a value that begins here\n");
  EXPECT_EQ(Read("[{\"a\":1}\n"), "INVALID: s3://b/f line 2: the file ends within its array\n");
  EXPECT_EQ(Read("{\"a\":1}\n"), "INVALID: s3://b/f line 1: expected '[': the file is not a JSON array\n");
  EXPECT_EQ(Read("[{\"a\":1},5]"), "INVALID: s3://b/f line 1: expected a JSON object\n");
}

}  // namespace
}  // namespace freshet
