// SPDX-License-Identifier: Apache-2.0
#include "sync/start_time.h"

#include <charconv>
#include <nlohmann/json.hpp>

#include "cdc/change/text_cell.h"

namespace freshet {

namespace {

constexpr size_t kMillisecondDigits = 13;  // from 2001 to 2286

std::optional<int64_t> FromMilliseconds(std::string_view digits) {
  int64_t milliseconds = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), milliseconds);
  const bool whole = error == std::errc() && end == digits.data() + digits.size();
  if (!whole || digits.size() != kMillisecondDigits || milliseconds < 0) return std::nullopt;
  return milliseconds * 1000;
}

}  // namespace

std::optional<int64_t> ParseStartTime(std::string_view text) {
  if (const std::optional<int64_t> time_us = FromMilliseconds(text)) return time_us;
  const nlohmann::json value = nlohmann::json::parse(text, nullptr, false);
  if (!value.is_object() || !value.contains("timestamp")) return std::nullopt;
  const nlohmann::json& time = value.at("timestamp");
  if (time.is_number_unsigned()) return FromMilliseconds(std::to_string(time.get<uint64_t>()));
  if (!time.is_string()) return std::nullopt;
  const std::string written = time.get<std::string>();
  if (const std::optional<int64_t> time_us = FromMilliseconds(written)) return time_us;
  LogicalType type;
  type.kind = TypeKind::kTimestamp;
  type.precision = 6;
  std::string arena;
  const Result<Cell> cell = CellFromText(type, written, arena);
  if (!cell.ok() || cell->kind != CellKind::kInt || cell->AsInt() < 0) return std::nullopt;
  return cell->AsInt();
}

}  // namespace freshet
