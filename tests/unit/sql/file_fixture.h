// SPDX-License-Identifier: Apache-2.0
// A file of given bytes, read by FileReader; its rows as JSON lines, or its error.
#pragma once

#include "sql/file_reader.h"
#include "tests/unit/sql/sql_fixture.h"

namespace freshet {

class FileFixture : public SqlFixture {
 protected:
  void SetUp() override;

  // "CODE: message\n" for an error, behind the rows before it only if `keep_rows_`.
  std::string Read(const std::string& bytes);
  // The error, or "".
  std::string ForEachBatch(const std::string& bytes, const std::function<void(const FileRows&)>& visit);
  // Runs SQL in a DuckDB of its own, which may write files: "COPY .. TO 'path'".
  void WriteWithDuckDb(const std::string& sql);
  std::string path() const { return (directory_ / "files/f").string(); }

  static std::string Gzip(const std::string& text);
  static std::string Zstd(const std::string& text);

  FileFormat format_;
  std::optional<FileColumns> expected_;
  bool set_malformed_aside_ = false;
  std::string malformed_;  // of the file read last, "line: reason [text]" each; invalid UTF-8 has a "!" behind it
  std::string header_;
  FileColumns columns_;  // of the file read last
  std::unique_ptr<SqlEngine> files_engine_;

 private:
  Status ReadAll(const std::function<void(const FileRows&)>& visit);
};

}  // namespace freshet
