// SPDX-License-Identifier: Apache-2.0
// NewFile: the local copy of an object in the making; it goes away again unless it is kept. Used by one thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/status.h"

namespace freshet {

class NewFile {
 public:
  // kLocalIo: it exists, or the directory does not take it.
  static Result<NewFile> Create(const std::string& path);
  NewFile(NewFile&& other) noexcept;
  NewFile(const NewFile&) = delete;
  NewFile& operator=(const NewFile&) = delete;
  ~NewFile();

  Status Append(std::string_view bytes);  // kLocalIo
  Status Truncate();                      // to no bytes
  uint64_t size() const { return size_; }
  // Closes it and lets it stay. kLocalIo.
  Status Keep();

 private:
  NewFile(std::string path, int descriptor) : path_(std::move(path)), descriptor_(descriptor) {}

  std::string path_;  // "": nothing to remove
  int descriptor_ = -1;
  uint64_t size_ = 0;
};

}  // namespace freshet
