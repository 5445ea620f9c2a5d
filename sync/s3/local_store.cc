// SPDX-License-Identifier: Apache-2.0
#include "sync/s3/local_store.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "sync/s3/new_file.h"

namespace freshet {

namespace {

namespace fs = std::filesystem;

constexpr int kDepthMax = 64;  // of directories: links may form a ring
constexpr size_t kCopyBlockBytes = 1024 * 1024;

class Descriptor {
 public:
  explicit Descriptor(int descriptor) : descriptor_(descriptor) {}
  ~Descriptor() {
    if (descriptor_ >= 0) close(descriptor_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return descriptor_; }
  int Release() { return std::exchange(descriptor_, -1); }

 private:
  int descriptor_;
};

Status FileError(const std::string& shown, const std::string& what, int number) {
  const Code code = number == ENOENT || number == ENOTDIR ? Code::kNotFound
                    : number == EACCES || number == EPERM ? Code::kAuth
                                                          : Code::kLocalIo;
  return Status(code, what + " " + shown + ": " + std::strerror(number));
}

std::string EtagOf(const struct stat& facts) {
  return std::to_string(facts.st_size) + "-" + std::to_string(facts.st_mtim.tv_sec) + "." +
         std::to_string(facts.st_mtim.tv_nsec);
}

bool IsBelow(const std::string& path, const std::string& root) {
  return root == "/" || path.starts_with(root + "/");
}

// A regular file whose real path is below the root, whatever happened to its directories meanwhile.
Result<int> OpenBelow(const ObjectSource& source, const std::string& key) {
  const std::string shown = ShownName(source, key);
  Descriptor file(open((source.root + "/" + key).c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (file.get() < 0) return FileError(shown, "cannot open", errno);
  std::error_code error;
  const std::string real = fs::read_symlink("/proc/self/fd/" + std::to_string(file.get()), error).string();
  if (error || !IsBelow(real, source.root)) {
    return Status(Code::kInvalid, shown + " leads out of the directory of --file-root");
  }
  struct stat facts {};
  if (fstat(file.get(), &facts) != 0) return FileError(shown, "cannot read", errno);
  if (!S_ISREG(facts.st_mode)) return Status(Code::kInvalid, shown + " is not a file");
  return file.Release();
}

}  // namespace

struct LocalStore::Walk {
  const std::string& after;
  const std::function<bool(const ObjectInfo&)>& visit;
  const StopToken stop;
  bool done = false;
};

Result<ObjectInfo> LocalStore::Describe(const std::string& key) const {
  ASSIGN_OR_RETURN(const int opened, OpenBelow(source_, key));
  const Descriptor file(opened);
  struct stat facts {};
  if (fstat(file.get(), &facts) != 0) return FileError(ShownName(source_, key), "cannot read", errno);
  return ObjectInfo{key, EtagOf(facts), static_cast<uint64_t>(facts.st_size),
                    facts.st_mtim.tv_sec * 1'000'000 + facts.st_mtim.tv_nsec / 1000};
}

// `below`: the directory as a key, "" or with a '/' at its end. One directory's names are in memory at a time.
Status LocalStore::WalkDirectory(Walk& walk, const std::string& below, int depth) const {
  const std::string shown = ShownName(source_, below);
  if (depth > kDepthMax) return Status(Code::kInvalid, shown + " is nested deeper than " + std::to_string(kDepthMax));
  std::error_code error;
  const fs::path real = fs::canonical(source_.root + "/" + below, error);
  if (error) return FileError(shown, "cannot list", error.value());
  if (real != source_.root && !IsBelow(real.string(), source_.root)) {
    return Status(Code::kInvalid, shown + " leads out of the directory of --file-root");
  }
  std::vector<std::string> names;  // of directories with '/': so that their keys are in byte order
  for (fs::directory_iterator entry(real, error), end; !error && entry != end; entry.increment(error)) {
    std::error_code ignored;
    names.push_back(entry->path().filename().string() + (entry->is_directory(ignored) ? "/" : ""));
  }
  if (error) return FileError(shown, "cannot list", error.value());
  std::sort(names.begin(), names.end());
  const std::string& prefix = glob_.literal_prefix();
  for (const std::string& name : names) {
    if (walk.stop.stop_requested()) return Status(Code::kCancelled, "listing was cancelled");
    const std::string key = below + name;
    if (!key.starts_with(prefix) && !prefix.starts_with(key)) continue;
    if (name.ends_with('/')) {
      if (key < walk.after && !walk.after.starts_with(key)) continue;
      TRY(WalkDirectory(walk, key, depth + 1));
    } else if (key > walk.after && glob_.Matches(key)) {
      Result<ObjectInfo> object = Describe(key);
      if (!object.ok() && object.code() == Code::kNotFound) continue;  // it went away while we listed
      if (!object.ok()) return std::move(object).status();
      walk.done = !walk.visit(*object);
    }
    if (walk.done) return Status::Ok();
  }
  return Status::Ok();
}

Status LocalStore::List(const std::string& after, const std::function<bool(const ObjectInfo&)>& visit, StopToken stop) {
  Walk walk{after, visit, stop};
  // Directories above the first wildcard are named, so a missing one is an error and not an empty answer.
  const std::string& prefix = glob_.literal_prefix();
  const size_t slash = prefix.rfind('/');
  return WalkDirectory(walk, slash == std::string::npos ? "" : prefix.substr(0, slash + 1), 0);
}

Status LocalStore::Fetch(const ObjectInfo& object, const std::string& path, StopToken stop) {
  const std::string shown = ShownName(source_, object.key);
  ASSIGN_OR_RETURN(const int opened, OpenBelow(source_, object.key));
  const Descriptor from(opened);
  struct stat facts {};
  if (fstat(from.get(), &facts) != 0) return FileError(shown, "cannot read", errno);
  const Status changed(Code::kConflict, shown + " changed while it was read");
  if (EtagOf(facts) != object.etag) return changed.Copy();
  ASSIGN_OR_RETURN(NewFile to, NewFile::Create(path));
  std::vector<char> block(kCopyBlockBytes);
  while (true) {
    if (stop.stop_requested()) return Status(Code::kCancelled, "fetching " + shown + " was cancelled");
    const ssize_t got = read(from.get(), block.data(), block.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return FileError(shown, "cannot read", errno);
    if (got == 0) break;
    TRY(to.Append({block.data(), static_cast<size_t>(got)}));
  }
  if (fstat(from.get(), &facts) != 0) return FileError(shown, "cannot read", errno);
  if (EtagOf(facts) != object.etag || to.size() != object.size) return changed.Copy();
  return to.Keep();
}

}  // namespace freshet
