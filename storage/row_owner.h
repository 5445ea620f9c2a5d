// SPDX-License-Identifier: Apache-2.0
// RowOwner: whose a stored row is, in tables that several jobs and users write: the job that put it and the row of that
// job's source that it was made of. A job may then take a row away without asking what made it: it is either still the
// one it put there for that source row, or somebody else's by now. Kept in front of the row's value (value_codec.cc).
// Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/id.h"
#include "base/status.h"
#include "cdc/change/row_batch.h"

namespace freshet {

struct RowOwner {
  uint64_t job = 0;
  uint64_t source = 0;  // hash of the source row's encoded key
  friend bool operator==(const RowOwner&, const RowOwner&) = default;
};

// Of what a job makes of this image's row, whose key cells are known.
Result<RowOwner> OwnerOf(JobId job, const RowBatch& source, uint32_t image);

// The first byte of an owned row's value; a schema version is never 0.
inline constexpr char kOwnedTag = 0;
inline constexpr size_t kOwnerBytes = 1 + 8 + 8;

void AppendOwner(const RowOwner& owner, std::string& value);
// Takes the owner off the front of a row's value; nullopt when there is none.
std::optional<RowOwner> TakeOwner(std::string_view& value);

}  // namespace freshet
