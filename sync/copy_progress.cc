// SPDX-License-Identifier: Apache-2.0
#include "sync/copy_progress.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace freshet {

using nlohmann::json;

void CopyProgress::MarkDone(const PlannedChunk& chunk) {
  CHECK(!chunk.range.up_to || chunk.range.up_to != chunk.range.after);  // an empty range has no place in the order
  ++chunks_done_;
  DoneRange range{chunk.range.after, chunk.range.up_to, chunk.order, chunk.order};
  auto at = std::upper_bound(done_.begin(), done_.end(), chunk.order,
                             [](int64_t order, const DoneRange& other) { return order < other.first_order; });
  at = done_.insert(at, std::move(range));
  const auto touch = [](const DoneRange& left, const DoneRange& right) {
    return left.up_to && right.after && *left.up_to == *right.after;
  };
  if (const auto next = at + 1; next != done_.end() && touch(*at, *next)) {
    at->up_to = next->up_to;
    at->last_order = next->last_order;
    at = done_.erase(next) - 1;
  }
  if (at != done_.begin() && touch(*(at - 1), *at)) {
    (at - 1)->up_to = at->up_to;
    (at - 1)->last_order = at->last_order;
    done_.erase(at);
  }
  finished_ = done_.size() == 1 && !done_[0].after && !done_[0].up_to;
}

CopyProgress::Rest CopyProgress::Remaining() const {
  Rest rest;
  if (finished_) {
    rest.open_end = false;
    return rest;
  }
  std::optional<KeyText> from;
  int64_t order = 0;
  for (const DoneRange& range : done_) {
    if (range.after != from) rest.gaps.push_back({{from, range.after}, order});
    from = range.up_to;
    order = range.last_order + 1;
    rest.open_end = range.up_to.has_value();
  }
  rest.plan_after = from;
  rest.next_order = done_.empty() ? 0 : done_.back().last_order + kChunkOrderStep;
  return rest;
}

namespace {

// Key texts may hold any bytes, JSON text only Unicode: each byte is written as the code point of its value,
// so that a boundary comes back exactly. A changed boundary would lose rows.
std::string BytesToText(std::string_view bytes) {
  std::string text;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80) {
      text.push_back(c);
    } else {
      text.push_back(static_cast<char>(0xC0 | byte >> 6));
      text.push_back(static_cast<char>(0x80 | (byte & 0x3F)));
    }
  }
  return text;
}

std::string TextToBytes(std::string_view text) {
  std::string bytes;
  for (size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte < 0x80 || i + 1 == text.size()) {
      bytes.push_back(text[i]);
    } else {
      bytes.push_back(static_cast<char>((byte & 0x03) << 6 | (static_cast<unsigned char>(text[++i]) & 0x3F)));
    }
  }
  return bytes;
}

json KeyToJson(const std::optional<KeyText>& key) {
  if (!key) return nullptr;
  json parts = json::array();
  for (const std::string& part : *key) parts.push_back(BytesToText(part));
  return parts;
}

std::optional<KeyText> KeyFromJson(const json& value) {
  if (value.is_null()) return std::nullopt;
  KeyText key;
  for (const json& part : value) key.push_back(TextToBytes(part.get<std::string>()));
  return key;
}

}  // namespace

json CopyProgress::ToJson() const {
  json ranges = json::array();
  for (const DoneRange& range : done_) {
    ranges.push_back({{"after", KeyToJson(range.after)},
                      {"up_to", KeyToJson(range.up_to)},
                      {"first", range.first_order},
                      {"last", range.last_order}});
  }
  return {{"done", std::move(ranges)}, {"finished", finished_}, {"chunks_done", chunks_done_}};
}

Result<CopyProgress> CopyProgress::FromJson(const json& value) {
  CopyProgress progress;
  try {
    for (const json& range : value.at("done")) {
      progress.done_.push_back({KeyFromJson(range.at("after")), KeyFromJson(range.at("up_to")),
                                range.at("first").get<int64_t>(), range.at("last").get<int64_t>()});
    }
    progress.finished_ = value.at("finished").get<bool>();
    progress.chunks_done_ = value.at("chunks_done").get<int64_t>();
  } catch (const json::exception&) {
    return Status(Code::kCorrupt, "copy progress record does not parse");
  }
  return progress;
}

}  // namespace freshet
