// SPDX-License-Identifier: Apache-2.0
// Whole conversations as bytes: what a client sends is given, what the session writes is compared; then the same
// conversation broken off at every byte, with the peer closing and with the network failing.
#include "server/mysql_session.h"

#include <gtest/gtest.h>

#include "server/protocol.h"
#include "server/reply.h"
#include "server/result_set.h"
#include "server/wire.h"
#include "tests/unit/server/fake_backend.h"

namespace freshet {
namespace {

constexpr uint32_t kCapabilities =
    protocol::kClientProtocol41 | protocol::kClientSecureConnection | protocol::kClientPluginAuth;

// Gives `input` byte by byte, then `end`; keeps what was written.
class ScriptedStream : public ByteStream {
 public:
  ScriptedStream(std::string input, std::string& output, bool fails_at_end)
      : input_(std::move(input)), output_(output), fails_at_end_(fails_at_end) {}
  Result<bool> Read(std::string& buffer, Deadline) override {
    if (next_ == input_.size())
      return fails_at_end_ ? Result<bool>(Status(Code::kUnavailable, "reset")) : Result<bool>(false);
    buffer += input_[next_++];
    return true;
  }
  Status Write(std::string_view bytes, Deadline) override {
    output_ += bytes;
    return Status();
  }
  Status StartTls(std::string_view, Deadline) override { return Status(Code::kCorrupt, "no TLS here"); }
  bool can_start_tls() const override { return false; }
  bool secure() const override { return false; }
  const std::string& peer_host() const override { return host_; }
  void Interrupt() override {}

 private:
  const std::string input_;
  size_t next_ = 0;
  std::string& output_;
  const bool fails_at_end_;
  const std::string host_ = "script";
};

std::string Frame(std::string_view payload, uint8_t sequence) {
  std::string out;
  AppendPacket(out, payload, sequence);
  return out;
}

std::string LoginResponse(uint32_t capabilities, const std::string& user = "root") {
  std::string out;
  PutUint(out, capabilities, 4);
  PutUint(out, 1 << 24, 4);
  PutUint(out, 45, 1);
  out.append(23, '\0');
  out += user + '\0' + '\0';
  if (capabilities & protocol::kClientPluginAuth) out += std::string("mysql_native_password") + '\0';
  return out;
}

class Session : public ::testing::Test {
 protected:
  Session() {
    accounts_.AddWithPassword("root", "");
    environment_ = {.accounts = &accounts_,
                    .rsa = &rsa_,
                    .sql = &engine_,
                    .jobs = &jobs_,
                    .metrics = &metrics_,
                    .connections = &connections_};
  }
  // What the session writes after its greeting.
  std::string Converse(const std::string& input, bool fails_at_end = false) {
    std::string output;
    MysqlSession session(environment_, 1, std::make_unique<ScriptedStream>(input, output, fails_at_end));
    ended_ = session.Serve();
    ByteCursor cursor(output);
    cursor.Skip(static_cast<size_t>(cursor.UintLe(3)) + 1);
    EXPECT_TRUE(cursor.ok());
    return std::string(cursor.TakeRest());
  }
  Accounts accounts_;
  RsaKey rsa_;
  testing::FakeEngine engine_;
  testing::FakeJobs jobs_;
  Metrics metrics_;
  ConnectionRegistry connections_;
  SessionEnvironment environment_;
  Status ended_;
};

const std::string kQuit = Frame("\x01", 0);

TEST_F(Session, QueryIsAnsweredInTheFormOfEitherGenerationOfClients) {
  const ResultColumn column{.name = "n", .type = ResultType::kLongLong};
  for (const bool deprecated : {false, true}) {
    const uint32_t capabilities = kCapabilities | (deprecated ? protocol::kClientDeprecateEof : 0u);
    const std::string written = Converse(Frame(LoginResponse(capabilities), 1) + Frame("\x03SELECT 7", 0) + kQuit);
    EXPECT_TRUE(ended_.ok()) << ended_.message();
    std::string expected = Frame(OkPayload(protocol::kStatusAutocommit), 2);
    uint8_t sequence = 1;
    AppendPacket(expected, "\x01", sequence);
    AppendPacket(expected, ColumnPayload(column), sequence);
    if (!deprecated) AppendPacket(expected, EofPayload(protocol::kStatusAutocommit), sequence);
    AppendPacket(expected,
                 "\x01"
                 "7",
                 sequence);
    AppendPacket(expected, EndOfRowsPayload(protocol::kStatusAutocommit, deprecated), sequence);
    EXPECT_EQ(written, expected);
  }
}

TEST_F(Session, ConversationBrokenOffAtAnyByteEnds) {
  std::string prepare_and_run = Frame("\x16SELECT ?", 0);
  prepare_and_run += Frame(std::string("\x18\1\0\0\0\0\0long", 11), 0);
  prepare_and_run += Frame(std::string("\x17\1\0\0\0\0\1\0\0\0\0\1\xfd\0", 14), 0);
  prepare_and_run += Frame(std::string("\x19\1\0\0\0", 5), 0);
  const std::string whole = Frame(LoginResponse(kCapabilities), 1) + Frame("\x03SELECT 7", 0) + prepare_and_run +
                            Frame("\x0e", 0) + Frame(std::string("\x04typed\0", 7), 0) + Frame("\x1f", 0) + kQuit;
  const std::string all = Converse(whole);
  ASSERT_TRUE(ended_.ok()) << ended_.message();
  for (const bool fails : {false, true}) {
    for (size_t cut = 0; cut < whole.size(); ++cut) {
      const std::string part = Converse(whole.substr(0, cut), fails);
      EXPECT_TRUE(all.starts_with(part)) << cut;
      if (fails) {
        EXPECT_EQ(ended_.code(), Code::kUnavailable) << cut;
      }
    }
  }
}

TEST_F(Session, TlsAnnouncementWithoutTlsIsABadHandshake) {
  std::string request;
  PutUint(request, protocol::kClientSsl | protocol::kClientProtocol41, 4);
  request.append(28, '\0');
  EXPECT_EQ(Converse(Frame(request, 1)), Frame(EarlyErrPayload(BadHandshake()), 2));
  EXPECT_EQ(ended_.code(), Code::kInvalid);
}

TEST_F(Session, LoginPacketAboveItsOwnSmallLimitIsRefused) {
  std::string header;
  PutUint(header, protocol::kHandshakePacketMax + 1, 3);
  header += '\1';
  EXPECT_EQ(Converse(header), Frame(ErrPayload(PacketTooLarge()), 2));
}

TEST_F(Session, MalformedCommandsAreAnsweredAndTheConnectionLives) {
  std::string commands;
  std::vector<uint16_t> numbers;
  const auto add = [&](const std::string& payload, uint16_t number) {
    commands += Frame(payload, 0);
    numbers.push_back(number);
  };
  add("", 1835);
  add("\x7f", 1047);
  add("\x17", 1835);
  add(std::string("\x17\x09\0\0\0\0\1\0\0\0", 10), 1243);
  add(std::string("\x1a\x09\0\0\0", 5), 1243);
  add("\x1b", 1047);
  add("\x0c", 1835);
  add("\x04no end", 1835);
  add(std::string("\x1c\1\0\0\0\1\0\0\0", 9), 1235);
  const std::string written = Converse(Frame(LoginResponse(kCapabilities), 1) + commands + Frame("\x0e", 0) + kQuit);
  EXPECT_TRUE(ended_.ok()) << ended_.message();
  ByteCursor cursor(written);
  cursor.Skip(static_cast<size_t>(cursor.UintLe(3)) + 1);  // the login's OK
  for (const uint16_t number : numbers) {
    const auto size = static_cast<size_t>(cursor.UintLe(3));
    EXPECT_EQ(cursor.U8(), 1);
    ByteCursor error(cursor.Take(size));
    EXPECT_EQ(error.U8(), 0xff);
    EXPECT_EQ(error.U16Le(), number);
  }
  EXPECT_EQ(cursor.TakeRest(), Frame(OkPayload(protocol::kStatusAutocommit), 1));
}

}  // namespace
}  // namespace freshet
