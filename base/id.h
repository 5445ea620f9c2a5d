// SPDX-License-Identifier: Apache-2.0
// Strong ids: a JobId cannot be passed where a TableId is meant. Zero is "none"; ids are handed out
// from one by the store and never reused.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>

namespace freshet {

template <typename Tag>
struct Id {
  uint64_t value = 0;
  auto operator<=>(const Id&) const = default;
  explicit operator bool() const { return value != 0; }
};

using JobId = Id<struct JobTag>;
using TableId = Id<struct TableTag>;
using TaskId = Id<struct TaskTag>;

}  // namespace freshet

template <typename Tag>
struct std::hash<freshet::Id<Tag>> {
  size_t operator()(const freshet::Id<Tag>& id) const { return std::hash<uint64_t>()(id.value); }
};
