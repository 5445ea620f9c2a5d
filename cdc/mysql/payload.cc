// SPDX-License-Identifier: Apache-2.0
#include "cdc/mysql/payload.h"

#include <zstd.h>

#include "base/cursor.h"
#include "cdc/mysql/control_events.h"

namespace freshet {
namespace {

// Decompressed per step: zstd's own block size.
constexpr size_t kStepBytes = 128 * 1024;
// The servers' limit of one event, and so of what one event may make us hold.
constexpr size_t kEventBytesMax = (size_t{1} << 30) + (size_t{1} << 20);

Status Corrupt(const char* what) {
  return Status(Code::kCorrupt, std::string("transaction payload: ") + what);
}

}  // namespace

PayloadReader::~PayloadReader() {
  ZSTD_freeDCtx(context_);
}

Result<std::unique_ptr<PayloadReader>> PayloadReader::Open(std::string_view body) {
  constexpr uint64_t kEnd = 0;
  constexpr uint64_t kSize = 1;
  constexpr uint64_t kCompression = 2;
  constexpr uint64_t kZstd = 0;
  constexpr uint64_t kNone = 255;
  ByteCursor cursor(body);
  uint64_t size = UINT64_MAX;
  uint64_t compression = kNone;
  while (cursor.ok()) {
    const uint64_t type = LengthEncoded(cursor);
    if (!cursor.ok() || type == kEnd) break;
    ByteCursor value(cursor.Take(LengthEncoded(cursor)));
    if (type == kSize) size = LengthEncoded(value);
    if (type == kCompression) compression = LengthEncoded(value);
    if (!value.ok()) return Corrupt("a header field does not parse");
  }
  if (!cursor.ok() || size != cursor.remaining()) return Corrupt("its size does not fit the event");
  if (compression != kZstd && compression != kNone) {
    return Status(Code::kUnsupported, "transaction payload compression " + std::to_string(compression) +
                                          " is not known; set binlog_transaction_compression=OFF");
  }
  std::unique_ptr<PayloadReader> reader(new PayloadReader);
  reader->zstd_ = compression == kZstd;
  reader->compressed_ = cursor.TakeRest();
  if (reader->zstd_) {
    reader->context_ = ZSTD_createDCtx();
    CHECK(reader->context_ != nullptr);
  }
  return reader;
}

Result<bool> PayloadReader::Fill(size_t size) {
  while (buffer_.size() < size) {
    if (compressed_.empty()) {
      if (!frame_done_ || !buffer_.empty()) return Corrupt("ends inside an event");
      return false;
    }
    const size_t had = buffer_.size();
    if (!zstd_) {
      const size_t step = std::min(kStepBytes, compressed_.size());
      buffer_.append(compressed_.substr(0, step));
      compressed_.remove_prefix(step);
      continue;
    }
    buffer_.resize(had + kStepBytes);
    ZSTD_inBuffer in{compressed_.data(), compressed_.size(), 0};
    ZSTD_outBuffer out{buffer_.data() + had, kStepBytes, 0};
    const size_t result = ZSTD_decompressStream(context_, &out, &in);
    buffer_.resize(had + out.pos);
    if (ZSTD_isError(result) || (in.pos == 0 && out.pos == 0)) return Corrupt("zstd data is damaged");
    compressed_.remove_prefix(in.pos);
    frame_done_ = result == 0;
    // Output may still wait inside the decompressor after the last input byte.
    if (compressed_.empty() && !frame_done_ && buffer_.size() < size) {
      ZSTD_inBuffer none{nullptr, 0, 0};
      while (!frame_done_ && buffer_.size() < size) {
        const size_t at = buffer_.size();
        buffer_.resize(at + kStepBytes);
        ZSTD_outBuffer rest{buffer_.data() + at, kStepBytes, 0};
        const size_t left = ZSTD_decompressStream(context_, &rest, &none);
        buffer_.resize(at + rest.pos);
        if (ZSTD_isError(left) || (rest.pos == 0 && left != 0)) return Corrupt("zstd data is cut short");
        frame_done_ = left == 0;
      }
    }
  }
  return true;
}

Result<std::optional<BinlogEventView>> PayloadReader::Next() {
  buffer_.erase(0, event_bytes_);
  event_bytes_ = 0;
  ASSIGN_OR_RETURN(const bool more, Fill(kBinlogHeaderBytes));
  if (!more) return std::optional<BinlogEventView>();
  ASSIGN_OR_RETURN(const BinlogHeader header, ParseBinlogHeader(buffer_));
  if (header.size < kBinlogHeaderBytes || header.size > kEventBytesMax) return Corrupt("an event's size is wrong");
  ASSIGN_OR_RETURN(const bool whole, Fill(header.size));
  if (!whole) return Corrupt("ends inside an event");
  event_bytes_ = header.size;
  ASSIGN_OR_RETURN(const BinlogEventView event, FrameWithoutChecksum(std::string_view(buffer_).substr(0, header.size)));
  return std::optional<BinlogEventView>(event);
}

}  // namespace freshet
