// SPDX-License-Identifier: Apache-2.0
// GTID sets of both dialects as values. MySQL: uuid[:tag]:intervals (manual, "GTID Format and Storage",
// tags since 8.3); full interval sets, gaps kept. MariaDB: domain-server-sequence, the newest per domain.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace freshet {

struct MysqlGtidSource {
  std::string uuid;  // canonical lower-case text, 36 characters
  std::string tag;   // "" without a tag
  auto operator<=>(const MysqlGtidSource&) const = default;
};

class MysqlGtidSet {
 public:
  // [first, last], both inclusive; sorted, disjoint, not adjacent.
  struct Interval {
    int64_t first;
    int64_t last;
    bool operator==(const Interval&) const = default;
  };
  // "" is the empty set. kInvalid with the offending part.
  static Result<MysqlGtidSet> Parse(std::string_view text);
  std::string ToString() const;  // as @@gtid_executed prints it (without newlines)
  bool empty() const { return sources_.empty(); }
  void Add(const MysqlGtidSource& source, int64_t sequence) { Add(source, {sequence, sequence}); }
  void Add(const MysqlGtidSource& source, Interval interval);
  void Add(const MysqlGtidSet& other);
  void Remove(const MysqlGtidSource& source, int64_t sequence);
  bool Contains(const MysqlGtidSource& source, int64_t sequence) const;
  bool Contains(const MysqlGtidSet& other) const;
  // Number of transactions in this set that are not in `other`.
  int64_t CountMissingFrom(const MysqlGtidSet& other) const;
  const std::map<MysqlGtidSource, std::vector<Interval>>& sources() const { return sources_; }
  bool operator==(const MysqlGtidSet&) const = default;

 private:
  std::map<MysqlGtidSource, std::vector<Interval>> sources_;
};

class MariadbGtidSet {
 public:
  struct Entry {
    uint32_t server_id;
    uint64_t sequence;
    bool operator==(const Entry&) const = default;
  };
  static Result<MariadbGtidSet> Parse(std::string_view text);  // "0-1-100,1-2-7"
  std::string ToString() const;
  bool empty() const { return domains_.empty(); }
  void Add(uint32_t domain, Entry entry) { domains_[domain] = entry; }
  // Every domain of `other` is here with an equal or higher sequence.
  bool Contains(const MariadbGtidSet& other) const;
  const std::map<uint32_t, Entry>& domains() const { return domains_; }
  bool operator==(const MariadbGtidSet&) const = default;

 private:
  std::map<uint32_t, Entry> domains_;
};

}  // namespace freshet
