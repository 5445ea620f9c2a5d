// SPDX-License-Identifier: Apache-2.0
#include "cdc/postgres/copy_rows.h"

#include <algorithm>
#include <cstring>

#include "base/cursor.h"
#include "cdc/change/text_cell.h"
#include "cdc/postgres/binary_cell.h"

namespace freshet {
namespace {

constexpr std::string_view kSignature("PGCOPY\n\377\r\n\0", 11);
constexpr uint16_t kTrailer = 0xFFFF;
constexpr uint32_t kNullSize = 0xFFFFFFFF;

Status Corrupt(const TableSchema& schema) {
  return Status(Code::kCorrupt, "COPY of " + schema.name.ToString() + " does not parse");
}

char Unescape(char c) {
  switch (c) {
    case 'b': return '\b';
    case 'f': return '\f';
    case 'n': return '\n';
    case 'r': return '\r';
    case 't': return '\t';
    case 'v': return '\v';
    default: return c;
  }
}

// Complete rows only: a reader of half a row must not leave half an image. 0 when bytes are missing.
size_t BinaryRowSize(std::string_view bytes) {
  ByteCursor in(bytes);
  const uint16_t count = in.U16Be();
  for (uint16_t i = 0; i < count && in.ok(); ++i) {
    const uint32_t size = in.U32Be();
    if (size != kNullSize) in.Skip(size);
  }
  return in.ok() ? bytes.size() - in.remaining() : 0;
}

}  // namespace

CopyRows::CopyRows(SchemaPtr schema, std::vector<uint32_t> columns, bool binary)
    : columns_(std::move(columns)), binary_(binary) {
  batch_.schema = std::move(schema);
  for (uint32_t i = 0; i < batch_.schema->columns.size(); ++i) {
    if (std::find(columns_.begin(), columns_.end(), i) == columns_.end()) others_.push_back(i);
  }
}

uint32_t CopyRows::AppendRow() {
  const uint32_t image = batch_.AppendImage();
  for (const uint32_t index : others_) batch_.Image(image)[index] = Cell::Null();
  batch_.rows.push_back({RowOp::kInsert, kNoImage, image});
  return image;
}

Status CopyRows::Add(std::string_view message) {
  if (!partial_.empty()) {
    partial_.append(message);
    message = partial_;
  }
  while (!message.empty()) {
    if (ended_) return Corrupt(*batch_.schema);
    ASSIGN_OR_RETURN(const size_t used, binary_ ? AddBinaryRow(message) : AddTextRow(message));
    if (used == 0) break;
    message.remove_prefix(used);
  }
  partial_ = std::string(message);  // almost always empty: the server sends a row per message
  return Status::Ok();
}

Status CopyRows::Finish() const {
  const bool complete = partial_.empty() && (!binary_ || ended_);
  return complete ? Status::Ok() : Corrupt(*batch_.schema);
}

Result<size_t> CopyRows::AddBinaryRow(std::string_view bytes) {
  ByteCursor in(bytes);
  if (!header_seen_) {
    const std::string_view signature = in.Take(kSignature.size());
    in.Skip(4);
    in.Skip(in.U32Be());
    if (!in.ok()) return size_t{0};
    if (signature != kSignature) return Corrupt(*batch_.schema);
    header_seen_ = true;
    return bytes.size() - in.remaining();
  }
  const uint16_t count = in.U16Be();
  if (!in.ok()) return size_t{0};
  if (count == kTrailer) {
    ended_ = true;
    return size_t{2};
  }
  if (count != columns_.size()) return Corrupt(*batch_.schema);
  if (BinaryRowSize(bytes) == 0) return size_t{0};
  Cell* cells = batch_.Image(AppendRow()).data();
  for (const uint32_t index : columns_) {
    const uint32_t size = in.U32Be();
    if (size == kNullSize) {
      cells[index] = Cell::Null();
      continue;
    }
    ASSIGN_OR_RETURN(cells[index], CellFromBinary(batch_.schema->columns[index].type, in.Take(size), batch_.arena));
  }
  return bytes.size() - in.remaining();
}

Status CopyRows::AddTextField(const Column& column, std::string_view field, Cell& cell) {
  if (field == "\\N") {
    cell = Cell::Null();
    return Status::Ok();
  }
  if (field.find('\\') != std::string_view::npos) {
    unescaped_.clear();
    for (size_t i = 0; i < field.size(); ++i) {
      const bool escape = field[i] == '\\' && i + 1 < field.size();
      unescaped_.push_back(escape ? Unescape(field[++i]) : field[i]);
    }
    field = unescaped_;
  }
  Result<Cell> decoded = CellFromText(column.type, field, batch_.arena);
  if (!decoded.ok()) return std::move(decoded).status().At("column " + column.name);
  cell = *decoded;
  return Status::Ok();
}

Result<size_t> CopyRows::AddTextRow(std::string_view bytes) {
  const size_t end = bytes.find('\n');
  if (end == std::string_view::npos) return size_t{0};
  std::string_view line = bytes.substr(0, end);
  Cell* cells = batch_.Image(AppendRow()).data();
  for (size_t i = 0; i < columns_.size(); ++i) {
    const size_t tab = line.find('\t');
    if ((tab == std::string_view::npos) != (i + 1 == columns_.size())) return Corrupt(*batch_.schema);
    TRY(AddTextField(batch_.schema->columns[columns_[i]], line.substr(0, tab), cells[columns_[i]]));
    if (tab != std::string_view::npos) line.remove_prefix(tab + 1);
  }
  return end + 1;
}

}  // namespace freshet
