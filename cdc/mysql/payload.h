// SPDX-License-Identifier: Apache-2.0
// TRANSACTION_PAYLOAD event (MySQL 8.0.20+, binlog_transaction_compression): a whole transaction's events,
// zstd-compressed. PayloadReader hands them out one by one and decompresses as it goes, so that memory holds
// one event, not the transaction. Borrows the event's bytes: valid until the stream is read again.
//
//   payload event = *(type:lenenc length:lenenc value) payload
//   types         = 0 end of fields (no length) | 1 payload size | 2 compression (0 zstd, 255 none) |
//                   3 uncompressed size ; values are length-encoded integers
//   payload       = event* (header and body, without checksum)
// Source: MySQL "Transaction_payload_event".
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/status.h"
#include "cdc/mysql/binlog_header.h"

struct ZSTD_DCtx_s;

namespace freshet {

class PayloadReader {
 public:
  static Result<std::unique_ptr<PayloadReader>> Open(std::string_view body);
  ~PayloadReader();

  // The next event, valid until the next call; nullopt at the end. kCorrupt.
  Result<std::optional<BinlogEventView>> Next();

 private:
  PayloadReader() = default;
  // Makes `size` bytes available from the start of the current event; false at a clean end.
  Result<bool> Fill(size_t size);

  std::string_view compressed_;
  bool zstd_ = false;
  ZSTD_DCtx_s* context_ = nullptr;
  bool frame_done_ = true;
  std::string buffer_;
  size_t event_bytes_ = 0;  // of the event handed out last, at the front of buffer_
};

}  // namespace freshet
