// SPDX-License-Identifier: Apache-2.0
// Binlog framing: event header, format description, checksum. BinlogFramer turns one event's bytes into a
// checked header and body; it knows nothing of what the body means. One per log connection, one thread.
//
//   event  = header body [crc32:u32]           ; all integers little-endian
//   header = timestamp:u32 type:u8 server_id:u32 size:u32 next_position:u32 flags:u16
//   format description (15) body =
//            binlog_version:u16 server_version:char[50] created:u32 header_length:u8(=19)
//            post_header_length:u8 *(one per type from 1) checksum_algorithm:u8 crc32:u32
// Source: MySQL "Replication Protocol" pages, MariaDB "2-Binlog Event Header".
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/status.h"

namespace freshet {

enum class BinlogEventType : uint8_t {
  kQuery = 2,
  kStop = 3,
  kRotate = 4,
  kIntvar = 5,
  kAppendBlock = 9,
  kDeleteFile = 11,
  kRand = 13,
  kUserVar = 14,
  kFormatDescription = 15,
  kXid = 16,
  kBeginLoadQuery = 17,
  kExecuteLoadQuery = 18,
  kTableMap = 19,
  kWriteRowsV1 = 23,
  kUpdateRowsV1 = 24,
  kDeleteRowsV1 = 25,
  kIncident = 26,
  kHeartbeat = 27,
  kIgnorable = 28,
  kRowsQuery = 29,
  kWriteRowsV2 = 30,
  kUpdateRowsV2 = 31,
  kDeleteRowsV2 = 32,
  kGtid = 33,
  kAnonymousGtid = 34,
  kPreviousGtids = 35,
  kTransactionContext = 36,
  kViewChange = 37,
  kXaPrepare = 38,
  kPartialUpdateRows = 39,
  kTransactionPayload = 40,
  kHeartbeatV2 = 41,
  kGtidTagged = 42,
  kMariadbAnnotateRows = 160,
  kMariadbBinlogCheckpoint = 161,
  kMariadbGtid = 162,
  kMariadbGtidList = 163,
  kMariadbStartEncryption = 164,
  kMariadbQueryCompressed = 165,
  kMariadbWriteRowsCompressedV1 = 166,
  kMariadbUpdateRowsCompressedV1 = 167,
  kMariadbDeleteRowsCompressedV1 = 168,
  kMariadbWriteRowsCompressed = 169,
  kMariadbUpdateRowsCompressed = 170,
  kMariadbDeleteRowsCompressed = 171,
};

inline constexpr size_t kBinlogHeaderBytes = 19;
inline constexpr uint16_t kBinlogFlagInUse = 0x0001;
inline constexpr uint16_t kBinlogFlagArtificial = 0x0020;
inline constexpr uint16_t kBinlogFlagIgnorable = 0x0080;

struct BinlogHeader {
  uint32_t timestamp_s = 0;
  BinlogEventType type = BinlogEventType::kStop;
  uint32_t server_id = 0;
  uint32_t size = 0;           // with header and checksum
  uint32_t next_position = 0;  // low 32 bits of the end's file offset; 0 for artificial events
  uint16_t flags = 0;
};

// Borrows the packet; valid until the stream is read again.
struct BinlogEventView {
  BinlogHeader header;
  std::string_view body;  // without header and checksum
};

struct FormatDescription {
  std::string server_version;
  bool mariadb = false;
  bool checksums = false;  // events after this one end in a CRC32
};

// Header of an event without its checks against the packet's size. kCorrupt when short.
Result<BinlogHeader> ParseBinlogHeader(std::string_view bytes);

class BinlogFramer {
 public:
  // One whole event. kCorrupt on a size or checksum mismatch; kUnsupported for binlog versions before 4.
  Result<BinlogEventView> Frame(std::string_view event);
  const FormatDescription& format() const { return format_; }
  bool has_format() const { return has_format_; }

 private:
  Status ReadFormatDescription(std::string_view event);

  FormatDescription format_;
  bool has_format_ = false;
};

// Splits an event that lies inside a transaction payload: such events never carry a checksum.
Result<BinlogEventView> FrameWithoutChecksum(std::string_view event);

// CRC-32 (IEEE), as zlib's.
uint32_t BinlogCrc32(std::string_view bytes);

}  // namespace freshet
