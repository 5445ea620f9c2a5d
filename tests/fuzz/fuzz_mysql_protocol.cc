// SPDX-License-Identifier: Apache-2.0
// Everything of the MySQL server protocol that reads a client's bytes: framing, login messages, the exchange of
// proofs, prepared statement parameters, KILL. The first byte picks the reader.
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "server/auth_exchange.h"
#include "server/handshake.h"
#include "server/kill_statement.h"
#include "server/packet.h"
#include "server/protocol.h"
#include "server/result_set.h"
#include "server/statement_parameters.h"

namespace freshet {
namespace {

// Whatever the cut, the same packets must come out.
void Framing(std::string_view bytes, size_t cut) {
  std::string whole;
  std::string pieces;
  for (std::string* packets : {&whole, &pieces}) {
    PacketReader reader(1000);
    uint8_t sequence = 0;
    const size_t first = packets == &whole ? bytes.size() : cut % (bytes.size() + 1);
    for (const std::string_view piece : {bytes.substr(0, first), bytes.substr(first)}) {
      reader.input() += piece;
      while (reader.Next(sequence) == PacketReader::Outcome::kPacket) *packets += reader.payload() + "|";
    }
  }
  CHECK(whole == pieces);
}

void Login(std::string_view bytes, bool secure) {
  Accounts accounts;
  accounts.AddWithHash("a", NativeStoredHash("p"));
  accounts.AddWithPassword("b", "p");
  static RsaKey rsa;
  const auto login = ParseHandshakeResponse(bytes);
  if (!login.ok()) return;
  AuthExchange exchange({&accounts, &rsa, login->user, std::string(protocol::kScrambleBytes, 's'), secure});
  AuthStep step = exchange.Begin(login->plugin, login->proof);
  // Nobody knows the password here: "p" itself over TLS is the one way in.
  if (step.verdict == AuthStep::Verdict::kMore) (void)exchange.OnPacket(bytes);
}

}  // namespace
}  // namespace freshet

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace freshet;
  if (size < 2) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 2, size - 2);
  const uint8_t argument = data[1];
  switch (data[0] % 7) {
    case 0: Framing(bytes, argument); break;
    case 1: Login(bytes, argument % 2 == 0); break;
    case 2: (void)ParseChangeUser(bytes, argument % 2 == 0 ? 0 : protocol::kServerCapabilities); break;
    case 3: {
      std::vector<ParameterType> types;
      (void)ParseParameters(bytes, argument, types, {});
      break;
    }
    case 4: (void)ParseKill(bytes); break;
    case 5: (void)BinaryDateTime(bytes); break;
    case 6: (void)BinaryTime(bytes); break;
  }
  return 0;
}
