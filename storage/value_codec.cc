// SPDX-License-Identifier: Apache-2.0
// Grammar:
//
//   row value   := [owner]  schema version:varint  nulls  column*
//   owner       := 0x00 job:be64 source:be64 size:varint older  -- row_owner.h; no version is 0
//   older       := the next claim's row value, `size` bytes: with an owner of its own; empty without a next claim
//   nulls       := bit per value column, lowest bit of the first byte first, padded to whole bytes; 1 = NULL
//   column      := for each value column that is not NULL, in schema order, by its form (cell_form.h):
//     int       := size:u8 (0 to 8) zigzag of the value in `size` little-endian bytes, as few as hold it
//                | 0xFF string          -- escape (ddl/type.h)
//     uint      := size:u8 (0 to 8) the value in `size` little-endian bytes, as few as hold it
//     float32   := 4 bytes, little-endian     float64 := 8 bytes, little-endian
//     fixed16   := 16 bytes
//     string    := size:varint bytes    -- decimal text too
//   varint      := varint.h
//
// Integers of every width share one form, so that widening a column rewrites nothing. A value column is one
// that is neither excluded nor in the key.
#include "storage/value_codec.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "base/cursor.h"
#include "cdc/change/text_cell.h"
#include "storage/format.h"
#include "storage/key_column.h"
#include "storage/row_owner.h"
#include "storage/varint.h"

namespace freshet {
namespace {

constexpr char kEscape = '\xFF';
constexpr size_t kIntBytesMax = 8;

void AppendCompactUint(uint64_t value, std::string& out) {
  char bytes[1 + kIntBytesMax];
  const size_t width = (static_cast<size_t>(std::bit_width(value)) + 7) / 8;
  bytes[0] = static_cast<char>(width);
  std::memcpy(bytes + 1, &value, sizeof(value));
  out.append(bytes, 1 + width);
}

uint64_t ZigZag(int64_t value) {
  return static_cast<uint64_t>(value) << 1 ^ static_cast<uint64_t>(value >> 63);
}
int64_t UnZigZag(uint64_t value) {
  return static_cast<int64_t>(value >> 1 ^ (uint64_t{0} - (value & 1)));
}

void AppendString(std::string_view bytes, std::string& out) {
  AppendVarint(bytes.size(), out);
  out.append(bytes);
}

void AppendColumn(const LogicalType& type, const Cell& cell, std::string_view arena, std::string& out) {
  const std::string_view bytes =
      cell.kind == CellKind::kBytes ? std::string_view(arena.data() + cell.bits, cell.size) : std::string_view();
  switch (FormOf(type)) {
    case CellForm::kInt:
      if (cell.kind == CellKind::kBytes) {
        out.push_back(kEscape);
        AppendString(bytes, out);
      } else {
        AppendCompactUint(ZigZag(cell.AsInt()), out);
      }
      break;
    case CellForm::kUint: AppendCompactUint(cell.AsUint(), out); break;
    case CellForm::kFloat32: {
      const float value = static_cast<float>(cell.AsDouble());
      out.append(reinterpret_cast<const char*>(&value), sizeof(value));
      break;
    }
    case CellForm::kFloat64: out.append(reinterpret_cast<const char*>(&cell.bits), sizeof(cell.bits)); break;
    case CellForm::kFixed16: out.append(bytes); break;
    case CellForm::kDecimalText:
    case CellForm::kString: AppendString(bytes, out); break;
  }
}

// Reads one column; Bytes come as a view, so that skipping one copies nothing.
Cell TakeColumn(CellForm form, bool may_escape, ByteCursor& cursor, std::string_view& bytes) {
  switch (form) {
    case CellForm::kInt:
    case CellForm::kUint: {
      const uint8_t size = cursor.U8();
      if (size == static_cast<uint8_t>(kEscape) && may_escape) break;
      if (size > kIntBytesMax) cursor.Fail();
      const uint64_t value = cursor.UintLe(size);
      return form == CellForm::kInt ? Cell::Int(UnZigZag(value)) : Cell::Uint(value);
    }
    case CellForm::kFloat32: return Cell::Double(std::bit_cast<float>(cursor.U32Le()));
    case CellForm::kFloat64: return {cursor.U64Le(), 0, CellKind::kDouble};
    case CellForm::kFixed16: bytes = cursor.Take(16); return {0, 16, CellKind::kBytes};
    case CellForm::kDecimalText:
    case CellForm::kString: break;
  }
  bytes = cursor.Take(TakeVarint(cursor));
  return {0, static_cast<uint32_t>(bytes.size()), CellKind::kBytes};
}

Cell Keep(Cell cell, std::string_view bytes, std::string& arena) {
  if (cell.kind != CellKind::kBytes) return cell;
  cell.bits = arena.size();
  arena.append(bytes);
  return cell;
}

}  // namespace

std::vector<uint32_t> ValueColumns(const TableSchema& schema) {
  std::vector<uint32_t> columns;
  for (uint32_t i = 0; i < schema.columns.size(); ++i) {
    if (!schema.columns[i].excluded && !schema.IsKey(i)) columns.push_back(i);
  }
  return columns;
}

RowEncoder::RowEncoder(SchemaPtr schema) : schema_(std::move(schema)), columns_(ValueColumns(*schema_)) {
  AppendVarint(schema_->version, header_);
}

bool RowEncoder::IsWhole(std::span<const Cell> image) const {
  const auto sent = [&](uint32_t column) { return image[column].kind != CellKind::kUnchanged; };
  return std::all_of(columns_.begin(), columns_.end(), sent) &&
         std::all_of(schema_->key_columns.begin(), schema_->key_columns.end(), sent);
}

Status RowEncoder::AppendValue(std::span<const Cell> image, std::string_view arena, std::string& out) const {
  CHECK(image.size() == schema_->columns.size());
  out.append(header_);
  const size_t nulls = out.size();
  out.append((columns_.size() + 7) / 8, '\0');
  for (size_t i = 0; i < columns_.size(); ++i) {
    const Cell& cell = image[columns_[i]];
    if (cell.kind == CellKind::kNull) {
      out[nulls + i / 8] = static_cast<char>(out[nulls + i / 8] | 1 << i % 8);
      continue;
    }
    const Column& column = schema_->columns[columns_[i]];
    if (!CellFits(column.type, cell)) return CellMisfit(column.type, cell).At("column " + column.name);
    AppendColumn(column.type, cell, arena, out);
  }
  return Status::Ok();
}

RowDecoder::RowDecoder(SchemaPtr newest, std::shared_ptr<const SchemaVersions> versions,
                       std::vector<uint32_t> projection)
    : newest_(std::move(newest)), versions_(std::move(versions)), slot_of_column_(newest_->columns.size(), kSkip) {
  for (uint32_t slot = 0; slot < projection.size(); ++slot) {
    const uint32_t column = projection[slot];
    CHECK(column < newest_->columns.size());
    if (slot_of_column_[column] == kSkip) {
      slot_of_column_[column] = slot;
    } else {
      copies_.push_back({slot_of_column_[column], slot});
    }
    if (!newest_->IsKey(column)) value_needed_ = true;
  }
  for (size_t i = 0; i < newest_->key_columns.size(); ++i) {
    if (slot_of_column_[newest_->key_columns[i]] != kSkip) key_columns_needed_ = i + 1;
  }
}

Status RowDecoder::Decode(std::string_view key, std::string_view value, Cell* out, std::string& arena) {
  TRY(DecodeKeyColumns(key, out, arena));
  if (value_needed_) {
    ByteCursor cursor(RowOf(value));
    const uint64_t version = TakeVarint(cursor);
    if (!cursor.ok()) return Status(Code::kCorrupt, "row value has no schema version");
    if (last_plan_ == nullptr || version != last_version_) {
      ASSIGN_OR_RETURN(last_plan_, PlanFor(version));
      last_version_ = version;
    }
    TRY(DecodeColumns(*last_plan_, cursor.TakeRest(), out, arena));
  }
  for (const Copy& copy : copies_) out[copy.to] = out[copy.from];
  return Status::Ok();
}

Status RowDecoder::DecodeKeyColumns(std::string_view key, Cell* out, std::string& arena) {
  if (key_columns_needed_ == 0) return Status::Ok();
  ByteCursor cursor(key);
  cursor.Skip(kRowPrefixBytes);
  for (size_t i = 0; i < key_columns_needed_; ++i) {
    const uint32_t column = newest_->key_columns[i];
    const uint32_t slot = slot_of_column_[column];
    Cell unused;
    skipped_.clear();
    TRY(DecodeKeyColumn(newest_->columns[column].type, cursor, slot == kSkip ? unused : out[slot],
                        slot == kSkip ? skipped_ : arena));
  }
  if (key_columns_needed_ == newest_->key_columns.size() && !cursor.done()) {
    return Status(Code::kCorrupt, "row key has bytes left over");
  }
  return Status::Ok();
}

Status RowDecoder::DecodeColumns(const Plan& plan, std::string_view value, Cell* out, std::string& arena) {
  ByteCursor cursor(value);
  const std::string_view nulls = cursor.Take((plan.steps.size() + 7) / 8);
  if (!cursor.ok()) return Status(Code::kCorrupt, "row value ends in its null bits");
  for (size_t i = 0; i < plan.steps_needed; ++i) {
    const Step& step = plan.steps[i];
    if ((static_cast<uint8_t>(nulls[i / 8]) >> i % 8 & 1) != 0) {
      if (step.slot != kSkip) out[step.slot] = Cell::Null();
      continue;
    }
    std::string_view bytes;
    const Cell cell = TakeColumn(step.form, step.may_escape, cursor, bytes);
    if (!cursor.ok()) {
      return Status(Code::kCorrupt, "row value ends in column " + plan.stored->columns[step.column].name);
    }
    if (step.slot != kSkip) out[step.slot] = Keep(cell, bytes, arena);
  }
  if (plan.steps_needed == plan.steps.size() && !cursor.done()) {
    return Status(Code::kCorrupt, "row value has bytes left over");
  }
  for (const Default& value_default : plan.defaults) {
    const Cell& cell = value_default.cell;
    const std::string_view bytes =
        cell.kind == CellKind::kBytes ? std::string_view(plan.arena.data() + cell.bits, cell.size) : std::string_view();
    out[value_default.slot] = Keep(cell, bytes, arena);
  }
  return Status::Ok();
}

Result<const RowDecoder::Plan*> RowDecoder::PlanFor(uint64_t version) {
  if (const auto found = plans_.find(version); found != plans_.end()) return &found->second;
  const auto stored = version > UINT32_MAX ? versions_->end() : versions_->find(static_cast<uint32_t>(version));
  if (stored == versions_->end()) {
    return Status(Code::kCorrupt, "row value of unknown schema version " + std::to_string(version));
  }
  ASSIGN_OR_RETURN(Plan plan, MakePlan(stored->second));
  return &plans_.emplace(version, std::move(plan)).first->second;
}

Result<RowDecoder::Plan> RowDecoder::MakePlan(SchemaPtr stored) const {
  Plan plan;
  std::vector<bool> filled(newest_->columns.size(), false);
  for (const uint32_t index : ValueColumns(*stored)) {
    const Column& column = stored->columns[index];
    Step step{index, FormOf(column.type), MayEscape(column.type), kSkip};
    for (uint32_t i = 0; i < newest_->columns.size(); ++i) {
      if (newest_->columns[i].id != column.id || newest_->IsKey(i)) continue;
      step.slot = slot_of_column_[i];
      filled[i] = true;
    }
    plan.steps.push_back(step);
    if (step.slot != kSkip) plan.steps_needed = plan.steps.size();
  }
  plan.stored = std::move(stored);
  for (uint32_t i = 0; i < newest_->columns.size(); ++i) {
    const Column& column = newest_->columns[i];
    if (filled[i] || newest_->IsKey(i) || slot_of_column_[i] == kSkip) continue;
    Cell cell = Cell::Null();
    if (column.initial_default) {
      ASSIGN_OR_RETURN(cell, CellFromText(column.type, *column.initial_default, plan.arena));
    }
    plan.defaults.push_back({slot_of_column_[i], cell});
  }
  return plan;
}

Result<uint64_t> StoredVersion(std::string_view value) {
  ByteCursor cursor(RowOf(value));
  const uint64_t version = TakeVarint(cursor);
  if (!cursor.ok()) return Status(Code::kCorrupt, "row value has no schema version");
  return version;
}

}  // namespace freshet
