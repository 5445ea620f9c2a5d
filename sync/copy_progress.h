// SPDX-License-Identifier: Apache-2.0
// CopyProgress: which key ranges of one table are copied. Done ranges are merged, so its size is bounded by
// the chunks in flight, not by the table. Boundaries are opaque (KeyText); their order is kept as numbers given
// when chunks are planned. Owned by sync/table_sink, changed in the commit that holds the chunk's rows.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "base/status.h"
#include "cdc/change/source.h"

namespace freshet {

// A planned range. `order` grows along the key order; planned chunks are kChunkOrderStep apart, so that the
// parts of a chunk that was cut by its size (order + 1, + 2, ...) fit between.
struct PlannedChunk {
  ChunkRange range;
  int64_t order = 0;
};
inline constexpr int64_t kChunkOrderStep = int64_t{1} << 24;

class CopyProgress {
 public:
  // A whole planned chunk, or the front part of one that was cut.
  void MarkDone(const PlannedChunk& chunk);
  // True when every key is covered.
  bool finished() const { return finished_; }
  int64_t chunks_done() const { return chunks_done_; }

  // What is left, in key order: the gaps between done ranges, and where planning goes on (nullopt when the
  // rest of the table is done or `finished`).
  struct Rest {
    std::vector<PlannedChunk> gaps;
    bool open_end = true;               // keys after `plan_after` are not planned yet
    std::optional<KeyText> plan_after;  // nullopt: from the first key
    int64_t next_order = 0;
  };
  Rest Remaining() const;

  nlohmann::json ToJson() const;
  static Result<CopyProgress> FromJson(const nlohmann::json& json);

 private:
  struct DoneRange {
    std::optional<KeyText> after;
    std::optional<KeyText> up_to;
    int64_t first_order = 0;
    int64_t last_order = 0;
  };
  std::vector<DoneRange> done_;  // by order; neighbours that touch are merged
  bool finished_ = false;
  int64_t chunks_done_ = 0;
};

}  // namespace freshet
