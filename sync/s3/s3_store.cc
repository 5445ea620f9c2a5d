// SPDX-License-Identifier: Apache-2.0
#include "sync/s3/s3_store.h"

#include <algorithm>
#include <set>

#include "sync/s3/content_md5.h"
#include "sync/s3/new_file.h"
#include "sync/s3/s3_answer.h"

namespace freshet {

namespace {

// Tries in a row without any new byte, with growing waits between: about six seconds in all.
constexpr int kTriesMax = 5;
constexpr std::chrono::milliseconds kFirstWait{200};
constexpr std::chrono::milliseconds kWaitMax{5000};
// In all, for one object: a server that resets again and again after a few bytes is given up.
constexpr int kFetchTriesMax = 1000;
constexpr size_t kListedBodyBytesMax = 32u << 20;
constexpr size_t kErrorBodyBytesMax = 64u << 10;
constexpr const char* kPageKeys = "1000";
// Of an endpoint that does not list in byte order: what is sorted in memory.
constexpr size_t kSortedKeysMax = 500'000;

std::chrono::milliseconds WaitBefore(int tries) {
  return std::min(kWaitMax, kFirstWait * (1 << std::min(tries, 10)));
}

bool MayComeBack(Code code) {
  return code == Code::kUnavailable || code == Code::kTimeout;
}

Status Cancelled() {
  return Status(Code::kCancelled, "the transfer was cancelled");
}

}  // namespace

S3Store::S3Store(ObjectSource source, Glob glob, const Clock& clock)
    : source_(std::move(source)), glob_(std::move(glob)), clock_(clock), http_(source_.ca_file) {
  const size_t host = source_.endpoint.find("://") + 3;
  const std::string scheme = source_.endpoint.substr(0, host);
  host_ = (source_.path_style ? "" : source_.bucket + ".") + source_.endpoint.substr(host);
  base_url_ = scheme + host_;
  // The port that the scheme implies is not in the Host header, which is signed.
  const std::string implied = scheme == "https://" ? ":443" : ":80";
  if (host_.ends_with(implied)) host_.resize(host_.size() - implied.size());
  // AWS lists in byte order. Others say so too, by their Server header even, and do not: with start-after they would
  // leave keys out.
  const std::string name = host_.substr(0, host_.find(':'));
  if (name.ends_with(".amazonaws.com") || name.ends_with(".amazonaws.com.cn")) order_.store(Order::kBytes);
  if (source_.path_style) base_path_ = "/" + UriEncode(source_.bucket, false);
}

HttpClient::Request S3Store::MakeRequest(const std::string& method, const std::string& key,
                                         const HttpHeaders& query) const {
  const S3Request signed_part{method, host_, base_path_ + "/" + UriEncode(key, true), query};
  HttpClient::Request request{method, base_url_ + signed_part.path, {}};
  if (!query.empty()) request.url += "?" + QueryText(query);
  if (!source_.access_key.empty()) {
    request.headers = SignRequest(signed_part, {source_.access_key, source_.secret_key, source_.session_token},
                                  source_.region, clock_.WallUs());
  }
  return request;
}

Result<S3Store::Answered> S3Store::Ask(const std::string& method, const std::string& key, const HttpHeaders& query,
                                       StopToken stop) {
  Status last;
  for (int tries = 0; tries < kTriesMax; ++tries) {
    if (tries > 0 && WaitForStop(stop, WaitBefore(tries - 1))) return Cancelled();
    std::string body;
    Result<HttpAnswer> answer = http_.Run(
        MakeRequest(method, key, query),
        [&body](const HttpAnswer&, std::string_view bytes) {
          body += bytes;
          if (body.size() <= kListedBodyBytesMax) return Status::Ok();
          return Status(Code::kInvalid, "the endpoint does not answer as S3 does: an answer without end");
        },
        stop);
    if (answer.ok() && answer->status >= 200 && answer->status < 300)
      return Answered{*std::move(answer), std::move(body)};
    last = answer.ok() ? S3Error(*answer, body, source_.region, clock_.WallUs()) : answer.status();
    if (!MayComeBack(last.code())) break;
  }
  return last;
}

Result<std::optional<ObjectInfo>> S3Store::Head(const std::string& key, StopToken stop) {
  Result<Answered> answered = Ask("HEAD", key, {}, stop);
  if (!answered.ok()) {
    // The answer to HEAD has no text: the listing says which of bucket, key and permission it is.
    if (answered.code() == Code::kCancelled || answered.code() == Code::kUnavailable) return answered.status();
    return std::optional<ObjectInfo>();
  }
  const HttpAnswer& answer = answered->answer;
  const std::string& length = answer.header("content-length");
  if (length.empty() || answer.header("etag").empty()) return std::optional<ObjectInfo>();
  ObjectInfo object{key, BareEtag(answer.header("etag")), 0, ParseHttpDate(answer.header("last-modified")) * 1'000'000};
  object.size = std::strtoull(length.c_str(), nullptr, 10);
  object.weak_etag = IsWeakEtag(answer.header("etag"));
  return std::optional<ObjectInfo>(std::move(object));
}

Result<S3Page> S3Store::ListPage(const std::string& token, const std::string& after, StopToken stop) {
  HttpHeaders query{{"list-type", "2"}, {"encoding-type", "url"}, {"max-keys", kPageKeys}};
  if (!glob_.literal_prefix().empty()) query.emplace_back("prefix", glob_.literal_prefix());
  if (!token.empty()) {
    query.emplace_back("continuation-token", token);
  } else if (!after.empty() && order_.load() == Order::kBytes) {
    query.emplace_back("start-after", after);
  }
  ASSIGN_OR_RETURN(const Answered answered, Ask("GET", "", query, stop));
  return ParseS3Page(answered.body);
}

// Servers over a file system may walk it directory by directory: "d/a" before "d.csv". Their keys are all collected and
// sorted here. What such a server shows only after its first page, when keys were given out already, needs a second
// call.
Status S3Store::ListPages(const std::string& after, const std::function<bool(const ObjectInfo&)>& visit,
                          StopToken stop) {
  std::vector<ObjectInfo> collected;
  std::string token;
  std::set<std::string> tokens;
  std::string previous;
  bool visited = false;
  for (size_t pages = 0; pages == 0 || !token.empty(); ++pages) {
    ASSIGN_OR_RETURN(S3Page page, ListPage(token, after, stop));
    for (const ObjectInfo& object : page.objects) {
      if (object.key <= previous) order_.store(Order::kOther);
      previous = std::max(previous, object.key);
    }
    const bool sort = order_.load() == Order::kOther;
    if (sort && visited) {
      return Status(Code::kConflict, "the endpoint does not list keys in byte order; list again");
    }
    for (ObjectInfo& object : page.objects) {
      // A key that ends with '/' and has no bytes is how a folder is marked.
      const bool folder = object.key.ends_with('/') && object.size == 0;
      if (object.key <= after || folder || !glob_.Matches(object.key)) continue;
      if (sort) {
        collected.push_back(std::move(object));
      } else if (visited = true; !visit(object)) {
        return Status::Ok();
      }
    }
    if (collected.size() > kSortedKeysMax) {
      return Status(Code::kUnsupported, "the endpoint does not list keys in byte order, and more than " +
                                            std::to_string(kSortedKeysMax) + " match");
    }
    token = page.truncated ? page.next_token : "";
    if (!token.empty() && !tokens.insert(token).second) {
      return Status(Code::kInvalid, "the endpoint does not answer as S3 does: the same continuation token twice");
    }
  }
  std::sort(collected.begin(), collected.end(), [](const auto& a, const auto& b) { return a.key < b.key; });
  for (const ObjectInfo& object : collected) {
    if (!visit(object)) break;
  }
  return Status::Ok();
}

Status S3Store::List(const std::string& after, const std::function<bool(const ObjectInfo&)>& visit, StopToken stop) {
  if (glob_.is_literal() && glob_.literal_prefix() > after) {
    ASSIGN_OR_RETURN(const std::optional<ObjectInfo> object, Head(glob_.literal_prefix(), stop));
    if (object) {
      visit(*object);
      return Status::Ok();
    }
  }
  return ListPages(after, visit, stop).At("list " + ShownName(source_, source_.pattern));
}

// One GET from where the file ends. What it brought stays in the file, whatever the outcome.
Status S3Store::FetchOnce(const ObjectInfo& object, NewFile& file, StopToken stop) {
  HttpClient::Request request = MakeRequest("GET", object.key, {});
  const uint64_t from = file.size();
  if (from > 0) request.headers.emplace_back("range", "bytes=" + std::to_string(from) + "-");
  // What the answer's tag is, is looked at below, a weak one too.
  if (!object.etag.empty() && !object.weak_etag) request.headers.emplace_back("if-match", "\"" + object.etag + "\"");
  std::string error_body;
  bool checked = false;
  const Status changed(Code::kConflict, "the object changed while it was read");
  const auto check = [&](const HttpAnswer& answer) -> Status {
    const std::string etag = BareEtag(answer.header("etag"));
    if (!etag.empty() && !object.etag.empty() && etag != object.etag) return changed.Copy();
    // Some servers answer a range with status 200: the header tells which bytes come.
    const std::string& range = answer.header("content-range");
    if (range.empty() && file.size() > 0) TRY(file.Truncate());  // it does not know ranges: all over again
    if (!range.empty() && !range.starts_with("bytes " + std::to_string(from) + "-")) {
      return Status(Code::kInvalid, "the endpoint does not answer as S3 does: another range than asked for");
    }
    return Status::Ok();
  };
  const auto sink = [&](const HttpAnswer& answer, std::string_view bytes) -> Status {
    if (answer.status < 200 || answer.status >= 300) {
      error_body += bytes.substr(0, kErrorBodyBytesMax - std::min(kErrorBodyBytesMax, error_body.size()));
      return Status::Ok();
    }
    if (!checked) TRY(check(answer));
    checked = true;
    if (file.size() + bytes.size() > object.size) return changed.Copy();
    return file.Append(bytes);
  };
  ASSIGN_OR_RETURN(const HttpAnswer answer, http_.Run(request, sink, stop));
  if (answer.status < 200 || answer.status >= 300) return S3Error(answer, error_body, source_.region, clock_.WallUs());
  if (!checked) TRY(check(answer));
  return file.size() == object.size ? Status::Ok() : changed.Copy();
}

Status S3Store::FetchAll(const ObjectInfo& object, NewFile& file, StopToken stop) {
  int idle_tries = 0;
  for (int tries = 0;; ++tries) {
    const uint64_t before = file.size();
    Status status = FetchOnce(object, file, stop);
    if (status.ok() || !MayComeBack(status.code())) return status;
    idle_tries = file.size() > before ? 0 : idle_tries + 1;
    if (idle_tries >= kTriesMax || tries >= kFetchTriesMax) return status;
    if (WaitForStop(stop, WaitBefore(idle_tries))) return Cancelled();
  }
}

Status S3Store::Fetch(const ObjectInfo& object, const std::string& path, StopToken stop) {
  const std::string where = "fetch " + ShownName(source_, object.key);
  ASSIGN_OR_RETURN(NewFile file, NewFile::Create(path));
  if (Status fetched = FetchAll(object, file, stop); !fetched.ok()) return std::move(fetched).At(where);
  // Most entity tags are the content's MD5. One that looks like it and is not is either damage on the way, and then a
  // second transfer differs from the first, or a tag made in another way.
  if (LooksLikeMd5(object.etag)) {
    ASSIGN_OR_RETURN(const std::string first, Md5OfFile(path));
    if (first != object.etag) {
      TRY(file.Truncate());
      if (Status again = FetchAll(object, file, stop); !again.ok()) return std::move(again).At(where);
      ASSIGN_OR_RETURN(const std::string second, Md5OfFile(path));
      if (second != first && second != object.etag) {
        return Status(Code::kUnavailable, "two transfers brought different bytes").At(where);
      }
    }
  }
  return file.Keep();
}

}  // namespace freshet
