// SPDX-License-Identifier: Apache-2.0
// Goal: the format's properties mean what they mean in Doris, and wrong ones are named. Method: properties in.
#include "sql/file_format.h"

#include <gtest/gtest.h>

namespace freshet {
namespace {

std::string Error(Properties properties, const std::string& name = "a.csv") {
  const Result<FileFormat> format = TakeFileFormat(properties, name);
  return format.ok() ? "ok" : format.status().message();
}

TEST(FileFormat, keys_of_csv) {
  Properties properties{{"format", "CSV"},
                        {"column_separator", "\\x01|"},
                        {"line_delimiter", "\\r\\n"},
                        {"enclose", "'"},
                        {"escape", "\\"},
                        {"skip_lines", "3"},
                        {"compress_type", "gz"},
                        {"trim_double_quotes", "true"},
                        {"null_format", "NULL"},
                        {"unknown", "stays"},
                        {"num_as_string", "true"}};
  const Result<FileFormat> format = TakeFileFormat(properties, "a");
  ASSERT_TRUE(format.ok()) << format.status().ToString();
  EXPECT_EQ(format->kind, FileKind::kCsv);
  EXPECT_EQ(format->column_separator, "\x01|");
  EXPECT_EQ(format->line_delimiter, "\r\n");
  EXPECT_EQ(format->quote, '\'');
  EXPECT_EQ(format->escape, '\\');
  EXPECT_EQ(format->skip_lines, 3u);
  EXPECT_EQ(format->compression, FileCompression::kGzip);
  EXPECT_TRUE(format->trim_double_quotes);
  EXPECT_EQ(format->null_text, "NULL");
  EXPECT_EQ(properties, (Properties{{"unknown", "stays"}}));
}

TEST(FileFormat, csv_without_a_separator_is_split_at_tabs_as_in_doris) {
  Properties properties{{"format", "csv"}};
  EXPECT_EQ(TakeFileFormat(properties, "a.csv")->column_separator, "\t");
}

TEST(FileFormat, kind_by_the_name_when_none_is_given) {
  Properties none;
  EXPECT_EQ(TakeFileFormat(none, "d/p*.parquet")->kind, FileKind::kParquet);
  EXPECT_EQ(TakeFileFormat(none, "p*.JSON.gz")->kind, FileKind::kJsonLines);
  EXPECT_EQ(TakeFileFormat(none, "p.csv.zst")->column_separator, ",");
  EXPECT_EQ(TakeFileFormat(none, "p.tsv")->column_separator, "\t");
  EXPECT_TRUE(Error({}, "data*").starts_with("\"format\" is required")) << Error({}, "data*");
}

TEST(FileFormat, json_by_line_or_array) {
  Properties lines{{"format", "json"}};
  EXPECT_EQ(TakeFileFormat(lines, "a")->kind, FileKind::kJsonLines);
  Properties array{{"format", "json"}, {"strip_outer_array", "true"}};
  EXPECT_EQ(TakeFileFormat(array, "a")->kind, FileKind::kJsonArray);
  EXPECT_EQ(Error({{"format", "json"}, {"read_json_by_line", "false"}}),
            "format json needs read_json_by_line=true or strip_outer_array=true");
}

TEST(FileFormat, wrong_values_are_named) {
  EXPECT_EQ(Error({{"format", "orc"}}),
            "format must be csv, csv_with_names, csv_with_names_and_types, json or parquet");
  EXPECT_EQ(Error({{"format", "csv"}, {"column_separator", ""}}), "column_separator must be 1 to 50 bytes");
  EXPECT_EQ(Error({{"format", "csv"}, {"column_separator", "\\xZZ"}}),
            "column_separator must be bytes; \\x takes two hexadecimal digits");
  EXPECT_EQ(Error({{"format", "csv"}, {"column_separator", "\\n"}}),
            "column_separator must be other than the line delimiter");
  EXPECT_EQ(Error({{"format", "csv"}, {"enclose", "ab"}}), "enclose must be one byte");
  EXPECT_EQ(Error({{"format", "csv"}, {"enclose", ","}, {"column_separator", ","}}),
            "enclose must be other than the first byte of column_separator");
  EXPECT_EQ(Error({{"format", "csv"}, {"skip_lines", "-1"}}), "skip_lines must be a whole number from 0 to 1000000");
  EXPECT_EQ(Error({{"format", "csv"}, {"compress_type", "bz2"}}), "compress_type must be plain, gz or zstd");
  EXPECT_EQ(Error({{"format", "csv"}, {"trim_double_quotes", "1"}}), "trim_double_quotes must be true or false");
  EXPECT_TRUE(Error({{"format", "json"}, {"jsonpaths", "[\"$.a\"]"}}).starts_with("jsonpaths is not supported"));
}

}  // namespace
}  // namespace freshet
