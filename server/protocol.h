// SPDX-License-Identifier: Apache-2.0
// Numbers of the MySQL client/server protocol that we speak: capability flags, commands, column types,
// column flags, status flags. They are the protocol's, not ours (MySQL Internals, "Client/Server
// Protocol"); never renumber.
#pragma once

#include <cstddef>
#include <cstdint>

namespace freshet::protocol {

inline constexpr uint8_t kProtocolVersion = 10;
inline constexpr uint8_t kCharsetUtf8mb4 = 45;  // utf8mb4_general_ci
inline constexpr uint8_t kCharsetBinary = 63;
inline constexpr size_t kScrambleBytes = 20;

// Longest payload of one frame; longer packets go on in the next frame.
inline constexpr size_t kFramePayloadMax = 0xffffff;
inline constexpr size_t kMaxAllowedPacket = 64u << 20;  // bytes of one packet, over all its frames
// Before a login a client may send a user name, a response and connect attributes (64 KiB), no more.
inline constexpr size_t kHandshakePacketMax = 128u << 10;

enum Capability : uint32_t {
  kClientLongPassword = 1u << 0,
  kClientFoundRows = 1u << 1,
  kClientLongFlag = 1u << 2,
  kClientConnectWithDb = 1u << 3,
  kClientIgnoreSpace = 1u << 8,
  kClientProtocol41 = 1u << 9,
  kClientInteractive = 1u << 10,
  kClientSsl = 1u << 11,
  kClientTransactions = 1u << 13,
  kClientSecureConnection = 1u << 15,
  kClientMultiStatements = 1u << 16,
  kClientMultiResults = 1u << 17,
  kClientPsMultiResults = 1u << 18,
  kClientPluginAuth = 1u << 19,
  kClientConnectAttrs = 1u << 20,
  kClientPluginAuthLenenc = 1u << 21,
  kClientDeprecateEof = 1u << 24,
};

// What we offer; kClientSsl is added when a certificate is there.
inline constexpr uint32_t kServerCapabilities =
    kClientLongPassword | kClientFoundRows | kClientLongFlag | kClientConnectWithDb | kClientIgnoreSpace |
    kClientProtocol41 | kClientInteractive | kClientTransactions | kClientSecureConnection | kClientMultiStatements |
    kClientMultiResults | kClientPsMultiResults | kClientPluginAuth | kClientConnectAttrs | kClientPluginAuthLenenc |
    kClientDeprecateEof;

enum class Command : uint8_t {
  kQuit = 0x01,
  kInitDb = 0x02,
  kQuery = 0x03,
  kFieldList = 0x04,
  kStatistics = 0x09,
  kProcessKill = 0x0c,
  kPing = 0x0e,
  kChangeUser = 0x11,
  kStmtPrepare = 0x16,
  kStmtExecute = 0x17,
  kStmtSendLongData = 0x18,
  kStmtClose = 0x19,
  kStmtReset = 0x1a,
  kSetOption = 0x1b,
  kStmtFetch = 0x1c,
  kResetConnection = 0x1f,
};

enum StatusFlag : uint16_t {
  kStatusAutocommit = 0x0002,
  kStatusMoreResultsExist = 0x0008,
};

enum class ColumnType : uint8_t {
  kDecimal = 0x00,
  kTiny = 0x01,
  kShort = 0x02,
  kLong = 0x03,
  kFloat = 0x04,
  kDouble = 0x05,
  kNull = 0x06,
  kTimestamp = 0x07,
  kLongLong = 0x08,
  kInt24 = 0x09,
  kDate = 0x0a,
  kTime = 0x0b,
  kDateTime = 0x0c,
  kYear = 0x0d,
  kVarchar = 0x0f,
  kBit = 0x10,
  kJson = 0xf5,
  kNewDecimal = 0xf6,
  kEnum = 0xf7,
  kSet = 0xf8,
  kTinyBlob = 0xf9,
  kMediumBlob = 0xfa,
  kLongBlob = 0xfb,
  kBlob = 0xfc,
  kVarString = 0xfd,
  kString = 0xfe,
  kGeometry = 0xff,
};

enum ColumnFlag : uint16_t {
  kFlagBlob = 0x0010,
  kFlagUnsigned = 0x0020,
  kFlagBinary = 0x0080,
};

}  // namespace freshet::protocol
