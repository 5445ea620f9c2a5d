// SPDX-License-Identifier: Apache-2.0
#include "cdc/change/gtid.h"

#include <algorithm>
#include <charconv>
#include <optional>

namespace freshet {
namespace {

std::string_view TrimBlanks(std::string_view text) {
  while (!text.empty() && std::string_view(" \t\r\n").find(text.front()) != std::string_view::npos)
    text.remove_prefix(1);
  while (!text.empty() && std::string_view(" \t\r\n").find(text.back()) != std::string_view::npos)
    text.remove_suffix(1);
  return text;
}

// Text up to `separator`, which is consumed with it.
std::string_view CutAt(std::string_view& rest, char separator) {
  const size_t at = rest.find(separator);
  const std::string_view head = rest.substr(0, at);
  rest = at == std::string_view::npos ? std::string_view() : rest.substr(at + 1);
  return TrimBlanks(head);
}

template <typename Int>
std::optional<Int> ParseWhole(std::string_view text) {
  Int value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

Status BadGtid(std::string_view part) {
  return Status(Code::kInvalid, "malformed GTID set near '" + std::string(part.substr(0, 80)) + "'");
}

// Lower-case 8-4-4-4-12 form, or nullopt.
std::optional<std::string> CanonicalUuid(std::string_view text) {
  std::string digits;
  for (const char c : text) {
    if (c == '-') continue;
    if (!std::isxdigit(static_cast<unsigned char>(c))) return std::nullopt;
    digits += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  if (digits.size() != 32) return std::nullopt;
  for (const size_t at : {8, 13, 18, 23}) digits.insert(at, "-");
  return digits;
}

std::optional<MysqlGtidSet::Interval> ParseInterval(std::string_view text) {
  std::string_view rest = text;
  const auto first = ParseWhole<int64_t>(CutAt(rest, '-'));
  if (!first || *first < 1) return std::nullopt;
  const auto last = text.find('-') == std::string_view::npos ? first : ParseWhole<int64_t>(TrimBlanks(rest));
  if (!last || *last < *first || *last == INT64_MAX) return std::nullopt;
  return MysqlGtidSet::Interval{*first, *last};
}

bool ListCovers(const std::vector<MysqlGtidSet::Interval>& outer, const MysqlGtidSet::Interval& inner) {
  // Intervals are disjoint and not adjacent: one of them holds `inner` whole, or none does.
  const auto after = std::upper_bound(outer.begin(), outer.end(), inner.first,
                                      [](int64_t first, const auto& interval) { return first < interval.first; });
  return after != outer.begin() && std::prev(after)->last >= inner.last;
}

int64_t OverlapLength(const std::vector<MysqlGtidSet::Interval>& list, const MysqlGtidSet::Interval& interval) {
  int64_t length = 0;
  for (const auto& candidate : list) {
    const int64_t first = std::max(candidate.first, interval.first);
    const int64_t last = std::min(candidate.last, interval.last);
    if (first <= last) length += last - first + 1;
  }
  return length;
}

}  // namespace

Result<MysqlGtidSet> MysqlGtidSet::Parse(std::string_view text) {
  MysqlGtidSet set;
  while (!TrimBlanks(text).empty()) {
    std::string_view entry = CutAt(text, ',');
    const std::string_view whole = entry;
    const auto uuid = CanonicalUuid(CutAt(entry, ':'));
    if (!uuid || TrimBlanks(entry).empty()) return BadGtid(whole);
    MysqlGtidSource source{*uuid, ""};
    while (!entry.empty()) {
      const std::string_view part = CutAt(entry, ':');
      if (part.empty()) return BadGtid(whole);
      if (std::isdigit(static_cast<unsigned char>(part.front()))) {
        const auto interval = ParseInterval(part);
        if (!interval) return BadGtid(part);
        set.Add(source, *interval);
      } else {
        source.tag.assign(part);
        std::transform(source.tag.begin(), source.tag.end(), source.tag.begin(),
                       [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
      }
    }
  }
  return set;
}

std::string MysqlGtidSet::ToString() const {
  std::string text;
  const std::string* uuid = nullptr;
  for (const auto& [source, intervals] : sources_) {
    if (uuid == nullptr || *uuid != source.uuid) {
      if (!text.empty()) text += ',';
      text += source.uuid;
      uuid = &source.uuid;
    }
    if (!source.tag.empty()) text += ":" + source.tag;
    for (const Interval& interval : intervals) {
      text += ":" + std::to_string(interval.first);
      if (interval.last != interval.first) text += "-" + std::to_string(interval.last);
    }
  }
  return text;
}

void MysqlGtidSet::Add(const MysqlGtidSource& source, Interval added) {
  std::vector<Interval>& list = sources_[source];
  if (!list.empty() && list.back().last + 1 == added.first) {  // the log's usual next transaction
    list.back().last = added.last;
    return;
  }
  auto at = std::lower_bound(list.begin(), list.end(), added.first,
                             [](const Interval& interval, int64_t first) { return interval.last + 1 < first; });
  while (at != list.end() && at->first <= added.last + 1) {
    added.first = std::min(added.first, at->first);
    added.last = std::max(added.last, at->last);
    at = list.erase(at);
  }
  list.insert(at, added);
}

void MysqlGtidSet::Add(const MysqlGtidSet& other) {
  for (const auto& [source, intervals] : other.sources_) {
    for (const Interval& interval : intervals) Add(source, interval);
  }
}

void MysqlGtidSet::Remove(const MysqlGtidSource& source, int64_t sequence) {
  const auto found = sources_.find(source);
  if (found == sources_.end()) return;
  std::vector<Interval>& list = found->second;
  const auto at = std::lower_bound(list.begin(), list.end(), sequence,
                                   [](const Interval& interval, int64_t wanted) { return interval.last < wanted; });
  if (at == list.end() || at->first > sequence) return;
  const Interval whole = *at;
  auto next = list.erase(at);
  if (whole.last > sequence) next = list.insert(next, {sequence + 1, whole.last});
  if (whole.first < sequence) list.insert(next, {whole.first, sequence - 1});
  if (list.empty()) sources_.erase(found);
}

bool MysqlGtidSet::Contains(const MysqlGtidSource& source, int64_t sequence) const {
  const auto found = sources_.find(source);
  return found != sources_.end() && ListCovers(found->second, {sequence, sequence});
}

bool MysqlGtidSet::Contains(const MysqlGtidSet& other) const {
  for (const auto& [source, intervals] : other.sources_) {
    const auto mine = sources_.find(source);
    if (mine == sources_.end()) return false;
    for (const Interval& interval : intervals) {
      if (!ListCovers(mine->second, interval)) return false;
    }
  }
  return true;
}

int64_t MysqlGtidSet::CountMissingFrom(const MysqlGtidSet& other) const {
  int64_t missing = 0;
  for (const auto& [source, intervals] : sources_) {
    const auto theirs = other.sources_.find(source);
    for (const Interval& interval : intervals) {
      missing += interval.last - interval.first + 1;
      if (theirs != other.sources_.end()) missing -= OverlapLength(theirs->second, interval);
    }
  }
  return missing;
}

Result<MariadbGtidSet> MariadbGtidSet::Parse(std::string_view text) {
  MariadbGtidSet set;
  while (!TrimBlanks(text).empty()) {
    std::string_view entry = CutAt(text, ',');
    const std::string_view whole = entry;
    const auto domain = ParseWhole<uint32_t>(CutAt(entry, '-'));
    const auto server = ParseWhole<uint32_t>(CutAt(entry, '-'));
    const auto sequence = ParseWhole<uint64_t>(entry);
    if (!domain || !server || !sequence) return BadGtid(whole);
    set.Add(*domain, {*server, *sequence});
  }
  return set;
}

std::string MariadbGtidSet::ToString() const {
  std::string text;
  for (const auto& [domain, entry] : domains_) {
    if (!text.empty()) text += ',';
    text += std::to_string(domain) + "-" + std::to_string(entry.server_id) + "-" + std::to_string(entry.sequence);
  }
  return text;
}

bool MariadbGtidSet::Contains(const MariadbGtidSet& other) const {
  return std::all_of(other.domains_.begin(), other.domains_.end(), [this](const auto& theirs) {
    const auto mine = domains_.find(theirs.first);
    return mine != domains_.end() && mine->second.sequence >= theirs.second.sequence;
  });
}

}  // namespace freshet
