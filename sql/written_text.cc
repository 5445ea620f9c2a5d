// SPDX-License-Identifier: Apache-2.0
#include "sql/written_text.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <vector>

#include "cdc/change/text_cell.h"
#include "sql/array_text.h"
#include "sql/own_types.h"
#include "storage/cell_form.h"

namespace freshet {

namespace {

// The labels of a SET value in definition order; nullopt: one is not in the list.
std::optional<std::string> OrderLabels(const Labels& labels, std::string_view text) {
  std::vector<bool> given(labels.size());
  while (!text.empty()) {
    const size_t comma = std::min(text.find(','), text.size());
    const auto found = std::find(labels.begin(), labels.end(), text.substr(0, comma));
    if (found == labels.end()) return std::nullopt;
    given[static_cast<size_t>(found - labels.begin())] = true;
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  std::string ordered;
  for (size_t i = 0; i < labels.size(); ++i) {
    if (given[i]) ordered += (ordered.empty() ? "" : ",") + labels[i];
  }
  return ordered;
}

bool IsBits(std::string_view text) {
  return text.find_first_not_of("01") == std::string_view::npos;
}

// "08:30:00[.5]+02[:30[:15]]"
bool IsTimeWithZone(std::string_view text) {
  const size_t zone = text.find_first_of("+-");
  if (zone == std::string_view::npos) return false;
  const auto pairs = [](std::string_view part, size_t least, int64_t first_max) {
    for (size_t i = 0; i < part.size(); ++i) {
      const bool colon = i % 3 == 2;
      if (colon ? part[i] != ':' : (part[i] < '0' || part[i] > '9')) return false;
      if (i % 3 == 1 && (part[i - 1] - '0') * 10 + part[i] - '0' > (i == 1 ? first_max : 59)) return false;
    }
    return part.size() % 3 == 2 && part.size() >= least && part.size() <= 8;
  };
  std::string_view clock = text.substr(0, zone);
  if (const size_t point = clock.find('.'); point != std::string_view::npos) {
    const std::string_view fraction = clock.substr(point + 1);
    constexpr size_t kDigitsMax = 6;
    if (fraction.empty() || fraction.size() > kDigitsMax ||
        fraction.find_first_not_of("0123456789") != std::string_view::npos) {
      return false;
    }
    clock = clock.substr(0, point);
  }
  constexpr int64_t kHoursMax = 23;
  constexpr int64_t kZoneHoursMax = 15;
  return pairs(clock, 8, kHoursMax) && pairs(text.substr(zone + 1), 2, kZoneHoursMax);
}

size_t CountCharacters(std::string_view utf8) {
  return static_cast<size_t>(
      std::count_if(utf8.begin(), utf8.end(), [](char c) { return (static_cast<uint8_t>(c) & 0xC0) != 0x80; }));
}

Status Unfit(std::string why) {
  return Status(Code::kInvalid, std::move(why));
}

Cell AppendBytes(std::string_view text, std::string& arena) {
  const size_t begin = arena.size();
  arena += text;
  return Cell{begin, static_cast<uint32_t>(text.size()), CellKind::kBytes};
}

// An element's text in an array, as Postgres prints it where its print is the only one, else as given.
// NOLINTNEXTLINE(misc-no-recursion): an element is no array
Result<std::string> ElementText(const Column& element, std::string_view text) {
  const LogicalType& type = element.type;
  const auto unfit = [&] { return Unfit("an element of the array does not fit " + OwnTypeName(element)); };
  if (type.kind == TypeKind::kString) {
    if (type.length != 0 && CountCharacters(text) > type.length) return unfit();
    return std::string(text);
  }
  std::string arena;
  const Result<Cell> cell = WrittenText(element).CellOf(text, arena);
  if (!cell.ok() || !CellFits(type, *cell) || (cell->kind == CellKind::kBytes && MayEscape(type))) return unfit();
  if (type.kind == TypeKind::kBool) return std::string(cell->AsInt() == 1 ? "t" : "f");
  const bool one_print = (type.kind >= TypeKind::kInt8 && type.kind <= TypeKind::kUint64) ||
                         type.kind == TypeKind::kDecimal || type.kind == TypeKind::kUuid;
  if (!one_print) return std::string(text);
  std::string print;
  AppendCellText(type, *cell, arena, print);
  return print;
}

}  // namespace

WrittenText::WrittenText(const Column& column) : column_(column) {
  if (column.type.kind != TypeKind::kArray) return;
  if (std::optional<LogicalType> type = ArrayElementType(column)) {
    element_.emplace();
    element_->type = *std::move(type);
  }
}

// NOLINTNEXTLINE(misc-no-recursion): an element is no array
Result<Cell> WrittenText::ArrayCell(std::string_view text, std::string& arena) const {
  ASSIGN_OR_RETURN(const std::string stored, NormalArray(text, [this](std::string_view element) -> Result<std::string> {
                     if (element_) return ElementText(*element_, element);
                     return std::string(element);
                   }));
  return AppendBytes(stored, arena);
}

// NOLINTNEXTLINE(misc-no-recursion): an element is no array
Result<Cell> WrittenText::CellOf(std::string_view text, std::string& arena) const {
  const LogicalType& type = column_.type;
  switch (type.kind) {
    case TypeKind::kArray: return ArrayCell(text, arena);
    case TypeKind::kJson:
      if (!nlohmann::json::accept(text)) return Unfit("text is not JSON");
      break;
    case TypeKind::kEnum:
      // MySQL's index 0, the error value, is '' whatever the list says.
      if (type.labels && !text.empty() &&
          std::find(type.labels->begin(), type.labels->end(), text) == type.labels->end())
        return Unfit("text is not a label of its ENUM");
      break;
    case TypeKind::kSet:
      if (type.labels) {
        const std::optional<std::string> ordered = OrderLabels(*type.labels, text);
        if (!ordered) return Unfit("text has a label that is not in its SET");
        return AppendBytes(*ordered, arena);
      }
      break;
    case TypeKind::kBitString:
      if (!IsBits(text) ||
          (type.length != 0 && (text.size() > type.length || (type.fixed && text.size() < type.length))))
        return Unfit("text is no bit string of the column's length");
      break;
    case TypeKind::kTimeTz:
      if (!IsTimeWithZone(text)) return Unfit("text is no time of the day with a zone");
      break;
    default: break;
  }
  const size_t size = arena.size();
  Result<Cell> cell = CellFromText(type, text, arena);
  if (cell.ok()) return cell;
  arena.resize(size);
  return Unfit("text is no value of " + MysqlTypeName(type));
}

}  // namespace freshet
