// SPDX-License-Identifier: Apache-2.0
#include "storage/row_owner.h"

#include <xxhash.h>

#include "base/cursor.h"
#include "storage/format.h"
#include "storage/key_codec.h"
#include "storage/varint.h"

namespace freshet {
namespace {

// The first byte of an owned row's value; a schema version is never 0.
constexpr char kOwnedTag = 0;
constexpr size_t kOwnerBytes = 1 + 8 + 8;

bool IsOwned(std::string_view value) {
  return !value.empty() && value.front() == kOwnedTag;
}

// Splits an owned value; false when it does not parse.
bool Split(std::string_view value, RowClaim& claim, std::string_view& older) {
  ByteCursor cursor(value);
  cursor.Skip(1);
  claim.owner.job = cursor.U64Be();
  claim.owner.source = cursor.U64Be();
  older = cursor.Take(TakeVarint(cursor));
  claim.row = cursor.TakeRest();
  return cursor.ok();
}

size_t BytesOf(std::span<const RowClaim> claims) {
  size_t bytes = 0;
  for (auto claim = claims.rbegin(); claim != claims.rend(); ++claim) {
    bytes += kOwnerBytes + VarintBytes(bytes) + claim->row.size();
  }
  return bytes;
}

}  // namespace

Result<RowOwner> OwnerOf(JobId job, const RowBatch& source, uint32_t image, std::string& buffer) {
  buffer.clear();
  TRY(AppendKey(TableId{}, *source.schema, source.Image(image), source.arena, buffer));
  return RowOwner{job.value, XXH3_64bits(buffer.data(), buffer.size())};
}

std::string_view RowOf(std::string_view value) {
  RowClaim claim;
  std::string_view older;
  return IsOwned(value) && Split(value, claim, older) ? claim.row : value;
}

Status ReadClaims(std::string_view value, std::vector<RowClaim>& claims) {
  claims.clear();
  if (!IsOwned(value)) return Status::Ok();
  while (!value.empty()) {
    RowClaim claim;
    std::string_view older;
    if (!IsOwned(value) || !Split(value, claim, older)) return Status(Code::kCorrupt, "owners of a row do not parse");
    claims.push_back(claim);
    value = older;
  }
  return Status::Ok();
}

void AppendClaims(std::span<const RowClaim> claims, std::string& value) {
  if (claims.empty()) return;
  AppendOwner(claims.front().owner, claims.subspan(1), value);
  value.append(claims.front().row);
}

void AppendOwner(const RowOwner& owner, std::span<const RowClaim> older, std::string& value) {
  value.push_back(kOwnedTag);
  AppendBigEndian64(owner.job, value);
  AppendBigEndian64(owner.source, value);
  AppendVarint(BytesOf(older), value);
  AppendClaims(older, value);
}

}  // namespace freshet
