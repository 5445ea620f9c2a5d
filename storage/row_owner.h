// SPDX-License-Identifier: Apache-2.0
// RowOwner: whose a stored row is, in tables that several jobs and users write: the job that put it and the row of that
// job's source that it was made of. A job may then take a row away without asking what made it: it is either still the
// one it put there for that source row, or somebody else's by now. Kept in front of the row's value (value_codec.cc).
//
// RowClaim: a job's row under a key. The newest one is the row that is read; those of other jobs lie below it, one of a
// job at most, and show again when it goes. Bytes only: whose claims stay is decided in storage/claim_rules. Pure.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/id.h"
#include "base/status.h"
#include "cdc/change/row_batch.h"

namespace freshet {

struct RowOwner {
  uint64_t job = 0;
  uint64_t source = 0;  // hash of the source row's encoded key
  friend bool operator==(const RowOwner&, const RowOwner&) = default;
};

// Of what a job makes of this image's row, whose key cells are known. `buffer` is the caller's, for many rows.
Result<RowOwner> OwnerOf(JobId job, const RowBatch& source, uint32_t image, std::string& buffer);

struct RowClaim {
  RowOwner owner;
  std::string_view row;  // the value without owner: schema version and columns
};

// The row that is read, of a stored value with or without an owner. The value itself when its owner does not parse: no
// decoder takes that for a row.
std::string_view RowOf(std::string_view value);
// All claims, the newest first; none when the row is nobody's. They view `value`. kCorrupt.
Status ReadClaims(std::string_view value, std::vector<RowClaim>& claims);
// The claims as one value; nothing without any.
void AppendClaims(std::span<const RowClaim> claims, std::string& value);
// What precedes the row of this owner when `older` lie below it.
void AppendOwner(const RowOwner& owner, std::span<const RowClaim> older, std::string& value);

}  // namespace freshet
