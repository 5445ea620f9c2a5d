// SPDX-License-Identifier: Apache-2.0
#include "cdc/mysql/rows_event.h"

#include <zlib.h>

#include "base/cursor.h"
#include "cdc/mysql/control_events.h"

namespace freshet {
namespace {

struct RowsForm {
  RowOp op;
  bool version_2;
  bool compressed;
};

bool FormOf(BinlogEventType type, RowsForm* form) {
  switch (type) {
    case BinlogEventType::kWriteRowsV1: *form = {RowOp::kInsert, false, false}; return true;
    case BinlogEventType::kUpdateRowsV1: *form = {RowOp::kUpdate, false, false}; return true;
    case BinlogEventType::kDeleteRowsV1: *form = {RowOp::kDelete, false, false}; return true;
    case BinlogEventType::kWriteRowsV2: *form = {RowOp::kInsert, true, false}; return true;
    case BinlogEventType::kUpdateRowsV2: *form = {RowOp::kUpdate, true, false}; return true;
    case BinlogEventType::kDeleteRowsV2: *form = {RowOp::kDelete, true, false}; return true;
    case BinlogEventType::kMariadbWriteRowsCompressedV1: *form = {RowOp::kInsert, false, true}; return true;
    case BinlogEventType::kMariadbUpdateRowsCompressedV1: *form = {RowOp::kUpdate, false, true}; return true;
    case BinlogEventType::kMariadbDeleteRowsCompressedV1: *form = {RowOp::kDelete, false, true}; return true;
    case BinlogEventType::kMariadbWriteRowsCompressed: *form = {RowOp::kInsert, true, true}; return true;
    case BinlogEventType::kMariadbUpdateRowsCompressed: *form = {RowOp::kUpdate, true, true}; return true;
    case BinlogEventType::kMariadbDeleteRowsCompressed: *form = {RowOp::kDelete, true, true}; return true;
    default: return false;
  }
}

Status Corrupt(const char* what) {
  return Status(Code::kCorrupt, std::string(what) + " does not parse");
}

}  // namespace

bool IsRowsEvent(BinlogEventType type) {
  RowsForm form;
  return FormOf(type, &form);
}

Status UnpackMariadb(std::string_view packed, std::string& unpacked) {
  ByteCursor cursor(packed);
  const uint8_t header = cursor.U8();
  const size_t length_bytes = header & 7;
  constexpr uint8_t kCompressed = 0x80;
  constexpr uint8_t kAlgorithmMask = 0x70;  // 0: zlib, the only one there is
  if (!cursor.ok() || (header & kCompressed) == 0 || (header & kAlgorithmMask) != 0 || length_bytes == 0 ||
      length_bytes > 4) {
    return Corrupt("compressed event");
  }
  const uint64_t length = cursor.UintBe(length_bytes);
  if (!cursor.ok()) return Corrupt("compressed event");
  if (length > kUnpackedBytesMax) return Status(Code::kUnsupported, "compressed event of more than 1 GiB");
  // zlib expands at most 1032 times: a longer claim is a lie and must not cost memory.
  constexpr uint64_t kExpansionMax = 1032;
  if (length > cursor.remaining() * kExpansionMax + kExpansionMax) return Corrupt("compressed event");
  unpacked.resize(length);
  uLongf written = length;
  const int result = uncompress(reinterpret_cast<Bytef*>(unpacked.data()), &written,
                                reinterpret_cast<const Bytef*>(cursor.position()), cursor.remaining());
  if (result != Z_OK || written != length) return Corrupt("compressed event");
  return Status::Ok();
}

Result<RowsEventView> ParseRows(BinlogEventType type, std::string_view body, std::string& unpacked) {
  RowsForm form;
  CHECK(FormOf(type, &form));
  ByteCursor cursor(body);
  RowsEventView rows;
  rows.op = form.op;
  rows.table_id = cursor.UintLe(6);
  rows.flags = cursor.U16Le();
  if (form.version_2) {
    const uint16_t extra = cursor.U16Le();  // counts itself
    if (extra < 2) return Corrupt("rows event");
    cursor.Skip(extra - size_t{2});
  }
  rows.columns = LengthEncoded(cursor);
  if (rows.columns > body.size() * 8) return Corrupt("rows event");
  const size_t bitmap_bytes = (rows.columns + 7) / 8;
  rows.present = cursor.Take(bitmap_bytes);
  if (form.op == RowOp::kUpdate) rows.present_after = cursor.Take(bitmap_bytes);
  if (!cursor.ok()) return Corrupt("rows event");
  rows.rows = cursor.TakeRest();
  if (form.compressed) {
    TRY(UnpackMariadb(rows.rows, unpacked));
    rows.rows = unpacked;
  }
  return rows;
}

}  // namespace freshet
