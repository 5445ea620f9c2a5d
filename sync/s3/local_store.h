// SPDX-License-Identifier: Apache-2.0
// LocalStore: ObjectStore over a directory (file:). Files are found below the root only: a link that leads out of it
// is an error, as is one that does so between the check and the opening of a file. Thread-safe: it keeps no state.
#pragma once

#include "sync/s3/glob.h"
#include "sync/s3/object_store.h"

namespace freshet {

class LocalStore final : public ObjectStore {
 public:
  LocalStore(ObjectSource source, Glob glob) : source_(std::move(source)), glob_(std::move(glob)) {}
  Status List(const std::string& after, const std::function<bool(const ObjectInfo&)>& visit, StopToken stop) override;
  Status Fetch(const ObjectInfo& object, const std::string& path, StopToken stop) override;

 private:
  struct Walk;
  Status WalkDirectory(Walk& walk, const std::string& below, int depth) const;
  Result<ObjectInfo> Describe(const std::string& key) const;

  const ObjectSource source_;
  const Glob glob_;
};

}  // namespace freshet
