// SPDX-License-Identifier: Apache-2.0
#include "storage/row_owner.h"

#include <xxhash.h>

#include "base/cursor.h"
#include "storage/format.h"
#include "storage/key_codec.h"

namespace freshet {

Result<RowOwner> OwnerOf(JobId job, const RowBatch& source, uint32_t image) {
  std::string key;
  TRY(AppendKey(TableId{}, *source.schema, source.Image(image), source.arena, key));
  return RowOwner{job.value, XXH3_64bits(key.data(), key.size())};
}

void AppendOwner(const RowOwner& owner, std::string& value) {
  value.push_back(kOwnedTag);
  AppendBigEndian64(owner.job, value);
  AppendBigEndian64(owner.source, value);
}

std::optional<RowOwner> TakeOwner(std::string_view& value) {
  if (value.size() < kOwnerBytes || value.front() != kOwnedTag) return std::nullopt;
  ByteCursor cursor(value.substr(1, kOwnerBytes - 1));
  RowOwner owner;
  owner.job = cursor.U64Be();
  owner.source = cursor.U64Be();
  value.remove_prefix(kOwnerBytes);
  return owner;
}

}  // namespace freshet
