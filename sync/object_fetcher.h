// SPDX-License-Identifier: Apache-2.0
// ObjectFetcher: brings a plan's objects to local files, in order, one ahead of the reader, so that transfer and
// loading overlap. The files live in a directory of the job's own and go with their owner. Next is for one thread.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/queue.h"
#include "base/status.h"
#include "base/stop.h"
#include "sync/s3/object_store.h"

namespace freshet {

// A file that is removed with its last owner.
class SpoolFile {
 public:
  explicit SpoolFile(std::string path) : path_(std::move(path)) {}
  ~SpoolFile();
  SpoolFile(const SpoolFile&) = delete;
  SpoolFile& operator=(const SpoolFile&) = delete;
  const std::string& path() const { return path_; }

 private:
  const std::string path_;
};

struct FetchedObject {
  ObjectInfo info;
  std::unique_ptr<SpoolFile> file;
};

class ObjectFetcher {
 public:
  // Starts to fetch. `directory` exists. Files keep the ending of their key: it tells format and compression.
  ObjectFetcher(ObjectStore& objects, std::string directory, std::vector<ObjectInfo> due);
  // Ends the transfer in progress; files that nobody took are removed.
  ~ObjectFetcher();

  // The next object; nullopt when there is no other. Errors of ObjectStore::Fetch, naming the object; kCancelled.
  Result<std::optional<FetchedObject>> Next(StopToken stop);

 private:
  void FetchAll(StopToken stop);
  Status FetchOne(const ObjectInfo& object, const std::string& path, StopToken stop);

  ObjectStore& objects_;
  const std::string directory_;
  const std::vector<ObjectInfo> due_;
  BoundedQueue<Result<FetchedObject>> fetched_;
  NamedThread thread_;
};

// Empties and makes the directory; what a crash left there is of no use.
Status ResetSpool(const std::string& directory);

}  // namespace freshet
