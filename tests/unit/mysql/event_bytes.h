// SPDX-License-Identifier: Apache-2.0
// Builders of binlog bytes for tests: little-endian fields, whole events, a packet stream over memory.
#pragma once

#include <string>
#include <vector>

#include "cdc/mysql/binlog_header.h"
#include "cdc/mysql/packet_stream.h"

namespace freshet {

class Bytes {
 public:
  Bytes& Le(uint64_t value, size_t width) {
    for (size_t i = 0; i < width; ++i) out_ += i < sizeof(value) ? static_cast<char>(value >> (8 * i) & 0xff) : '\0';
    return *this;
  }
  Bytes& Text(std::string_view text) {
    out_ += text;
    return *this;
  }
  operator std::string() const { return out_; }

 private:
  std::string out_;
};

inline std::string FromHex(std::string_view hex) {
  const auto digit = [](char c) { return c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10; };
  std::string bytes;
  for (size_t i = 0; i + 1 < hex.size(); i += 2) bytes += static_cast<char>(digit(hex[i]) << 4 | digit(hex[i + 1]));
  return bytes;
}

inline std::string MakeEvent(BinlogEventType type, const std::string& body, bool checksum,
                             uint32_t next_position = 500) {
  const size_t size = kBinlogHeaderBytes + body.size() + (checksum ? 4 : 0);
  std::string event = Bytes()
                          .Le(1'700'000'000, 4)
                          .Le(static_cast<uint8_t>(type), 1)
                          .Le(7, 4)
                          .Le(size, 4)
                          .Le(next_position, 4)
                          .Le(0, 2)
                          .Text(body);
  if (checksum) event += std::string(Bytes().Le(BinlogCrc32(event), 4));
  return event;
}

inline std::string MakeFormat(const std::string& version, bool checksum) {
  std::string lengths(42, '\0');
  lengths[18] = 8;  // table map
  std::string name = version;
  name.resize(50, '\0');
  const std::string body = Bytes().Le(4, 2).Text(name).Le(0, 4).Le(19, 1).Text(lengths).Le(checksum ? 1 : 0, 1);
  return MakeEvent(BinlogEventType::kFormatDescription, body, true, 0);
}

inline std::string MakeQuery(const std::string& sql, const std::string& database = "shop") {
  return Bytes().Le(1, 4).Le(0, 4).Le(database.size(), 1).Le(0, 2).Le(0, 2).Text(database).Le(0, 1).Text(sql);
}

// Serves events, then reports that nothing came in time.
class MemoryStream : public PacketStream {
 public:
  explicit MemoryStream(std::vector<std::string> events) : events_(std::move(events)) {}
  Result<std::optional<std::string_view>> Read(Deadline) override {
    if (at_ == events_.size()) return std::optional<std::string_view>();
    return std::optional<std::string_view>(events_[at_++]);
  }
  bool HasBuffered() const override { return at_ < events_.size(); }

 private:
  std::vector<std::string> events_;
  size_t at_ = 0;
};

}  // namespace freshet
