// SPDX-License-Identifier: Apache-2.0
// FileReader: a local CSV, JSON or Parquet file as batches of rows in file order. Memory is bounded whatever the file's
// size. It knows nothing of where the file came from; errors name it by `shown_name`. One reader is used by one thread.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "base/stop.h"
#include "sql/file_format.h"

namespace freshet {

class SqlEngine;

// The columns of a file: names and SQL types ("VARCHAR", "DECIMAL(10,2)[]"). CSV columns are VARCHAR, named c1, c2,
// .. unless the file names them. JSON columns are VARCHAR too: scalars as text, arrays and objects as JSON text.
// Parquet columns have the types of the file. Stored with the job (JSON).
struct FileColumns {
  struct Column {
    std::string name;
    std::string type;
    friend bool operator==(const Column&, const Column&) = default;
  };
  std::vector<Column> columns;
  friend bool operator==(const FileColumns&, const FileColumns&) = default;
  std::string ToJson() const;
  static Result<FileColumns> FromJson(std::string_view text);
};

// Some rows of one file. Opaque outside sql/; valid until the reader's next call.
class FileRows {
 public:
  virtual ~FileRows() = default;
  virtual size_t rows() const = 0;
  // Number in the file of the first row here, from 0; header lines and skipped lines do not count.
  virtual uint64_t first_row() const = 0;
  // Row `row` of this batch as a JSON object, for the quarantine.
  virtual std::string RowAsJson(size_t row) const = 0;
};

// A record of a text file that is no row.
struct MalformedRecord {
  uint64_t line = 0;   // on which it begins
  std::string reason;  // without its text
  std::string text;    // its bytes, without the end of its line
  bool is_utf8 = true;
};

class FileReader {
 public:
  struct Options {
    std::string path;        // below the engine's readable directories
    std::string shown_name;  // "s3://bucket/a.csv"
    FileFormat format;
    // The shape rows must have; nullopt: as the file says. A JSON or Parquet file that lacks a column yields NULL for
    // it; a CSV file must have as many fields per line (or fuzzy_columns). Of JSON, columns with types other than
    // VARCHAR are read from what FileRows::RowAsJson wrote of them.
    std::optional<FileColumns> expected;
    // Records of CSV and JSON that do not parse, or have another number of fields, are set aside instead of ending the
    // reading. What makes the rest unreadable (a damaged file, no JSON array, a line above the limit) is an error
    // still.
    bool set_malformed_aside = false;
  };
  // kInvalid names file, line or row: not of its format, a shape that does not fit.
  static Result<std::unique_ptr<FileReader>> Open(SqlEngine& engine, Options options);
  virtual ~FileReader() = default;
  virtual const FileColumns& columns() const = 0;
  // Null at the end. kInvalid: a malformed row, with file and line or row number; kCancelled. A batch may be without
  // rows when records were set aside.
  virtual Result<const FileRows*> Next(StopToken stop) = 0;
  // The records that the last Next set aside.
  virtual std::vector<MalformedRecord> TakeMalformed() { return {}; }
  // The line that names the columns; "" when there is none.
  virtual std::string header() const { return ""; }
};

}  // namespace freshet
