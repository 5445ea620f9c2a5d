// SPDX-License-Identifier: Apache-2.0
#include "storage/claim_rules.h"

#include <algorithm>

namespace freshet {

ClaimRules::ClaimRules(JobId job, bool takes_over, const std::vector<TargetWriters::Writer>& writers)
    : job_(job.value), takes_over_(takes_over) {
  for (const TargetWriters::Writer& writer : writers) {
    if (writer.job != job_ && (writer.follows || !takes_over)) staying_.push_back(writer.job);
  }
}

bool ClaimRules::Stays(const RowClaim& claim) const {
  return std::find(staying_.begin(), staying_.end(), claim.owner.job) != staying_.end();
}

Status ClaimRules::AppendOwnerOver(std::string_view stored, const RowOwner& owner, std::string& value) {
  claims_.clear();
  if (others_stay()) TRY(ReadClaims(stored, claims_));
  std::erase_if(claims_, [this](const RowClaim& claim) { return !Stays(claim); });
  AppendOwner(owner, claims_, value);
  return Status::Ok();
}

Result<ClaimRules::Removal> ClaimRules::Remove(std::string_view stored, std::optional<uint64_t> source,
                                               std::string& left) {
  TRY(ReadClaims(stored, claims_));
  const auto own =
      std::find_if(claims_.begin(), claims_.end(), [this](const RowClaim& claim) { return claim.owner.job == job_; });
  if (own == claims_.end() ? !takes_over_ : source && own->owner.source != *source) return Removal::kNothing;
  // A dropped job's row stays while it is the one that is read: DROP JOB leaves the target as it is.
  const bool top_stays = own != claims_.begin() && !takes_over_;
  const size_t before = claims_.size();
  const auto rest = claims_.begin() + (top_stays ? 1 : 0);
  claims_.erase(std::remove_if(rest, claims_.end(), [this](const RowClaim& claim) { return !Stays(claim); }),
                claims_.end());
  if (claims_.empty()) return Removal::kRow;
  if (claims_.size() == before) return Removal::kNothing;
  left.clear();
  AppendClaims(claims_, left);
  return Removal::kClaim;
}

}  // namespace freshet
