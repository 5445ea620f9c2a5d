// SPDX-License-Identifier: Apache-2.0
#include "server/password.h"

#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <openssl/sha.h>

#include "base/check.h"
#include "server/protocol.h"

namespace freshet {
namespace {

const uint8_t* Bytes(std::string_view text) {
  return reinterpret_cast<const uint8_t*>(text.data());
}

template <typename Digest>
std::string_view View(const Digest& digest) {
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

Sha1Digest Sha1(std::string_view text) {
  Sha1Digest digest;
  SHA1(Bytes(text), text.size(), digest.data());
  return digest;
}

Sha256Digest Sha256(std::string_view text) {
  Sha256Digest digest;
  SHA256(Bytes(text), text.size(), digest.data());
  return digest;
}

// digest ^= other, both of the digest's size.
template <typename Digest>
void Xor(Digest& digest, std::string_view other) {
  for (size_t i = 0; i < digest.size(); ++i) digest[i] ^= static_cast<uint8_t>(other[i]);
}

template <typename Digest>
bool Same(const Digest& a, const Digest& b) {
  return CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

int HexValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

}  // namespace

Sha1Digest NativeStoredHash(std::string_view password) {
  return Sha1(View(Sha1(password)));
}
Sha256Digest Sha2StoredHash(std::string_view password) {
  return Sha256(View(Sha256(password)));
}

bool CheckNativeProof(const Sha1Digest& stored, std::string_view scramble, std::string_view proof) {
  if (proof.size() != stored.size()) return false;
  Sha1Digest stage1 = Sha1(std::string(scramble).append(View(stored)));
  Xor(stage1, proof);  // SHA1(password), if the proof is right
  return Same(Sha1(View(stage1)), stored);
}

bool CheckSha2Proof(const Sha256Digest& stored, std::string_view scramble, std::string_view proof) {
  if (proof.size() != stored.size()) return false;
  Sha256Digest stage1 = Sha256(std::string(View(stored)).append(scramble));
  Xor(stage1, proof);
  return Same(Sha256(View(stage1)), stored);
}

Result<Sha1Digest> ParseNativeHash(std::string_view text) {
  Sha1Digest digest;
  if (text.size() != 1 + 2 * digest.size() || text[0] != '*') {
    return Status(Code::kInvalid, "a password hash is '*' and 40 hex digits, as SELECT PASSWORD('..') prints it");
  }
  for (size_t i = 0; i < digest.size(); ++i) {
    const int high = HexValue(text[1 + 2 * i]);
    const int low = HexValue(text[2 + 2 * i]);
    if (high < 0 || low < 0) return Status(Code::kInvalid, "a password hash holds a character that is no hex digit");
    digest[i] = static_cast<uint8_t>(high << 4 | low);
  }
  return digest;
}

std::string MakeScramble() {
  std::string scramble(protocol::kScrambleBytes, '\0');
  CHECK(RAND_bytes(reinterpret_cast<uint8_t*>(scramble.data()), static_cast<int>(scramble.size())) == 1);
  for (char& c : scramble) {
    c = static_cast<char>(c & 0x7f);
    if (c == '\0' || c == '$') ++c;
  }
  return scramble;
}

}  // namespace freshet
