// SPDX-License-Identifier: Apache-2.0
// ObjectLoading: what jobs over s3(..) need beside the store: how to read a file and where fetched objects lie.
// Filled by the composition root; tests pass their own readers.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "sql/file_reader.h"

namespace freshet {

struct ObjectLoading {
  // Empty: jobs over s3(..) are refused.
  std::function<Result<std::unique_ptr<FileReader>>(FileReader::Options)> open_file;
  std::string spool;                   // below the engine's readable directories; one folder in it per job
  size_t piece_bytes_max = 32u << 20;  // rows of one object above this are written in pieces
  std::string file_root;               // what file: paths are below; "": file: is refused
};

}  // namespace freshet
