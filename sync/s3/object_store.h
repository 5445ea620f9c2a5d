// SPDX-License-Identifier: Apache-2.0
// ObjectStore: listing and fetching of the objects behind s3("uri"=..): an S3 bucket or a local directory
// (file:). It knows nothing of jobs, formats or rows. Thread-safe; every call is bounded by the named limits of
// its implementation and ends early on a stop.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/status.h"
#include "base/stop.h"
#include "sql/statement.h"

namespace freshet {

struct ObjectInfo {
  std::string key;   // within the bucket; a path below the root for file:
  std::string etag;  // changes with the content; for file: size and modification time
  uint64_t size = 0;
  int64_t modified_us = 0;  // 0 unknown
  bool weak_etag = false;   // W/"..": the endpoint compares no such tag with its object (If-Match)
};

// Keys of s3(..): uri, s3.endpoint, s3.region, s3.access_key, s3.secret_key, s3.session_token, use_path_style,
// anonymous access when no key is given, provider, s3.connection.*; their AWS_* and dotless spellings as in Doris.
struct ObjectSource {
  bool local = false;  // file:
  std::string bucket;
  std::string pattern;   // key with *, ?, [..], {a,b}
  std::string endpoint;  // "https://host:port"
  std::string region;
  std::string access_key;  // "": anonymous
  std::string secret_key;
  std::string session_token;
  bool path_style = false;
  std::string ca_file;  // PEM; "": the system's
  std::string root;     // file: the configured directory that paths are below
};

// Takes the keys above out of `properties`; the others stay. kInvalid names the key.
Result<ObjectSource> TakeObjectSource(Properties& properties, const std::string& file_root);

// "s3://bucket/key" or "file:/path": for messages, positions and the quarantine. Never with credentials.
std::string ShownName(const ObjectSource& source, const std::string& key);

class ObjectStore {
 public:
  static Result<std::unique_ptr<ObjectStore>> Open(const ObjectSource& source);
  virtual ~ObjectStore() = default;

  // Calls `visit` for every object that the pattern matches and whose key is greater than `after`, in byte order of
  // the keys, page by page: memory does not grow with the bucket. A `visit` that returns false ends the listing.
  // kAuth (keys, signature, denied), kNotFound (bucket, directory), kInvalid (region, endpoint; no end of the pages),
  // kUnavailable; kConflict: keys came out of order, which showed too late; the same store sorts them from then on.
  virtual Status List(const std::string& after, const std::function<bool(const ObjectInfo&)>& visit,
                      StopToken stop) = 0;

  // False while List may find out on a later page only that keys come out of order: whoever ends a listing early and
  // goes on behind the last key that it saw would leave keys out.
  virtual bool lists_in_order() const { return true; }

  // Writes the whole object to the new file `path`. Interrupted transfers go on where they stopped, bounded in
  // tries. kConflict: the object is not the one of `object.etag` any more (it changed while it was read, too);
  // kNotFound: it is gone; kLocalIo: the disk.
  virtual Status Fetch(const ObjectInfo& object, const std::string& path, StopToken stop) = 0;
};

}  // namespace freshet
