// SPDX-License-Identifier: Apache-2.0
#include "cdc/postgres/pg_connection.h"

#include <algorithm>
#include <charconv>
#include <cstring>

#include <libpq-fe.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "cdc/postgres/sqlstate.h"

namespace freshet {
namespace {

// A stop is noticed this often while waiting for the server.
constexpr std::chrono::milliseconds kStopCheck{200};

constexpr char kSessionOptions[] =
    "-c datestyle=ISO -c timezone=UTC -c intervalstyle=postgres -c extra_float_digits=3 -c bytea_output=hex "
    "-c search_path=pg_catalog -c standard_conforming_strings=on -c statement_timeout=0 -c lock_timeout=0 "
    "-c idle_in_transaction_session_timeout=0 "
    // A reader held up by a full queue must not lose its walsender; a dead peer is found by TCP keepalives.
    "-c wal_sender_timeout=300000 -c tcp_keepalives_idle=30 -c tcp_keepalives_interval=10 -c tcp_keepalives_count=3";

std::string FirstLine(std::string_view text) {
  return std::string(text.substr(0, text.find('\n')));
}

// libpq has no accessor for the SQLSTATE of a refused connection; with verbose errors it is the field between
// the severity and the message: "FATAL:  28P01: ...". Takes it out of `text`, "" when there is none.
std::string TakeSqlstate(std::string& text) {
  for (size_t at = text.find(":  "); at != std::string::npos; at = text.find(":  ", at + 1)) {
    const std::string state = text.substr(at + 3, 5);
    const bool digits = state.size() == 5 && std::all_of(state.begin(), state.end(), [](char c) {
                          return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z');
                        });
    if (!digits || text.compare(at + 8, 2, ": ") != 0) continue;
    text.erase(at + 3, 7);
    return state;
  }
  return "";
}

Status ResultError(const PGresult* result) {
  const char* state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
  const char* message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
  std::string text = message != nullptr ? message : FirstLine(PQresultErrorMessage(result));
  if (const char* hint = PQresultErrorField(result, PG_DIAG_MESSAGE_HINT)) text.append(" (").append(hint).append(")");
  return Status(CodeOfSqlstate(state != nullptr ? state : ""), std::move(text));
}

int PollTimeout(Deadline deadline) {
  return static_cast<int>(std::min<int64_t>(std::min(deadline.Left(), kStopCheck).count() + 1, 1000));
}

}  // namespace

PgRows::~PgRows() {
  PQclear(result_);
}
int PgRows::size() const {
  return PQntuples(result_);
}
bool PgRows::IsNull(int row, int column) const {
  return PQgetisnull(result_, row, column) != 0;
}
std::string_view PgRows::Text(int row, int column) const {
  return {PQgetvalue(result_, row, column), static_cast<size_t>(PQgetlength(result_, row, column))};
}
int64_t PgRows::Int(int row, int column) const {
  const std::string_view text = Text(row, column);
  int64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}
uint64_t PgRows::Uint(int row, int column) const {
  const std::string_view text = Text(row, column);
  uint64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

CopyBytes::~CopyBytes() {
  PQfreemem(data_);
}

PgConnection::~PgConnection() {
  PQfinish(connection_);
}

Result<PgConnection> PgConnection::Connect(const PostgresOptions& options, Kind kind, Deadline deadline) {
  const std::string port = std::to_string(options.port);
  std::vector<const char*> names{"host",
                                 "port",
                                 "user",
                                 "password",
                                 "dbname",
                                 "sslmode",
                                 "options",
                                 "client_encoding",
                                 "application_name",
                                 "fallback_application_name"};
  std::vector<const char*> values{options.host.c_str(),
                                  port.c_str(),
                                  options.user.c_str(),
                                  options.password.c_str(),
                                  options.database.c_str(),
                                  options.ssl_mode.c_str(),
                                  kSessionOptions,
                                  "UTF8",
                                  "freshet",
                                  "freshet"};
  if (!options.ssl_rootcert.empty()) {
    names.push_back("sslrootcert");
    values.push_back(options.ssl_rootcert.c_str());
  }
  if (kind == Kind::kReplication) {
    names.push_back("replication");
    values.push_back("database");
  }
  names.push_back(nullptr);
  values.push_back(nullptr);
  PgConnection made(PQconnectStartParams(names.data(), values.data(), 0));
  CHECK(made.connection_ != nullptr);  // out of memory
  PQsetErrorVerbosity(made.connection_, PQERRORS_VERBOSE);
  const std::string where = "can not connect to postgres at " + options.host + ":" + port + ": ";
  PostgresPollingStatusType state = PGRES_POLLING_WRITING;
  while (PQstatus(made.connection_) != CONNECTION_BAD && state != PGRES_POLLING_OK && state != PGRES_POLLING_FAILED) {
    pollfd waiting{PQsocket(made.connection_), static_cast<short>(state == PGRES_POLLING_READING ? POLLIN : POLLOUT),
                   0};
    if (poll(&waiting, 1, PollTimeout(deadline)) > 0) state = PQconnectPoll(made.connection_);
    if (state != PGRES_POLLING_OK && deadline.Passed()) return Status(Code::kUnavailable, where + "no answer in time");
  }
  if (PQstatus(made.connection_) != CONNECTION_OK) {
    std::string message = FirstLine(PQerrorMessage(made.connection_));
    const std::string sqlstate = TakeSqlstate(message);
    return Status(CodeOfSqlstate(sqlstate), where + message);
  }
  PQsetErrorVerbosity(made.connection_, PQERRORS_DEFAULT);
  PQsetNoticeProcessor(
      made.connection_, [](void*, const char*) {}, nullptr);
  if (PQsetnonblocking(made.connection_, 1) != 0) return made.LostStatus("set non-blocking mode");
  return made;
}

Status PgConnection::LostStatus(const char* doing) const {
  return Status(Code::kUnavailable, std::string(doing) + ": " + FirstLine(PQerrorMessage(connection_)));
}

bool PgConnection::broken() const {
  return PQstatus(connection_) != CONNECTION_OK;
}
int PgConnection::server_version() const {
  return PQserverVersion(connection_);
}

Result<bool> PgConnection::WaitReadable(Deadline deadline, StopToken stop) {
  do {
    if (stop.stop_requested()) return Status(Code::kCancelled, "stop requested");
    pollfd waiting{PQsocket(connection_), POLLIN, 0};
    const int ready = poll(&waiting, 1, PollTimeout(deadline));
    if (ready > 0) return true;
    if (ready < 0 && errno != EINTR) return Status(Code::kUnavailable, std::string("poll: ") + std::strerror(errno));
  } while (!deadline.Passed());
  return false;
}

uint64_t PgConnection::QueuedBytes() const {
  int bytes = 0;
  return ioctl(PQsocket(connection_), FIONREAD, &bytes) == 0 && bytes > 0 ? static_cast<uint64_t>(bytes) : 0;
}

bool PgConnection::PeerIsThisMachine() const {
  sockaddr_storage ends[2] = {};
  socklen_t sizes[2] = {sizeof(ends[0]), sizeof(ends[1])};
  const int socket = PQsocket(connection_);
  if (getsockname(socket, reinterpret_cast<sockaddr*>(&ends[0]), &sizes[0]) != 0) return false;
  if (getpeername(socket, reinterpret_cast<sockaddr*>(&ends[1]), &sizes[1]) != 0) return false;
  if (ends[0].ss_family != ends[1].ss_family) return false;
  if (ends[0].ss_family == AF_INET) {
    return reinterpret_cast<const sockaddr_in&>(ends[0]).sin_addr.s_addr ==
           reinterpret_cast<const sockaddr_in&>(ends[1]).sin_addr.s_addr;
  }
  return ends[0].ss_family == AF_INET6 &&
         std::memcmp(&reinterpret_cast<const sockaddr_in6&>(ends[0]).sin6_addr,
                     &reinterpret_cast<const sockaddr_in6&>(ends[1]).sin6_addr, sizeof(in6_addr)) == 0;
}

void PgConnection::LimitReceiveBuffer(int bytes) {
  (void)setsockopt(PQsocket(connection_), SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes));
}

Status PgConnection::Flush(Deadline deadline) {
  while (true) {
    const int left = PQflush(connection_);
    if (left == 0) return Status::Ok();
    if (left < 0) return LostStatus("send to server");
    if (deadline.Passed()) return Status(Code::kTimeout, "the server does not take our request");
    pollfd waiting{PQsocket(connection_), POLLIN | POLLOUT, 0};
    if (poll(&waiting, 1, PollTimeout(deadline)) > 0 && (waiting.revents & POLLIN) != 0 &&
        PQconsumeInput(connection_) == 0) {
      return LostStatus("send to server");
    }
  }
}

// Null when the statement has no further result.
Result<pg_result*> PgConnection::NextResult(Deadline deadline, const StopToken& stop) {
  while (PQisBusy(connection_)) {
    ASSIGN_OR_RETURN(const bool readable, WaitReadable(deadline, stop));
    if (!readable) return Status(Code::kTimeout, "the server did not answer in time");
    if (PQconsumeInput(connection_) == 0) return LostStatus("read from server");
  }
  return PQgetResult(connection_);
}

// Reads a statement's results to their end; the first one that is an error wins, else the last is returned.
Result<pg_result*> PgConnection::LastResult(Deadline deadline, const StopToken& stop) {
  PGresult* last = nullptr;
  while (true) {
    Result<pg_result*> next = NextResult(deadline, stop);
    if (!next.ok()) {
      PQclear(last);
      return next;
    }
    if (*next == nullptr) break;
    const ExecStatusType status = PQresultStatus(*next);
    const bool failed = last != nullptr && PQresultStatus(last) == PGRES_FATAL_ERROR;
    if (failed) {
      PQclear(*next);
    } else {
      PQclear(last);
      last = *next;
    }
    if (status == PGRES_COPY_OUT || status == PGRES_COPY_BOTH) break;
  }
  if (last == nullptr) return LostStatus("read result");
  if (PQresultStatus(last) != PGRES_FATAL_ERROR) return last;
  Status status = broken() ? LostStatus("server closed the connection") : ResultError(last);
  PQclear(last);
  return status;
}

Result<PgRows> PgConnection::Query(const std::string& sql, Deadline deadline,
                                   const std::vector<std::optional<std::string>>& parameters, StopToken stop) {
  std::vector<const char*> values;
  for (const auto& parameter : parameters) values.push_back(parameter ? parameter->c_str() : nullptr);
  const int sent = parameters.empty() ? PQsendQuery(connection_, sql.c_str())
                                      : PQsendQueryParams(connection_, sql.c_str(), static_cast<int>(values.size()),
                                                          nullptr, values.data(), nullptr, nullptr, 0);
  if (sent == 0) return LostStatus("send query");
  TRY(Flush(deadline));
  ASSIGN_OR_RETURN(pg_result * result, LastResult(deadline, stop));
  return PgRows(result);
}

Status PgConnection::StartCopy(const std::string& sql, Deadline deadline, StopToken stop) {
  if (PQsendQuery(connection_, sql.c_str()) == 0) return LostStatus("send query");
  TRY(Flush(deadline));
  ASSIGN_OR_RETURN(pg_result * result, LastResult(deadline, stop));
  const ExecStatusType status = PQresultStatus(result);
  PQclear(result);
  if (status == PGRES_COPY_OUT || status == PGRES_COPY_BOTH) return Status::Ok();
  return Status(Code::kCorrupt, "the server did not start a copy");
}

Result<PgConnection::CopyState> PgConnection::TryCopyData(CopyBytes& data) {
  char* bytes = nullptr;
  int size = PQgetCopyData(connection_, &bytes, 1);
  if (size == 0) {
    if (PQconsumeInput(connection_) == 0) return LostStatus("read from server");
    size = PQgetCopyData(connection_, &bytes, 1);
  }
  if (size > 0) {
    data = CopyBytes(bytes, static_cast<size_t>(size));
    return CopyState::kData;
  }
  if (size == 0) return CopyState::kWait;
  if (size == -2) return LostStatus("read from server");
  constexpr std::chrono::seconds kEndWait{10};  // the command-complete message follows at once
  ASSIGN_OR_RETURN(pg_result * result, LastResult(Deadline::After(kEndWait), {}));
  PQclear(result);
  return CopyState::kEnd;
}

Status PgConnection::SendCopyData(std::string_view data) {
  constexpr std::chrono::seconds kSendWait{30};  // a status message is tiny: a peer that long deaf is gone
  const int sent = PQputCopyData(connection_, data.data(), static_cast<int>(data.size()));
  if (sent < 0) return LostStatus("send status");
  if (sent == 0) return Status(Code::kUnavailable, "send status: buffer full");
  return Flush(Deadline::After(kSendWait));
}

Status PgConnection::CancelCopy(Deadline deadline) {
  char error[256] = {};
  PGcancel* cancel = PQgetCancel(connection_);
  const int sent = cancel != nullptr ? PQcancel(cancel, error, sizeof(error)) : 0;
  PQfreeCancel(cancel);
  if (sent == 0) return Status(Code::kUnavailable, std::string("cancel: ") + error);
  while (true) {
    CopyBytes unread;
    Result<CopyState> state = TryCopyData(unread);
    if (!state.ok()) return state.code() == Code::kCancelled ? Status::Ok() : std::move(state).status();
    if (*state == CopyState::kEnd) return Status::Ok();
    if (*state == CopyState::kData) continue;
    ASSIGN_OR_RETURN(const bool readable, WaitReadable(deadline));
    if (!readable) return Status(Code::kTimeout, "cancelled copy did not end in time");
  }
}

std::string PgConnection::Literal(std::string_view text) {
  std::string quoted = "'";
  for (const char c : text) {
    if (c == '\'') quoted.push_back('\'');
    quoted.push_back(c);
  }
  return quoted + "'";
}

std::string PgConnection::Identifier(std::string_view name) {
  std::string quoted = "\"";
  for (const char c : name) {
    if (c == '"') quoted.push_back('"');
    quoted.push_back(c);
  }
  return quoted + "\"";
}

std::string ArrayText(const std::vector<std::string>& elements) {
  std::string text = "{";
  for (const std::string& element : elements) {
    if (text.size() > 1) text.push_back(',');
    text.push_back('"');
    for (const char c : element) {
      if (c == '"' || c == '\\') text.push_back('\\');
      text.push_back(c);
    }
    text.push_back('"');
  }
  return text + "}";
}

}  // namespace freshet
