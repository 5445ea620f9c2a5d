// SPDX-License-Identifier: Apache-2.0
#include "server/listener.h"

#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/log.h"
#include "server/reply.h"
#include "server/socket_stream.h"

namespace freshet {
namespace {

constexpr int kBacklog = 128;
// Out of file descriptors: accept() fails at once until one is closed; do not spin meanwhile.
constexpr int kAcceptPauseMs = 100;

struct AddressList {
  addrinfo* first = nullptr;
  ~AddressList() {
    if (first != nullptr) ::freeaddrinfo(first);
  }
};

Status SystemError(Code code, const std::string& what) {
  return Status(code, what + ": " + std::strerror(errno));
}

std::string HostOf(const sockaddr_storage& address, socklen_t size) {
  char host[NI_MAXHOST];
  const auto* generic = reinterpret_cast<const sockaddr*>(&address);
  return ::getnameinfo(generic, size, host, sizeof(host), nullptr, 0, NI_NUMERICHOST) == 0 ? host : "unknown";
}

uint16_t BoundPort(int socket) {
  sockaddr_storage address{};
  socklen_t size = sizeof(address);
  ::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size);
  char port[NI_MAXSERV] = "0";
  ::getnameinfo(reinterpret_cast<sockaddr*>(&address), size, nullptr, 0, port, sizeof(port), NI_NUMERICSERV);
  return static_cast<uint16_t>(std::atoi(port));
}

Result<int> Bind(const ListenerOptions& options) {
  addrinfo hints{};
  hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE;
  hints.ai_socktype = SOCK_STREAM;
  AddressList list;
  if (const int error =
          ::getaddrinfo(options.bind.c_str(), std::to_string(options.port).c_str(), &hints, &list.first)) {
    return Status(Code::kInvalid, "--bind " + options.bind + ": " + ::gai_strerror(error));
  }
  const std::string where = options.bind + ":" + std::to_string(options.port);
  const int socket = ::socket(list.first->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (socket < 0) return SystemError(Code::kLocalIo, "socket");
  const int on = 1;
  ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  if (::bind(socket, list.first->ai_addr, list.first->ai_addrlen) != 0 || ::listen(socket, kBacklog) != 0) {
    Status failed = SystemError(errno == EADDRINUSE ? Code::kConflict : Code::kInvalid, "cannot listen on " + where);
    ::close(socket);
    return failed;
  }
  return socket;
}

}  // namespace

Result<std::unique_ptr<MysqlListener>> MysqlListener::Start(const SessionEnvironment& environment,
                                                            ListenerOptions options) {
  ASSIGN_OR_RETURN(const int socket, Bind(options));
  const int wake = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (wake < 0) {
    ::close(socket);
    return SystemError(Code::kLocalIo, "eventfd");
  }
  const uint16_t port = BoundPort(socket);
  std::unique_ptr<MysqlListener> listener(new MysqlListener(environment, std::move(options), socket, wake, port));
  listener->thread_ = NamedThread("mysql-accept", [raw = listener.get()](StopToken stop) { raw->AcceptLoop(stop); });
  return listener;
}

MysqlListener::MysqlListener(const SessionEnvironment& environment, ListenerOptions options, int socket, int wake,
                             uint16_t port)
    : environment_(environment), options_(std::move(options)), socket_(socket), wake_(wake), port_(port) {}

void MysqlListener::Wake() {
  const uint64_t one = 1;
  (void)!::write(wake_, &one, sizeof(one));
}

void MysqlListener::Stop() {
  if (!thread_.running()) return;
  thread_.RequestStop();
  Wake();
  thread_.StopAndJoin();
  ::close(socket_);
  environment_.connections->KillAll();
  for (auto& [id, connection] : connections_) connection->thread.StopAndJoin();
  connections_.clear();
  ::close(wake_);
}

void MysqlListener::AcceptLoop(StopToken stop) {
  while (!stop.stop_requested()) {
    pollfd watched[] = {{socket_, POLLIN, 0}, {wake_, POLLIN, 0}};
    if (::poll(watched, 2, -1) < 0) continue;  // a signal
    if (watched[1].revents != 0) {
      uint64_t count = 0;
      (void)!::read(wake_, &count, sizeof(count));
      Reap();
    }
    if (watched[0].revents != 0 && !stop.stop_requested()) AcceptOne();
  }
}

void MysqlListener::AcceptOne() {
  sockaddr_storage address{};
  socklen_t size = sizeof(address);
  const int socket = ::accept4(socket_, reinterpret_cast<sockaddr*>(&address), &size, SOCK_CLOEXEC);
  if (socket < 0) {
    if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
      Log(LogLevel::kWarn, "accept_failed", {{"error", std::strerror(errno)}});
      pollfd wake{wake_, POLLIN, 0};
      ::poll(&wake, 1, kAcceptPauseMs);
    }
    return;
  }
  if (connections_.size() >= static_cast<size_t>(options_.connections_max)) {
    Refuse(socket);
    return;
  }
  StartSession(socket, HostOf(address, size));
}

// The error takes the greeting's place, as MySQL does it.
void MysqlListener::Refuse(int socket) {
  environment_.metrics->ConnectionRefused();
  uint8_t sequence = 0;
  std::string out;
  AppendPacket(out, EarlyErrPayload(TooManyConnections()), sequence);
  (void)!::send(socket, out.data(), out.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  ::close(socket);
}

void MysqlListener::StartSession(int socket, std::string host) {
  const uint32_t id = ++last_id_;
  auto connection = std::make_unique<Connection>();
  Connection* raw = connection.get();
  raw->session = std::make_unique<MysqlSession>(environment_, id,
                                                std::make_unique<SocketStream>(socket, std::move(host), options_.tls));
  environment_.connections->Add(id, raw->session.get());
  environment_.metrics->ConnectionOpened();
  raw->thread = NamedThread("mysql-" + std::to_string(id), [this, raw, id](StopToken) {
    const Status ended = raw->session->Serve();
    if (!ended.ok()) Log(LogLevel::kDebug, "connection_ended", {{"connection", id}, {"error", ended.message()}});
    environment_.connections->Remove(id);
    environment_.metrics->ConnectionClosed();
    raw->session.reset();  // closes the socket now, not at the next reaping
    raw->finished.store(true, std::memory_order_release);
    Wake();
  });
  connections_[id] = std::move(connection);
}

void MysqlListener::Reap() {
  std::erase_if(connections_, [](auto& entry) { return entry.second->finished.load(std::memory_order_acquire); });
}

}  // namespace freshet
