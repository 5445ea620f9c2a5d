// SPDX-License-Identifier: Apache-2.0
#include "sync/s3/http_client.h"

#include <curl/curl.h>

#include "sql/token.h"

namespace freshet {

namespace {

constexpr long kConnectTimeoutMs = 10'000;
// A transfer slower than this for so long is given up as stalled.
constexpr long kSlowBytesPerSecond = 100;
constexpr long kSlowSecondsMax = 15;
constexpr size_t kIdleHandlesMax = 8;
constexpr size_t kHeaderBytesMax = 256 * 1024;

struct Transfer {
  const HttpClient::BodySink& sink;
  const StopToken stop;
  HttpAnswer answer;
  size_t header_bytes = 0;
  Status failure;
};

size_t OnHeader(char* data, size_t size, size_t count, void* user) {
  auto& transfer = *static_cast<Transfer*>(user);
  std::string_view line(data, size * count);
  transfer.header_bytes += line.size();
  if (transfer.header_bytes > kHeaderBytesMax) return 0;
  while (!line.empty() && (line.back() == '\r' || line.back() == '\n')) line.remove_suffix(1);
  if (line.starts_with("HTTP/")) {
    transfer.answer = HttpAnswer{};  // after an interim answer (100) comes another
    const size_t space = line.find(' ');
    if (space != std::string_view::npos)
      transfer.answer.status = std::atoi(std::string(line.substr(space + 1, 3)).c_str());
    return size * count;
  }
  const size_t colon = line.find(':');
  if (colon == std::string_view::npos) return size * count;
  std::string_view value = line.substr(colon + 1);
  while (value.starts_with(' ') || value.starts_with('\t')) value.remove_prefix(1);
  transfer.answer.headers[ToLower(line.substr(0, colon))] = std::string(value);
  return size * count;
}

size_t OnBody(char* data, size_t size, size_t count, void* user) {
  auto& transfer = *static_cast<Transfer*>(user);
  transfer.failure = transfer.sink(transfer.answer, std::string_view(data, size * count));
  return transfer.failure.ok() ? size * count : 0;
}

int OnProgress(void* user, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  return static_cast<Transfer*>(user)->stop.stop_requested() ? 1 : 0;
}

class HeaderList {
 public:
  ~HeaderList() { curl_slist_free_all(list_); }
  HeaderList() = default;
  HeaderList(const HeaderList&) = delete;
  HeaderList& operator=(const HeaderList&) = delete;
  void Add(const std::string& line) { list_ = curl_slist_append(list_, line.c_str()); }
  curl_slist* get() const { return list_; }

 private:
  curl_slist* list_ = nullptr;
};

Status TransferError(CURLcode code, const char* text) {
  const std::string message = *text != '\0' ? text : curl_easy_strerror(code);
  switch (code) {
    case CURLE_PEER_FAILED_VERIFICATION:
      return Status(Code::kInvalid,
                    "the endpoint's certificate is not trusted (" + message + "); s3.ca_file names the CA");
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CERTPROBLEM: return Status(Code::kInvalid, "s3.ca_file cannot be used: " + message);
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL: return Status(Code::kInvalid, "s3.endpoint is not usable: " + message);
    case CURLE_OPERATION_TIMEDOUT: return Status(Code::kUnavailable, "the endpoint is too slow: " + message);
    default: return Status(Code::kUnavailable, message);
  }
}

void SetOptions(CURL* curl, Transfer& transfer, char* error) {
  curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, error);
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L);  // keys may hold /../
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl, CURLOPT_PROXY, "");  // the environment does not redirect data
  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, kConnectTimeoutMs);
  curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, kSlowBytesPerSecond);
  curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, kSlowSecondsMax);
  curl_easy_setopt(curl, CURLOPT_TCP_KEEPALIVE, 1L);
  curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, OnHeader);
  curl_easy_setopt(curl, CURLOPT_HEADERDATA, &transfer);
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, OnBody);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &transfer);
  curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
  curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, OnProgress);
  curl_easy_setopt(curl, CURLOPT_XFERINFODATA, &transfer);
}

}  // namespace

const std::string& HttpAnswer::header(const std::string& name) const {
  static const std::string none;
  const auto found = headers.find(name);
  return found == headers.end() ? none : found->second;
}

HttpClient::HttpClient(std::string ca_file) : ca_file_(std::move(ca_file)) {
  static const CURLcode initialized = curl_global_init(CURL_GLOBAL_DEFAULT);
  CHECK(initialized == CURLE_OK);
}

HttpClient::~HttpClient() {
  MutexLock lock(mutex_);
  for (void* handle : idle_) curl_easy_cleanup(handle);
}

void* HttpClient::Take() {
  {
    MutexLock lock(mutex_);
    if (!idle_.empty()) {
      void* handle = idle_.back();
      idle_.pop_back();
      return handle;
    }
  }
  void* handle = curl_easy_init();
  CHECK(handle != nullptr);
  return handle;
}

void HttpClient::Return(void* handle) {
  curl_easy_reset(handle);  // keeps the connection
  {
    MutexLock lock(mutex_);
    if (idle_.size() < kIdleHandlesMax) {
      idle_.push_back(handle);
      return;
    }
  }
  curl_easy_cleanup(handle);
}

Result<HttpAnswer> HttpClient::Run(const Request& request, const BodySink& sink, StopToken stop) {
  Transfer transfer{sink, stop, {}, 0, {}};
  CURL* curl = Take();
  char error[CURL_ERROR_SIZE] = "";
  SetOptions(curl, transfer, error);
  HeaderList headers;
  for (const auto& [name, value] : request.headers) headers.Add(name + ": " + value);
  curl_easy_setopt(curl, CURLOPT_URL, request.url.c_str());
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers.get());
  if (request.method == "HEAD") curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
  if (!ca_file_.empty()) curl_easy_setopt(curl, CURLOPT_CAINFO, ca_file_.c_str());
  const CURLcode code = curl_easy_perform(curl);
  Return(curl);
  if (stop.stop_requested()) return Status(Code::kCancelled, "the transfer was cancelled");
  if (!transfer.failure.ok()) return Status(std::move(transfer.failure));
  if (code != CURLE_OK) return TransferError(code, error);
  return std::move(transfer.answer);
}

}  // namespace freshet
