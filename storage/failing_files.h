// SPDX-License-Identifier: Apache-2.0
// Files that fail on demand: RocksDB's own file system with failpoints in it, for tests of a full disk. Put
// under the store only when failpoints are armed while it opens; no part of it runs otherwise.
//   "storage.file.append": the disk has no space for the bytes     "storage.file.sync": fsync fails
#pragma once

#include <memory>

#include <rocksdb/env.h>

namespace freshet {

std::unique_ptr<rocksdb::Env> MakeFailingFiles();

}  // namespace freshet
