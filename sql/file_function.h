// SPDX-License-Identifier: Apache-2.0
// freshet_files(n): the DuckDB table function behind s3(..) in a query. It reads the n-th file set of the statement's
// QueryContext, one file after the other in the order given, with FileReader. Not for users: the dialect bridge writes
// the call, so that no argument of s3(..) is ever part of SQL text that DuckDB sees.
#pragma once

#include "sql/duckdb_handle.h"
#include "sql/engine.h"
#include "sql/file_reader.h"

namespace freshet {

class DuckEngine;

struct FileSet {
  LocalFiles files;
  FileColumns columns;
};

// Learns the columns: those of the first file that has rows; for JSON and Parquet, whose columns have names, all
// files' together. kNotFound: no files. kInvalid: not of the format, no columns at all.
Result<std::shared_ptr<const FileSet>> MakeFileSet(SqlEngine& engine, LocalFiles files);

// `engine` outlives its database.
Status RegisterFileScan(duckdb_connection connection, DuckEngine& engine);
// "freshet_files(3)"
std::string FileScanCall(size_t file_set);

}  // namespace freshet
