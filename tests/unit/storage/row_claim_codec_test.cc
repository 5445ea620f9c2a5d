// SPDX-License-Identifier: Apache-2.0
// The bytes of owned rows: claims in any number come back, the newest first; damage is an error, never a row.
#include <gtest/gtest.h>

#include "storage/content_hash.h"
#include "storage/row_owner.h"

namespace freshet {
namespace {

// A value of schema version 1 whose columns are `size` bytes.
std::string RowOfSize(size_t size) {
  return std::string(1, '\x01') + std::string(size, 'x');
}

std::string Stored(const std::vector<std::string>& rows) {
  std::vector<RowClaim> claims;
  for (size_t i = 0; i < rows.size(); ++i) claims.push_back({{100 + i, i * 0x0102030405060708U}, rows[i]});
  std::string value;
  AppendClaims(claims, value);
  return value;
}

TEST(RowClaimCodecTest, claims_come_back_newest_first_whatever_their_size) {
  const std::vector<std::string> rows = {RowOfSize(3), RowOfSize(0), RowOfSize(200), RowOfSize(70'000), RowOfSize(1)};
  for (size_t count = 1; count <= rows.size(); ++count) {
    const std::string value = Stored({rows.begin(), rows.begin() + static_cast<ptrdiff_t>(count)});
    std::vector<RowClaim> claims;
    ASSERT_TRUE(ReadClaims(value, claims).ok());
    ASSERT_EQ(claims.size(), count);
    for (size_t i = 0; i < count; ++i) {
      EXPECT_EQ(claims[i].owner, (RowOwner{100 + i, i * 0x0102030405060708U}));
      EXPECT_EQ(claims[i].row, rows[i]);
    }
    EXPECT_EQ(RowOf(value), rows[0]);
  }
}

TEST(RowClaimCodecTest, a_row_of_nobody_has_no_claims) {
  const std::string value = RowOfSize(5);
  std::vector<RowClaim> claims(1);
  ASSERT_TRUE(ReadClaims(value, claims).ok());
  EXPECT_TRUE(claims.empty());
  EXPECT_EQ(RowOf(value), value);
}

TEST(RowClaimCodecTest, what_lies_below_a_row_does_not_show_in_what_it_holds) {
  ContentHash of_nobody;
  ContentHash owned;
  const std::string key = "12345678key";
  ASSERT_TRUE(of_nobody.AddStored(key, RowOfSize(9)).ok());
  ASSERT_TRUE(owned.AddStored(key, Stored({RowOfSize(9), RowOfSize(300)})).ok());
  EXPECT_EQ(owned, of_nobody);
}

TEST(RowClaimCodecTest, damaged_claims_are_an_error) {
  const std::string whole = Stored({RowOfSize(4), RowOfSize(6)});
  const std::string older = Stored({RowOfSize(6)});
  std::vector<RowClaim> claims;
  const size_t header_bytes = 17 + 1 + older.size();
  for (size_t size = 1; size < header_bytes; ++size) {
    const std::string_view cut = std::string_view(whole).substr(0, size);
    EXPECT_EQ(ReadClaims(cut, claims).code(), Code::kCorrupt) << size;
    EXPECT_EQ(RowOf(cut), cut) << "what no decoder takes for a row";
  }
  std::string not_owned = whole;
  not_owned[18] = '\x01';  // the claim below has no owner
  EXPECT_EQ(ReadClaims(not_owned, claims).code(), Code::kCorrupt);
}

}  // namespace
}  // namespace freshet
