// SPDX-License-Identifier: Apache-2.0
// MemoryBudget: how --memory is shared out, in one place.
//
//   1/2   store: RocksDB block cache and memtables
//   1/4   queries: DuckDB's own limit, beyond it spills to disk
//   1/8   queue: decoded units waiting for apply, of one job
//   1/8   everything else: batches in the making, scanners, connections
//
// Of the queue's share a unit closes at 1/16 and a transaction is applied in pieces above 1/2.
#pragma once

#include <cstddef>

namespace freshet {

inline constexpr size_t kMemoryBytesMin = 64u << 20;

struct MemoryBudget {
  size_t store_bytes;
  size_t query_bytes;
  size_t queue_bytes;
  size_t unit_bytes;
  size_t piece_bytes;
};

constexpr MemoryBudget SplitMemory(size_t bytes) {
  const size_t queue = bytes / 8;
  return {bytes / 2, bytes / 4, queue, queue / 16, queue / 2};
}

}  // namespace freshet
