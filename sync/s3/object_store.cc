// SPDX-License-Identifier: Apache-2.0
#include "sync/s3/object_store.h"

#include "sync/s3/local_store.h"
#include "sync/s3/s3_store.h"

namespace freshet {

Result<std::unique_ptr<ObjectStore>> ObjectStore::Open(const ObjectSource& source) {
  ASSIGN_OR_RETURN(Glob glob, Glob::Parse(source.pattern));
  if (source.local) return std::unique_ptr<ObjectStore>(new LocalStore(source, std::move(glob)));
  return std::unique_ptr<ObjectStore>(new S3Store(source, std::move(glob)));
}

}  // namespace freshet
