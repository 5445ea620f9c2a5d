// SPDX-License-Identifier: Apache-2.0
// ClaimRules: what becomes of the claims on a key (row_owner.h) when one job puts or removes its row there.
//
// A job's claim is its own affair: it puts it, replaces it and removes it by its own log, so that after all jobs have
// caught up only claims that hold are left, in whatever order they came. Others' claims stay below a row that is put,
// but for those of jobs that were dropped: nobody would ever remove them.
//
// A job that does not know the rows from before its start takes over: what stands under the keys of such rows goes with
// them, also when it put none of it. Claims of jobs that follow a log stay all the same: those see the change
// themselves, and may have come by it already.
//
// One per call of a writer, on its thread; made with the table's lease (target_writers.h says why).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "storage/row_owner.h"
#include "storage/target_writers.h"

namespace freshet {

class ClaimRules {
 public:
  // `writers`: of the table.
  ClaimRules(JobId job, bool takes_over, const std::vector<TargetWriters::Writer>& writers);

  // False: what is stored makes no difference to a row that is put.
  bool others_stay() const { return !staying_.empty(); }
  // What precedes the row that `owner` puts where `stored` is; "" when nothing is. kCorrupt.
  Status AppendOwnerOver(std::string_view stored, const RowOwner& owner, std::string& value);

  enum class Removal : uint8_t {
    kNothing,  // the value stays as it is
    kClaim,    // `left` is the value
    kRow,      // nothing is left
  };
  // Of the claim for this source row, or for any one. kCorrupt.
  Result<Removal> Remove(std::string_view stored, std::optional<uint64_t> source, std::string& left);

 private:
  bool Stays(const RowClaim& claim) const;

  const uint64_t job_;
  const bool takes_over_;
  std::vector<uint64_t> staying_;  // jobs whose claims stay
  std::vector<RowClaim> claims_;   // kept from row to row: no allocation once it has grown
};

}  // namespace freshet
