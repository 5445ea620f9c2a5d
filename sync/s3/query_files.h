// SPDX-License-Identifier: Apache-2.0
// The files of s3(..) in a plain SELECT: listed, and fetched into a folder of the query's own below the spool, which
// goes away with the query. Called by sessions, each in its thread.
#pragma once

#include <string>

#include "sql/engine.h"

namespace freshet {

// More matching objects than this are refused: each is a file of its own.
inline constexpr size_t kQueryFilesMax = 10'000;

// `spool`: absolute; made when missing; folders of queries that an earlier process left there are removed. `file_root`:
// the directory of file: paths, "" none. Errors of the function: kInvalid names an argument; kNotFound: nothing
// matches; those of ObjectStore.
Result<FileFunction> MakeQueryFiles(const std::string& spool, const std::string& file_root);

}  // namespace freshet
