// SPDX-License-Identifier: Apache-2.0
#include "sync/s3/query_files.h"

#include <atomic>
#include <filesystem>

#include "base/log.h"
#include "sync/s3/object_store.h"

namespace freshet {

namespace {

namespace fs = std::filesystem;

constexpr std::string_view kFolderPrefix = "query-";

// A query's folder; removed with the last owner.
class QueryFolder {
 public:
  explicit QueryFolder(fs::path path) : path_(std::move(path)) {}
  ~QueryFolder() {
    std::error_code error;
    fs::remove_all(path_, error);
    if (error) Log(LogLevel::kWarn, "spool_not_removed", {{"path", path_.string()}, {"error", error.message()}});
  }
  QueryFolder(const QueryFolder&) = delete;
  QueryFolder& operator=(const QueryFolder&) = delete;
  const fs::path& path() const { return path_; }

 private:
  const fs::path path_;
};

Status RemoveLeftovers(const fs::path& spool) {
  std::error_code error;
  fs::create_directories(spool, error);
  if (error) return Status(Code::kLocalIo, "cannot make the spool directory: " + error.message());
  for (fs::directory_iterator entry(spool, error), end; !error && entry != end; entry.increment(error)) {
    if (!entry->path().filename().string().starts_with(kFolderPrefix)) continue;
    std::error_code ignored;
    fs::remove_all(entry->path(), ignored);
  }
  return Status::Ok();
}

Result<LocalFiles> FetchFiles(ObjectStore& store, const ObjectSource& source, const fs::path& folder, StopToken stop) {
  std::vector<ObjectInfo> objects;
  const auto visit = [&objects](const ObjectInfo& object) {
    objects.push_back(object);
    return objects.size() <= kQueryFilesMax;
  };
  Status listed = store.List("", visit, stop);
  if (listed.code() == Code::kConflict) {  // an endpoint in disorder lists in order the second time
    objects.clear();
    listed = store.List("", visit, stop);
  }
  TRY(std::move(listed));
  const std::string shown = ShownName(source, source.pattern);
  if (objects.empty()) return Status(Code::kNotFound, "nothing matches " + shown);
  if (objects.size() > kQueryFilesMax) {
    return Status(Code::kUnsupported, "more than " + std::to_string(kQueryFilesMax) + " objects match " + shown);
  }
  std::error_code error;
  fs::create_directory(folder, error);
  if (error) return Status(Code::kLocalIo, "cannot make a directory in the spool: " + error.message());
  LocalFiles files;
  files.held = std::make_shared<QueryFolder>(folder);
  for (const ObjectInfo& object : objects) {
    const std::string path = (folder / std::to_string(files.paths.size())).string();
    TRY(store.Fetch(object, path, stop));
    files.paths.push_back(path);
    files.shown_names.push_back(ShownName(source, object.key));
  }
  return files;
}

}  // namespace

Result<FileFunction> MakeQueryFiles(const std::string& spool, const std::string& file_root) {
  TRY(RemoveLeftovers(spool));
  const auto number = std::make_shared<std::atomic<uint64_t>>(0);
  return FileFunction([=](const Properties& arguments, StopToken stop) -> Result<LocalFiles> {
    Properties properties = arguments;
    ASSIGN_OR_RETURN(const ObjectSource source, TakeObjectSource(properties, file_root));
    ASSIGN_OR_RETURN(const FileFormat format, TakeFileFormat(properties, source.pattern));
    if (!properties.empty())
      return Status(Code::kInvalid, "s3 does not know the property '" + properties[0].first + "'");
    ASSIGN_OR_RETURN(const std::unique_ptr<ObjectStore> store, ObjectStore::Open(source));
    const fs::path folder = fs::path(spool) / (std::string(kFolderPrefix) + std::to_string(++*number));
    ASSIGN_OR_RETURN(LocalFiles files, FetchFiles(*store, source, folder, stop));
    files.format = format;
    return files;
  });
}

}  // namespace freshet
