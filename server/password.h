// SPDX-License-Identifier: Apache-2.0
// The hashes of both password plugins and the checks of what a client proves with them. Pure functions.
// A password itself is kept nowhere: only these digests.
//
//   mysql_native_password   stored  S = SHA1(SHA1(password))
//                           client  SHA1(password) xor SHA1(scramble ++ S)
//   caching_sha2_password   stored  S = SHA256(SHA256(password))
//                           client  SHA256(password) xor SHA256(S ++ scramble)
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/status.h"

namespace freshet {

using Sha1Digest = std::array<uint8_t, 20>;
using Sha256Digest = std::array<uint8_t, 32>;

Sha1Digest NativeStoredHash(std::string_view password);
Sha256Digest Sha2StoredHash(std::string_view password);

// `scramble` is what the server sent (20 bytes), `proof` what came back. False for a proof of another size.
bool CheckNativeProof(const Sha1Digest& stored, std::string_view scramble, std::string_view proof);
bool CheckSha2Proof(const Sha256Digest& stored, std::string_view scramble, std::string_view proof);

// "*" and 40 hex digits, as PASSWORD() of MySQL prints it. kInvalid without saying the text.
Result<Sha1Digest> ParseNativeHash(std::string_view text);

// Random bytes without NUL and '$', as clients expect of a scramble.
std::string MakeScramble();

}  // namespace freshet
