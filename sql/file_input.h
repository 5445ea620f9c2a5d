// SPDX-License-Identifier: Apache-2.0
// FileInput: the bytes of a local file, decompressed on the way (gzip, zstd; several members or frames in a row).
// It knows nothing of rows. Used by one thread.
#pragma once

#include <memory>
#include <string>

#include "base/status.h"
#include "sql/file_format.h"

namespace freshet {

class FileInput {
 public:
  // `compression` is resolved: not kAuto. kLocalIo.
  static Result<std::unique_ptr<FileInput>> Open(const std::string& path, FileCompression compression);
  virtual ~FileInput() = default;
  // Between 1 and `room` bytes into `to`; 0 at the end. kLocalIo; kInvalid: damaged or cut-off compressed data.
  virtual Result<size_t> Read(char* to, size_t room) = 0;
};

// The window over a FileInput in which readers look for whole records: bytes from the first unread one on.
class InputWindow {
 public:
  InputWindow(std::unique_ptr<FileInput> input, size_t record_bytes_max)
      : input_(std::move(input)), record_bytes_max_(record_bytes_max) {}

  // Valid until the next Grow.
  std::string_view bytes() const { return std::string_view(buffer_).substr(begin_, end_ - begin_); }
  bool at_end() const { return at_end_; }  // no more than bytes() will come
  void Consume(size_t bytes) { begin_ += bytes; }
  // Reads more behind bytes(). kInvalid when a record is larger than the limit.
  Status Grow();

 private:
  const std::unique_ptr<FileInput> input_;
  const size_t record_bytes_max_;
  std::string buffer_;
  size_t begin_ = 0;
  size_t end_ = 0;  // of what is read; the rest of buffer_ is room
  bool at_end_ = false;
};

}  // namespace freshet
