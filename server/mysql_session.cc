// SPDX-License-Identifier: Apache-2.0
#include "server/mysql_session.h"

#include <algorithm>
#include <charconv>

#include "base/log.h"
#include "server/auth_exchange.h"
#include "server/protocol.h"
#include "server/reply.h"

namespace freshet {
namespace {

// A peer that closes within the login, or that we were told to end.
Status PeerClosed() {
  return Status(Code::kUnavailable, "connection closed by the client");
}

}  // namespace

MysqlSession::MysqlSession(const SessionEnvironment& environment, uint32_t connection_id,
                           std::unique_ptr<ByteStream> stream)
    : environment_(environment),
      connection_id_(connection_id),
      stream_(std::move(stream)),
      channel_(*stream_, protocol::kHandshakePacketMax),
      scramble_(MakeScramble()),
      since_(Clock::System().Now()) {}

MysqlSession::~MysqlSession() = default;

void MysqlSession::CancelStatement() {
  MutexLock lock(mutex_);
  if (executor_ != nullptr) executor_->CancelStatement();
}

void MysqlSession::Kill() {
  MutexLock lock(mutex_);
  killed_ = true;
  if (executor_ != nullptr) executor_->Close();
  stream_->Interrupt();
}

ConnectionInfo MysqlSession::info() const {
  MutexLock lock(mutex_);
  const auto age = std::chrono::duration_cast<std::chrono::seconds>(Clock::System().Now() - since_);
  return {connection_id_, user_, stream_->peer_host(), database_, command_, age.count()};
}

void MysqlSession::NoteCommand(const char* command) {
  MutexLock lock(mutex_);
  command_ = command;
  since_ = Clock::System().Now();
  if (current_ != nullptr) database_ = current_->database();
}

Status MysqlSession::Serve() {
  Status login = Login();
  if (!login.ok()) {
    environment_.metrics->LoginFailed();
    return login;
  }
  return Commands();
}

Status MysqlSession::Login() {
  const Deadline deadline = Deadline::After(environment_.handshake_timeout);
  uint32_t offered = protocol::kServerCapabilities;
  if (stream_->can_start_tls()) offered |= protocol::kClientSsl;
  TRY(channel_.Write(GreetingPayload({connection_id_, scramble_, offered, PluginName(AuthPlugin::kCachingSha2)})));
  TRY(channel_.Flush());
  ASSIGN_OR_RETURN(auto payload, channel_.Read(deadline));
  if (!payload) return PeerClosed();
  if (IsTlsRequest(*payload) && stream_->can_start_tls()) {
    TRY(channel_.StartTls(deadline));
    ASSIGN_OR_RETURN(payload, channel_.Read(deadline));
    if (!payload) return PeerClosed();
  }
  Result<LoginRequest> login = ParseHandshakeResponse(*payload);
  if (!login.ok()) {
    TRY(channel_.Write(EarlyErrPayload(BadHandshake())));
    TRY(channel_.Flush());
    return std::move(login).status();
  }
  capabilities_ = login->capabilities & offered;
  ASSIGN_OR_RETURN(const bool accepted, Authenticate(*login, false, deadline));
  if (!accepted) return Status(Code::kAuth, "login denied");
  ASSIGN_OR_RETURN(const bool ready, BecomeUser(*login));
  if (!ready) return Status(Code::kNotFound, "unknown database at login");
  channel_.set_packet_bytes_max(protocol::kMaxAllowedPacket);
  return Status();
}

Result<bool> MysqlSession::Authenticate(const LoginRequest& login, bool switch_first, Deadline deadline) {
  AuthExchange exchange({environment_.accounts, environment_.rsa, login.user, scramble_, stream_->secure()});
  // A client that cannot name plugins cannot be asked to switch either.
  const bool can_switch = (capabilities_ & protocol::kClientPluginAuth) != 0;
  AuthStep step = switch_first && can_switch ? exchange.BeginWithSwitch()
                                             : exchange.Begin(can_switch ? login.plugin : "", login.proof);
  while (true) {
    for (const std::string& payload : step.send) TRY(channel_.Write(payload));
    if (step.verdict != AuthStep::Verdict::kMore) break;
    TRY(channel_.Flush());
    ASSIGN_OR_RETURN(const auto payload, channel_.Read(deadline));
    if (!payload) return PeerClosed();
    step = exchange.OnPacket(*payload);
  }
  if (step.verdict == AuthStep::Verdict::kAccepted) return true;
  const bool malformed = step.verdict == AuthStep::Verdict::kMalformed;
  const ServerError error =
      malformed ? BadHandshake() : AccessDenied(login.user, stream_->peer_host(), exchange.used_password());
  environment_.metrics->CommandFailed(error.number);
  Log(LogLevel::kWarn, "login_denied", {{"connection", connection_id_}, {"host", stream_->peer_host()}});
  TRY(channel_.Write(ErrPayload(error)));
  TRY(channel_.Flush());
  return false;
}

Result<bool> MysqlSession::BecomeUser(const LoginRequest& login) {
  auto executor = std::make_unique<Executor>(
      Executor::Setup{environment_.sql, environment_.jobs, environment_.connections, login.user, connection_id_});
  const Status used = login.database.empty() ? Status() : executor->UseDatabase(login.database);
  if (!used.ok()) {
    TRY(channel_.Write(ErrPayload(ErrorOf(used))));
    TRY(channel_.Flush());
    return false;
  }
  handler_ = nullptr;  // refers to the executor that goes now
  current_ = executor.get();
  {
    MutexLock lock(mutex_);
    executor_.swap(executor);
    user_ = login.user;
    database_ = login.database;
  }
  handler_ = std::make_unique<CommandHandler>(CommandHandler::Setup{
      &channel_, current_, environment_.metrics, environment_.connections, login.user, capabilities_});
  TRY(channel_.Write(OkPayload(protocol::kStatusAutocommit)));
  TRY(channel_.Flush());
  return true;
}

std::chrono::seconds MysqlSession::IdleLimit() const {
  const std::string text = current_->variable("wait_timeout");
  int64_t seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (error != std::errc() || end != text.data() + text.size() || seconds <= 0) return environment_.wait_timeout;
  return std::min(environment_.wait_timeout, std::chrono::seconds(seconds));
}

Status MysqlSession::Commands() {
  while (true) {
    NoteCommand("Sleep");
    channel_.BeginCommand();
    Result<std::optional<std::string_view>> packet = channel_.Read(Deadline::After(IdleLimit()));
    if (packet.code() == Code::kTimeout) {
      TRY(channel_.Write(ErrPayload(IdleTimeout())));
      TRY(channel_.Flush());
    }
    ASSIGN_OR_RETURN(const auto payload, std::move(packet));
    if (!payload) return Status();
    if (payload->empty()) {
      TRY(channel_.Write(ErrPayload(MalformedPacket())));
      TRY(channel_.Flush());
      continue;
    }
    const auto command = static_cast<protocol::Command>((*payload)[0]);
    const std::string_view body = payload->substr(1);
    if (command == protocol::Command::kQuit) return Status();
    NoteCommand("Query");
    if (command == protocol::Command::kChangeUser) {
      TRY(ChangeUser(body));
    } else {
      TRY(handler_->Handle(command, body));
    }
    MutexLock lock(mutex_);
    if (killed_) return Status(Code::kCancelled, "connection killed");
  }
}

Status MysqlSession::ChangeUser(std::string_view body) {
  Result<LoginRequest> login = ParseChangeUser(body, capabilities_);
  if (!login.ok()) {
    TRY(channel_.Write(ErrPayload(MalformedPacket())));
    TRY(channel_.Flush());
    return std::move(login).status();
  }
  const bool can_switch = (capabilities_ & protocol::kClientPluginAuth) != 0;
  // Some clients send no proof with the command and wait to be asked, others prove with the scramble of the
  // greeting whatever they are sent: asking with that scramble suits both.
  ASSIGN_OR_RETURN(const bool accepted,
                   Authenticate(*login, can_switch, Deadline::After(environment_.handshake_timeout)));
  if (!accepted) return Status(Code::kAuth, "change of user denied");
  ASSIGN_OR_RETURN(const bool ready, BecomeUser(*login));
  return ready ? Status() : Status(Code::kNotFound, "unknown database at change of user");
}

}  // namespace freshet
