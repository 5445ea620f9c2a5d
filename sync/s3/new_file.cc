// SPDX-License-Identifier: Apache-2.0
#include "sync/s3/new_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace freshet {

namespace {

Status LocalError(int number) {
  return Status(Code::kLocalIo, std::string("cannot write the local copy: ") + std::strerror(number));
}

}  // namespace

Result<NewFile> NewFile::Create(const std::string& path) {
  const int descriptor = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (descriptor < 0) return LocalError(errno);
  return NewFile(path, descriptor);
}

NewFile::NewFile(NewFile&& other) noexcept
    : path_(std::exchange(other.path_, {})), descriptor_(std::exchange(other.descriptor_, -1)), size_(other.size_) {}

NewFile::~NewFile() {
  if (descriptor_ >= 0) close(descriptor_);
  if (!path_.empty()) unlink(path_.c_str());
}

Status NewFile::Append(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t put = write(descriptor_, bytes.data(), bytes.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return LocalError(errno);
    bytes.remove_prefix(static_cast<size_t>(put));
    size_ += static_cast<uint64_t>(put);
  }
  return Status::Ok();
}

Status NewFile::Truncate() {
  if (ftruncate(descriptor_, 0) != 0 || lseek(descriptor_, 0, SEEK_SET) != 0) return LocalError(errno);
  size_ = 0;
  return Status::Ok();
}

Status NewFile::Keep() {
  if (close(std::exchange(descriptor_, -1)) != 0) return LocalError(errno);
  path_.clear();
  return Status::Ok();
}

}  // namespace freshet
