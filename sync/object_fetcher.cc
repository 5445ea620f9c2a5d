// SPDX-License-Identifier: Apache-2.0
#include "sync/object_fetcher.h"

#include <filesystem>

#include "base/failpoint.h"

namespace freshet {

namespace {

// Objects that wait on our disk while one is loaded and one more is on its way.
constexpr size_t kFetchedAheadMax = 1;
// How often a waiting side looks for a stop.
constexpr std::chrono::milliseconds kStopLook{100};

// "part.csv.gz" of "a/b/part.csv.gz": what tells format and compression by name goes on doing so.
std::string EndingOf(const std::string& key) {
  const std::string name = key.substr(key.rfind('/') + 1);
  const size_t dot = name.find('.');
  std::string ending = dot == std::string::npos ? "" : name.substr(dot);
  for (char& c : ending) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.';
    if (!plain) c = '_';
  }
  constexpr size_t kEndingMax = 32;
  return ending.size() <= kEndingMax ? ending : ending.substr(ending.size() - kEndingMax);
}

}  // namespace

SpoolFile::~SpoolFile() {
  std::error_code ignored;  // a file that stays is removed at the next start
  std::filesystem::remove(path_, ignored);
}

ObjectFetcher::ObjectFetcher(ObjectStore& objects, std::string directory, std::vector<ObjectInfo> due)
    : objects_(objects),
      directory_(std::move(directory)),
      due_(std::move(due)),
      fetched_(kFetchedAheadMax, SIZE_MAX),
      thread_("fetch", [this](StopToken stop) { FetchAll(stop); }) {}

ObjectFetcher::~ObjectFetcher() {
  thread_.RequestStop();
  fetched_.Close();
  thread_.StopAndJoin();
}

Status ObjectFetcher::FetchOne(const ObjectInfo& object, const std::string& path, StopToken stop) {
  FAILPOINT("sync.object.before_fetch");
  TRY(objects_.Fetch(object, path, stop));
  FAILPOINT("sync.object.after_fetch");
  return Status::Ok();
}

void ObjectFetcher::FetchAll(StopToken stop) {
  for (size_t i = 0; i < due_.size() && !stop.stop_requested(); ++i) {
    const ObjectInfo& object = due_[i];
    auto file = std::make_unique<SpoolFile>(directory_ + "/" + std::to_string(i) + EndingOf(object.key));
    Status status = FetchOne(object, file->path(), stop);
    const bool failed = !status.ok();
    Result<FetchedObject> item = failed ? Result<FetchedObject>(std::move(status).At("fetch object " + object.key))
                                        : Result<FetchedObject>(FetchedObject{object, std::move(file)});
    while (!stop.stop_requested() && !fetched_.closed() && !fetched_.Push(item, 0, Deadline::After(kStopLook))) {
    }
    if (failed) break;
  }
  fetched_.Close();
}

Result<std::optional<FetchedObject>> ObjectFetcher::Next(StopToken stop) {
  while (!stop.stop_requested()) {
    std::optional<Result<FetchedObject>> item = fetched_.Pop(Deadline::After(kStopLook));
    if (!item) {
      if (fetched_.closed() && fetched_.size() == 0) return std::optional<FetchedObject>();
      continue;
    }
    if (!item->ok()) return std::move(*item).status();
    return std::optional<FetchedObject>(std::move(*item).value());
  }
  return Status(Code::kCancelled, "stopped");
}

Status ResetSpool(const std::string& directory) {
  std::error_code error;
  std::filesystem::remove_all(directory, error);
  if (!error) std::filesystem::create_directories(directory, error);
  if (error) return Status(Code::kLocalIo, "cannot make the spool directory " + directory + ": " + error.message());
  return Status::Ok();
}

}  // namespace freshet
