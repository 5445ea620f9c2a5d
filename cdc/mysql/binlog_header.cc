// SPDX-License-Identifier: Apache-2.0
#include "cdc/mysql/binlog_header.h"

#include <zlib.h>

#include <cstring>

#include "base/cursor.h"

namespace freshet {
namespace {

constexpr size_t kChecksumBytes = 4;
constexpr uint8_t kChecksumOff = 0;
constexpr uint8_t kChecksumCrc32 = 1;
constexpr size_t kServerVersionBytes = 50;
constexpr size_t kFlagsOffset = 17;
// Post-header lengths that the parsers of this folder rely on; all servers since 5.6 write these.
constexpr uint8_t kTableMapPostHeaderBytes = 8;

Status Corrupt(const char* what) {
  return Status(Code::kCorrupt, std::string("binlog event: ") + what);
}

uint32_t TrailingChecksum(std::string_view event) {
  uint32_t stored = 0;
  std::memcpy(&stored, event.data() + event.size() - kChecksumBytes, kChecksumBytes);
  return stored;
}

bool ChecksumMatches(std::string_view event) {
  return BinlogCrc32(event.substr(0, event.size() - kChecksumBytes)) == TrailingChecksum(event);
}

// The server sums a format description with the "in use" flag cleared and may send it set.
bool FormatChecksumMatches(std::string_view event) {
  std::string copy(event);
  copy[kFlagsOffset] = static_cast<char>(copy[kFlagsOffset] & ~kBinlogFlagInUse);
  return ChecksumMatches(copy);
}

Result<BinlogHeader> CheckedHeader(std::string_view event) {
  ASSIGN_OR_RETURN(BinlogHeader header, ParseBinlogHeader(event));
  if (header.size != event.size()) {
    return Corrupt("size in the header differs from the size received");
  }
  return header;
}

}  // namespace

uint32_t BinlogCrc32(std::string_view bytes) {
  return static_cast<uint32_t>(crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
}

Result<BinlogHeader> ParseBinlogHeader(std::string_view bytes) {
  ByteCursor cursor(bytes);
  BinlogHeader header;
  header.timestamp_s = cursor.U32Le();
  header.type = static_cast<BinlogEventType>(cursor.U8());
  header.server_id = cursor.U32Le();
  header.size = cursor.U32Le();
  header.next_position = cursor.U32Le();
  header.flags = cursor.U16Le();
  if (!cursor.ok()) return Corrupt("shorter than a header");
  return header;
}

Result<BinlogEventView> FrameWithoutChecksum(std::string_view event) {
  ASSIGN_OR_RETURN(const BinlogHeader header, CheckedHeader(event));
  return BinlogEventView{header, event.substr(kBinlogHeaderBytes)};
}

Result<BinlogEventView> BinlogFramer::Frame(std::string_view event) {
  ASSIGN_OR_RETURN(const BinlogHeader header, CheckedHeader(event));
  if (header.type == BinlogEventType::kFormatDescription) {
    TRY(ReadFormatDescription(event));
    return BinlogEventView{header, event.substr(kBinlogHeaderBytes)};
  }
  bool checksum = format_.checksums;
  // The rotate event that opens a stream or announces the next file is made up by the sender, before or
  // after a format description that may say otherwise: its own bytes decide.
  if (header.type == BinlogEventType::kRotate && (!has_format_ || header.next_position == 0)) {
    checksum = event.size() >= kBinlogHeaderBytes + kChecksumBytes && ChecksumMatches(event);
    if (!checksum && format_.checksums) return Corrupt("checksum differs");
  } else if (!has_format_) {
    return Corrupt("comes before the format description");
  } else if (checksum) {
    if (event.size() < kBinlogHeaderBytes + kChecksumBytes) return Corrupt("shorter than its checksum");
    if (!ChecksumMatches(event)) return Corrupt("checksum differs");
  }
  const size_t end = event.size() - (checksum ? kChecksumBytes : 0);
  return BinlogEventView{header, event.substr(kBinlogHeaderBytes, end - kBinlogHeaderBytes)};
}

Status BinlogFramer::ReadFormatDescription(std::string_view event) {
  ByteCursor cursor(event.substr(kBinlogHeaderBytes));
  const uint16_t binlog_version = cursor.U16Le();
  std::string_view version = cursor.Take(kServerVersionBytes);
  cursor.Skip(4);
  const uint8_t header_length = cursor.U8();
  if (!cursor.ok()) return Corrupt("format description is cut short");
  if (binlog_version != 4 || header_length != kBinlogHeaderBytes) {
    return Status(Code::kUnsupported, "binlog format version " + std::to_string(binlog_version) +
                                          ": only version 4 (MySQL 5.0 and later) can be read");
  }
  const std::string_view rest = cursor.TakeRest();
  constexpr size_t kTableMapIndex = static_cast<size_t>(BinlogEventType::kTableMap) - 1;
  if (rest.size() < kTableMapIndex + 1 + 1 + kChecksumBytes) return Corrupt("format description is cut short");
  if (static_cast<uint8_t>(rest[kTableMapIndex]) != kTableMapPostHeaderBytes) {
    return Status(Code::kUnsupported, "binlog with 4-byte table ids: written by a server before MySQL 5.1");
  }
  const uint8_t algorithm = static_cast<uint8_t>(rest[rest.size() - kChecksumBytes - 1]);
  if (algorithm != kChecksumOff && algorithm != kChecksumCrc32) {
    return Status(Code::kUnsupported, "binlog_checksum algorithm " + std::to_string(algorithm) + " is not known");
  }
  if (algorithm == kChecksumCrc32 && !FormatChecksumMatches(event)) return Corrupt("checksum differs");
  format_.server_version = std::string(version.substr(0, version.find('\0')));
  format_.mariadb = format_.server_version.find("MariaDB") != std::string::npos;
  format_.checksums = algorithm == kChecksumCrc32;
  has_format_ = true;
  return Status::Ok();
}

}  // namespace freshet
