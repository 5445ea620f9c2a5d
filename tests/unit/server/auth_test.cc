// SPDX-License-Identifier: Apache-2.0
// Logins as bytes: both plugins, every path, and each way to be refused. Client proofs are made here from the
// protocol's formulas with OpenSSL, independently of server/password.cc.
#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include "base/version.h"
#include "server/auth_exchange.h"
#include "server/handshake.h"
#include "server/protocol.h"
#include "server/wire.h"

namespace freshet {
namespace {

using Verdict = AuthStep::Verdict;

const std::string kScramble = "abcdefghijklmnopqrst";

std::string Hash(const EVP_MD* kind, const std::string& text) {
  unsigned char out[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  EVP_Digest(text.data(), text.size(), out, &size, kind, nullptr);
  return std::string(reinterpret_cast<char*>(out), size);
}

std::string Xor(std::string a, const std::string& b) {
  for (size_t i = 0; i < a.size(); ++i) a[i] ^= b[i % b.size()];
  return a;
}

std::string NativeProof(const std::string& password) {
  const std::string once = Hash(EVP_sha1(), password);
  return Xor(once, Hash(EVP_sha1(), kScramble + Hash(EVP_sha1(), once)));
}

std::string Sha2Proof(const std::string& password) {
  const std::string once = Hash(EVP_sha256(), password);
  return Xor(once, Hash(EVP_sha256(), Hash(EVP_sha256(), once) + kScramble));
}

class Auth : public ::testing::Test {
 protected:
  Auth() {
    accounts.AddWithPassword("root", "");
    accounts.AddWithPassword("both", "s3cret");
    accounts.AddWithPassword("native", "s3cret", AuthPlugin::kNative);
    accounts.AddWithPassword("sha2", "s3cret", AuthPlugin::kCachingSha2);
    accounts.AddWithHash("hashed", NativeStoredHash("s3cret"));
  }
  AuthExchange Exchange(const std::string& user, bool secure = false) {
    return AuthExchange({&accounts, &rsa, user, kScramble, secure});
  }
  Verdict Direct(const std::string& user, std::string_view plugin, const std::string& proof) {
    return Exchange(user).Begin(plugin, proof).verdict;
  }
  Accounts accounts;
  RsaKey rsa;
};

TEST_F(Auth, StoredNativeHashIsWhatPasswordFunctionPrints) {
  // SELECT PASSWORD('password')
  const auto hash = ParseNativeHash("*2470C0C06DEE42FD1618BB99005ADCA2EC9D1E19");
  ASSERT_TRUE(hash.ok());
  EXPECT_EQ(*hash, NativeStoredHash("password"));
  for (const char* wrong :
       {"", "*", "2470C0C06DEE42FD1618BB99005ADCA2EC9D1E19", "*2470C0C06DEE42FD1618BB99005ADCA2EC9D1E1G"}) {
    EXPECT_EQ(ParseNativeHash(wrong).code(), Code::kInvalid) << wrong;
  }
}

TEST_F(Auth, RightNativeProofIsAccepted) {
  EXPECT_EQ(Direct("both", "mysql_native_password", NativeProof("s3cret")), Verdict::kAccepted);
  EXPECT_EQ(Direct("both", "", NativeProof("s3cret")), Verdict::kAccepted);
  EXPECT_EQ(Direct("hashed", "mysql_native_password", NativeProof("s3cret")), Verdict::kAccepted);
}

TEST_F(Auth, FastPathTellsItsSuccess) {
  AuthStep step = Exchange("both").Begin("caching_sha2_password", Sha2Proof("s3cret"));
  EXPECT_EQ(step.verdict, Verdict::kAccepted);
  EXPECT_EQ(step.send, std::vector<std::string>{"\x01\x03"});
}

TEST_F(Auth, WrongProofsAreDenied) {
  EXPECT_EQ(Direct("both", "mysql_native_password", NativeProof("wrong")), Verdict::kDenied);
  EXPECT_EQ(Direct("both", "caching_sha2_password", Sha2Proof("wrong")), Verdict::kDenied);
  EXPECT_EQ(Direct("both", "mysql_native_password", ""), Verdict::kDenied);
  EXPECT_EQ(Direct("both", "caching_sha2_password", std::string(1, '\0')), Verdict::kDenied);
  EXPECT_EQ(Direct("both", "mysql_native_password", "short"), Verdict::kDenied);
  EXPECT_EQ(Direct("both", "caching_sha2_password", "short"), Verdict::kMalformed);
}

TEST_F(Auth, UserWithoutPasswordIsAcceptedWithoutOneOnly) {
  EXPECT_EQ(Direct("root", "mysql_native_password", ""), Verdict::kAccepted);
  EXPECT_EQ(Direct("root", "caching_sha2_password", std::string(1, '\0')), Verdict::kAccepted);
  EXPECT_EQ(Direct("root", "caching_sha2_password", Sha2Proof("any")), Verdict::kDenied);
}

TEST_F(Auth, UnknownUserIsDeniedAndLooksLikeAWrongPassword) {
  EXPECT_EQ(Direct("nobody", "mysql_native_password", NativeProof("s3cret")), Verdict::kDenied);
  EXPECT_EQ(Direct("nobody", "mysql_native_password", ""), Verdict::kDenied);
  AuthExchange exchange = Exchange("nobody", true);
  EXPECT_EQ(exchange.Begin("caching_sha2_password", Sha2Proof("s3cret")).verdict, Verdict::kMore);
  EXPECT_EQ(exchange.OnPacket(std::string_view("s3cret\0", 7)).verdict, Verdict::kDenied);
}

TEST_F(Auth, OtherPluginIsSwitchedToTheUsersOwn) {
  for (const auto& [user, offered, wanted] : {std::tuple("native", "caching_sha2_password", "mysql_native_password"),
                                              std::tuple("sha2", "mysql_native_password", "caching_sha2_password"),
                                              std::tuple("both", "mysql_clear_password", "caching_sha2_password")}) {
    AuthExchange exchange = Exchange(user);
    AuthStep step = exchange.Begin(offered, "whatever");
    ASSERT_EQ(step.verdict, Verdict::kMore);
    ASSERT_EQ(step.send.size(), 1u);
    EXPECT_EQ(step.send[0], std::string("\xfe") + wanted + '\0' + kScramble + '\0');
    const bool native = std::string_view(wanted) == "mysql_native_password";
    EXPECT_EQ(exchange.OnPacket(native ? NativeProof("s3cret") : Sha2Proof("s3cret")).verdict, Verdict::kAccepted);
  }
}

TEST_F(Auth, FullPathOverTlsFillsTheCache) {
  AuthExchange exchange = Exchange("hashed", true);
  AuthStep step = exchange.Begin("caching_sha2_password", Sha2Proof("s3cret"));
  ASSERT_EQ(step.verdict, Verdict::kMore);
  EXPECT_EQ(step.send, std::vector<std::string>{"\x01\x04"});
  EXPECT_EQ(exchange.OnPacket(std::string_view("s3cret\0", 7)).verdict, Verdict::kAccepted);
  EXPECT_EQ(Direct("hashed", "caching_sha2_password", Sha2Proof("s3cret")), Verdict::kAccepted);
}

TEST_F(Auth, FullPathWithWrongPasswordIsDeniedAndNotCached) {
  AuthExchange exchange = Exchange("hashed", true);
  (void)exchange.Begin("caching_sha2_password", Sha2Proof("wrong"));
  EXPECT_EQ(exchange.OnPacket(std::string_view("wrong\0", 6)).verdict, Verdict::kDenied);
  EXPECT_FALSE(accounts.FastDigest("hashed").has_value());
}

std::string EncryptFor(const std::string& pem, const std::string& text) {
  BIO* bio = BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()));
  EVP_PKEY* key = PEM_read_bio_PUBKEY(bio, nullptr, nullptr, nullptr);
  EVP_PKEY_CTX* context = EVP_PKEY_CTX_new(key, nullptr);
  EVP_PKEY_encrypt_init(context);
  EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_OAEP_PADDING);
  size_t size = 512;
  std::string out(size, '\0');
  EVP_PKEY_encrypt(context, reinterpret_cast<unsigned char*>(out.data()), &size,
                   reinterpret_cast<const unsigned char*>(text.data()), text.size());
  out.resize(size);
  EVP_PKEY_CTX_free(context);
  EVP_PKEY_free(key);
  BIO_free(bio);
  return out;
}

TEST_F(Auth, FullPathWithoutTlsTakesTheEncryptedPasswordOnly) {
  AuthExchange exchange = Exchange("hashed");
  ASSERT_EQ(exchange.Begin("caching_sha2_password", Sha2Proof("s3cret")).verdict, Verdict::kMore);
  AuthStep key = exchange.OnPacket("\x02");
  ASSERT_EQ(key.verdict, Verdict::kMore);
  ASSERT_TRUE(key.send.at(0).starts_with("\x01-----BEGIN PUBLIC KEY-----"));
  const std::string cipher = EncryptFor(key.send[0].substr(1), Xor(std::string("s3cret\0", 7), kScramble));
  EXPECT_EQ(exchange.OnPacket(cipher).verdict, Verdict::kAccepted);

  AuthExchange clear = Exchange("hashed");
  accounts.AddWithHash("hashed", NativeStoredHash("s3cret"));
  ASSERT_EQ(clear.Begin("caching_sha2_password", Sha2Proof("s3cret")).verdict, Verdict::kMore);
  EXPECT_EQ(clear.OnPacket(std::string_view("s3cret\0", 7)).verdict, Verdict::kDenied);
}

TEST_F(Auth, PublicKeyIsGivenOncePerLogin) {
  AuthExchange exchange = Exchange("hashed");
  (void)exchange.Begin("caching_sha2_password", Sha2Proof("s3cret"));
  ASSERT_EQ(exchange.OnPacket("\x02").verdict, Verdict::kMore);
  EXPECT_EQ(exchange.OnPacket("\x02").verdict, Verdict::kMalformed);
}

std::string Response(uint32_t capabilities) {
  std::string out;
  PutUint(out, capabilities, 4);
  PutUint(out, 1 << 24, 4);
  PutUint(out, 45, 1);
  out.append(23, '\0');
  out += std::string("ann") + '\0';
  PutLenencString(out, "proof");
  out += std::string("shop") + '\0' + "mysql_native_password" + '\0';
  std::string attributes;
  PutLenencString(attributes, "_client_name");
  PutLenencString(attributes, "test");
  PutLenencString(out, attributes);
  return out;
}

constexpr uint32_t kUsual = protocol::kClientProtocol41 | protocol::kClientConnectWithDb | protocol::kClientPluginAuth |
                            protocol::kClientPluginAuthLenenc | protocol::kClientConnectAttrs |
                            protocol::kClientSecureConnection;

TEST(Handshake, ResponseIsReadInFull) {
  const auto login = ParseHandshakeResponse(Response(kUsual));
  ASSERT_TRUE(login.ok());
  EXPECT_EQ(login->user, "ann");
  EXPECT_EQ(login->proof, "proof");
  EXPECT_EQ(login->database, "shop");
  EXPECT_EQ(login->plugin, "mysql_native_password");
  EXPECT_EQ(login->attributes.at("_client_name"), "test");
}

TEST(Handshake, ResponseCutAtAnyByteIsReadShorterOrRefusedButNeverBeyond) {
  const std::string whole = Response(kUsual);
  const size_t proof_end = 32 + 4 + 6;
  for (size_t cut = 0; cut < whole.size(); ++cut) {
    const std::string part = whole.substr(0, cut);  // its own allocation: reading beyond is seen by ASan
    const auto login = ParseHandshakeResponse(part);
    if (cut < proof_end) {
      EXPECT_EQ(login.code(), Code::kInvalid) << cut;
    }
  }
}

TEST(Handshake, ClientOlderThan41IsRefused) {
  EXPECT_EQ(ParseHandshakeResponse(Response(kUsual & ~protocol::kClientProtocol41)).code(), Code::kInvalid);
}

TEST(Handshake, GreetingHasTheScrambleInTwoPartsAndThePlugin) {
  const std::string greeting = GreetingPayload({7, kScramble, protocol::kServerCapabilities, "caching_sha2_password"});
  ByteCursor cursor(greeting);
  EXPECT_EQ(cursor.U8(), 10);
  EXPECT_EQ(cursor.TakeCString(), kMysqlVersion);
  EXPECT_EQ(cursor.U32Le(), 7u);
  std::string scramble(cursor.Take(8));
  cursor.Skip(1 + 2 + 1 + 2 + 2);
  EXPECT_EQ(cursor.U8(), 21);
  cursor.Skip(10);
  scramble += cursor.TakeCString();
  EXPECT_EQ(scramble, kScramble);
  EXPECT_EQ(cursor.TakeCString(), "caching_sha2_password");
  EXPECT_TRUE(cursor.ok() && cursor.done());
}

TEST(Handshake, TlsIsAnnouncedByThirtyTwoBytesWithTheFlag) {
  std::string request;
  PutUint(request, protocol::kClientSsl | protocol::kClientProtocol41, 4);
  request.append(28, '\0');
  EXPECT_TRUE(IsTlsRequest(request));
  EXPECT_FALSE(IsTlsRequest(request + "x"));
  EXPECT_FALSE(IsTlsRequest(std::string(32, '\0')));
}

TEST(Scramble, HasNoByteThatEndsOrSplitsIt) {
  for (int i = 0; i < 1000; ++i) {
    const std::string scramble = MakeScramble();
    ASSERT_EQ(scramble.size(), 20u);
    ASSERT_EQ(scramble.find_first_of(std::string("\0$", 2)), std::string::npos);
  }
}

}  // namespace
}  // namespace freshet
