// SPDX-License-Identifier: Apache-2.0
#include "server/socket_stream.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/check.h"

namespace freshet {
namespace {

constexpr size_t kReadStepBytes = 64u << 10;

Status Broken(const char* what) {
  return Status(Code::kUnavailable, std::string(what) + ": " + std::strerror(errno));
}

}  // namespace

SocketStream::SocketStream(int socket, std::string peer_host, std::shared_ptr<const TlsContext> tls)
    : socket_(socket), peer_host_(std::move(peer_host)), context_(std::move(tls)) {
  const int flags = ::fcntl(socket_, F_GETFL);
  ::fcntl(socket_, F_SETFL, flags | O_NONBLOCK);
  const int on = 1;
  ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));  // replies are written whole
  ::setsockopt(socket_, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));  // finds peers that vanished
}

SocketStream::~SocketStream() {
  ::close(socket_);
}

void SocketStream::Interrupt() {
  ::shutdown(socket_, SHUT_RDWR);
}

Status SocketStream::Wait(short events, Deadline deadline) {
  while (true) {
    pollfd descriptor{socket_, events, 0};
    const int ready = ::poll(&descriptor, 1, static_cast<int>(deadline.Left().count()));
    if (ready > 0) return Status();
    if (ready < 0 && errno != EINTR) return Broken("poll");
    if (deadline.Passed()) return Status(Code::kTimeout, "no network activity in time");
  }
}

Result<bool> SocketStream::ReadRaw(std::string& buffer, Deadline deadline) {
  const size_t old_size = buffer.size();
  while (true) {
    buffer.resize(old_size + kReadStepBytes);
    const ssize_t got = ::recv(socket_, buffer.data() + old_size, kReadStepBytes, 0);
    buffer.resize(old_size + (got > 0 ? static_cast<size_t>(got) : 0));
    if (got > 0) return true;
    if (got == 0) return false;
    if (errno == EINTR) continue;
    if (errno != EAGAIN) return Broken("receive");
    TRY(Wait(POLLIN, deadline));
  }
}

Status SocketStream::WriteRaw(std::string_view bytes, Deadline deadline) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent >= 0) {
      bytes.remove_prefix(static_cast<size_t>(sent));
    } else if (errno == EAGAIN) {
      TRY(Wait(POLLOUT, deadline));
    } else if (errno != EINTR) {
      return Broken("send");
    }
  }
  return Status();
}

Status SocketStream::FlushTls(Deadline deadline) {
  std::string out;
  channel_->TakeToSend(out);
  return WriteRaw(out, deadline);
}

Status SocketStream::StartTls(std::string_view received, Deadline deadline) {
  CHECK(can_start_tls());
  ASSIGN_OR_RETURN(channel_, TlsChannel::Accept(context_));
  channel_->Received(received);
  while (true) {
    Result<bool> done = channel_->Handshake();
    TRY(FlushTls(deadline));  // an alert too
    TRY(done.status());
    if (*done) return Status();
    std::string bytes;
    ASSIGN_OR_RETURN(const bool open, ReadRaw(bytes, deadline));
    if (!open) return Status(Code::kUnavailable, "closed during the TLS handshake");
    channel_->Received(bytes);
  }
}

Result<bool> SocketStream::Read(std::string& buffer, Deadline deadline) {
  if (channel_ == nullptr) return ReadRaw(buffer, deadline);
  const size_t old_size = buffer.size();
  while (true) {
    ASSIGN_OR_RETURN(const bool open, channel_->Decrypt(buffer));
    TRY(FlushTls(deadline));
    if (buffer.size() > old_size) return true;
    if (!open) return false;
    std::string bytes;
    ASSIGN_OR_RETURN(const bool connected, ReadRaw(bytes, deadline));
    if (!connected) return false;
    channel_->Received(bytes);
  }
}

Status SocketStream::Write(std::string_view bytes, Deadline deadline) {
  if (channel_ == nullptr) return WriteRaw(bytes, deadline);
  TRY(channel_->Encrypt(bytes));
  return FlushTls(deadline);
}

}  // namespace freshet
