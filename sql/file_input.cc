// SPDX-License-Identifier: Apache-2.0
#include "sql/file_input.h"

#include <fcntl.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include <cerrno>
#include <cstring>
#include <vector>

namespace freshet {

namespace {

constexpr size_t kCompressedBlockBytes = 256 * 1024;
constexpr size_t kWindowStartBytes = 1024 * 1024;
// zstd frames that need a larger window than this (--long=27) are refused: memory must not depend on the file.
constexpr int kZstdWindowLogMax = 27;
constexpr int kGzipWindowBits = 15 + 16;  // zlib: the largest window, gzip headers only

class PlainInput final : public FileInput {
 public:
  explicit PlainInput(int descriptor) : descriptor_(descriptor) {}
  ~PlainInput() override { close(descriptor_); }

  Result<size_t> Read(char* to, size_t room) override {
    while (true) {
      const ssize_t got = read(descriptor_, to, room);
      if (got >= 0) return static_cast<size_t>(got);
      if (errno != EINTR) return Status(Code::kLocalIo, std::string("cannot read: ") + std::strerror(errno));
    }
  }

 private:
  const int descriptor_;
};

// What both decompressors share: a block of compressed bytes.
class CompressedBlock {
 public:
  explicit CompressedBlock(int descriptor) : file_(descriptor), bytes_(kCompressedBlockBytes) {}
  // False at the end of the file.
  Result<bool> Fill() {
    if (begin < end) return true;
    ASSIGN_OR_RETURN(end, file_.Read(bytes_.data(), bytes_.size()));
    begin = 0;
    return end > 0;
  }
  char* data() { return bytes_.data(); }
  size_t begin = 0;
  size_t end = 0;

 private:
  PlainInput file_;
  std::vector<char> bytes_;
};

class GzipInput final : public FileInput {
 public:
  explicit GzipInput(int descriptor) : block_(descriptor) {}
  ~GzipInput() override { inflateEnd(&stream_); }

  Status Start() {
    if (inflateInit2(&stream_, kGzipWindowBits) == Z_OK) return Status::Ok();
    return Status(Code::kLocalIo, "no memory to decompress");
  }

  Result<size_t> Read(char* to, size_t room) override {
    stream_.next_out = reinterpret_cast<Bytef*>(to);
    stream_.avail_out = static_cast<uInt>(std::min<size_t>(room, UINT32_MAX));
    const size_t wanted = stream_.avail_out;
    while (stream_.avail_out == wanted) {
      ASSIGN_OR_RETURN(const bool more, block_.Fill());
      if (!more) {
        if (inside_) return Status(Code::kInvalid, "the gzip data is cut off");
        return size_t{0};
      }
      if (!inside_) {
        inflateReset(&stream_);
        inside_ = true;
      }
      stream_.next_in = reinterpret_cast<Bytef*>(block_.data() + block_.begin);
      stream_.avail_in = static_cast<uInt>(block_.end - block_.begin);
      const int answer = inflate(&stream_, Z_NO_FLUSH);
      block_.begin = block_.end - stream_.avail_in;
      if (answer == Z_STREAM_END) {
        inside_ = false;
      } else if (answer != Z_OK && answer != Z_BUF_ERROR) {
        return Status(Code::kInvalid, std::string("not gzip data, or damaged: ") +
                                          (stream_.msg == nullptr ? "wrong format" : stream_.msg));
      }
    }
    return wanted - stream_.avail_out;
  }

 private:
  CompressedBlock block_;
  z_stream stream_{};
  bool inside_ = false;  // within a member
};

class ZstdInput final : public FileInput {
 public:
  explicit ZstdInput(int descriptor) : block_(descriptor), stream_(ZSTD_createDStream()) {
    ZSTD_DCtx_setParameter(stream_, ZSTD_d_windowLogMax, kZstdWindowLogMax);
  }
  ~ZstdInput() override { ZSTD_freeDStream(stream_); }

  Result<size_t> Read(char* to, size_t room) override {
    ZSTD_outBuffer out{to, room, 0};
    while (out.pos == 0) {
      ASSIGN_OR_RETURN(const bool more, block_.Fill());
      // The decompressor may still hold output of what it was given.
      if (!more && !inside_) return size_t{0};
      ZSTD_inBuffer in{block_.data(), block_.end, block_.begin};
      const size_t answer = ZSTD_decompressStream(stream_, &out, &in);
      block_.begin = in.pos;
      if (ZSTD_isError(answer)) {
        return Status(Code::kInvalid, std::string("not zstd data, or damaged: ") + ZSTD_getErrorName(answer));
      }
      inside_ = answer != 0;
      if (!more && inside_ && out.pos == 0) return Status(Code::kInvalid, "the zstd data is cut off");
    }
    return out.pos;
  }

 private:
  CompressedBlock block_;
  ZSTD_DStream* const stream_;
  bool inside_ = false;  // within a frame
};

}  // namespace

Result<std::unique_ptr<FileInput>> FileInput::Open(const std::string& path, FileCompression compression) {
  CHECK(compression != FileCompression::kAuto);
  const int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return Status(Code::kLocalIo, std::string("cannot open: ") + std::strerror(errno));
  if (compression == FileCompression::kZstd) return std::unique_ptr<FileInput>(new ZstdInput(descriptor));
  if (compression == FileCompression::kNone) return std::unique_ptr<FileInput>(new PlainInput(descriptor));
  auto gzip = std::make_unique<GzipInput>(descriptor);
  TRY(gzip->Start());
  return std::unique_ptr<FileInput>(std::move(gzip));
}

Status InputWindow::Grow() {
  if (at_end_) return Status::Ok();
  if (begin_ > 0) {
    buffer_.erase(0, begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  if (end_ >= record_bytes_max_) {
    return Status(Code::kInvalid, "a row is larger than " + std::to_string(record_bytes_max_ >> 20) + " MiB");
  }
  const size_t size = std::min(record_bytes_max_, std::max(kWindowStartBytes, 2 * end_));
  if (buffer_.size() < size) buffer_.resize(size);
  while (end_ < buffer_.size()) {
    ASSIGN_OR_RETURN(const size_t got, input_->Read(buffer_.data() + end_, buffer_.size() - end_));
    if (got == 0) {
      at_end_ = true;
      break;
    }
    end_ += got;
  }
  return Status::Ok();
}

}  // namespace freshet
