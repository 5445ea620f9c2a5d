// SPDX-License-Identifier: Apache-2.0
#include "storage/failing_files.h"

#include <utility>

#include <rocksdb/file_system.h>

#include "base/failpoint.h"

namespace freshet {
namespace {

class FailingFile : public rocksdb::FSWritableFileOwnerWrapper {
 public:
  using rocksdb::FSWritableFileOwnerWrapper::FSWritableFileOwnerWrapper;

  rocksdb::IOStatus Append(const rocksdb::Slice& data, const rocksdb::IOOptions& options,
                           rocksdb::IODebugContext* context) override {
    if (Due("storage.file.append")) return rocksdb::IOStatus::NoSpace("failpoint");
    return target()->Append(data, options, context);
  }
  rocksdb::IOStatus Append(const rocksdb::Slice& data, const rocksdb::IOOptions& options,
                           const rocksdb::DataVerificationInfo& verification,
                           rocksdb::IODebugContext* context) override {
    if (Due("storage.file.append")) return rocksdb::IOStatus::NoSpace("failpoint");
    return target()->Append(data, options, verification, context);
  }
  rocksdb::IOStatus Sync(const rocksdb::IOOptions& options, rocksdb::IODebugContext* context) override {
    if (Due("storage.file.sync")) return rocksdb::IOStatus::NoSpace("failpoint");
    return target()->Sync(options, context);
  }

 private:
  static bool Due(std::string_view name) { return failpoints_armed.load() && !HitFailpoint(name).ok(); }
};

class FailingFileSystem : public rocksdb::FileSystemWrapper {
 public:
  using rocksdb::FileSystemWrapper::FileSystemWrapper;
  const char* Name() const override { return "freshet.FailingFileSystem"; }

  rocksdb::IOStatus NewWritableFile(const std::string& name, const rocksdb::FileOptions& options,
                                    std::unique_ptr<rocksdb::FSWritableFile>* file,
                                    rocksdb::IODebugContext* context) override {
    rocksdb::IOStatus status = target()->NewWritableFile(name, options, file, context);
    if (status.ok()) *file = std::make_unique<FailingFile>(std::move(*file));
    return status;
  }
};

}  // namespace

std::unique_ptr<rocksdb::Env> MakeFailingFiles() {
  return rocksdb::NewCompositeEnv(std::make_shared<FailingFileSystem>(rocksdb::FileSystem::Default()));
}

}  // namespace freshet
