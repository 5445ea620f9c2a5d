// SPDX-License-Identifier: Apache-2.0
// WRITE / UPDATE / DELETE row events, versions 1 and 2, MariaDB compressed ones unpacked. Splits the event
// into its parts; the row images themselves are decoded by the binder with the table's column plan.
//
//   rows   = table_id:u48 flags:u16 [extra_length:u16 extra, version 2] columns:lenenc
//            present:bit*columns [present_after:bit*columns, update] *row
//   row    = image [image, update]
//   image  = null:bit*(columns present) value*(columns present and not null)
//   MariaDB compressed rows: everything after the bitmaps is
//            header:u8 (0x80 | algorithm << 4 | length_bytes) length:big-endian zlib stream
// Source: MySQL "Rows_event"; MariaDB sql/log_event.cc, description of compressed events.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/status.h"
#include "cdc/change/row_batch.h"
#include "cdc/mysql/binlog_header.h"

namespace freshet {

// Borrows the event; valid until the stream is read again or the unpack buffer is used again.
struct RowsEventView {
  RowOp op = RowOp::kInsert;
  uint64_t table_id = 0;
  uint16_t flags = 0;
  uint64_t columns = 0;
  std::string_view present;        // bitmap of the only image, or of the before image
  std::string_view present_after;  // update only
  std::string_view rows;
};

inline constexpr uint16_t kRowsFlagStatementEnd = 1;

bool IsRowsEvent(BinlogEventType type);

// `unpacked` receives the rows of a compressed event. kCorrupt; kUnsupported for a compressed event whose
// unpacked size is above kUnpackedBytesMax.
Result<RowsEventView> ParseRows(BinlogEventType type, std::string_view body, std::string& unpacked);

inline constexpr size_t kUnpackedBytesMax = size_t{1} << 30;  // the servers' own limit of an event

// MariaDB's compressed part of an event -> `unpacked`.
Status UnpackMariadb(std::string_view packed, std::string& unpacked);

inline bool BitmapBit(std::string_view bitmap, size_t bit) {
  return (static_cast<uint8_t>(bitmap[bit / 8]) >> (bit % 8) & 1) != 0;
}

}  // namespace freshet
