// SPDX-License-Identifier: Apache-2.0
// Framing: whatever the pieces in which bytes arrive, the same packets come out, and broken ones are refused by
// their header alone.
#include "server/packet.h"

#include <gtest/gtest.h>

#include "server/protocol.h"
#include "server/wire.h"

namespace freshet {
namespace {

using Outcome = PacketReader::Outcome;

std::string Framed(std::string_view payload, uint8_t sequence = 0) {
  std::string out;
  AppendPacket(out, payload, sequence);
  return out;
}

TEST(Packet, SplitAtEveryByteGivesTheSamePackets) {
  const std::string bytes = Framed("select 1") + Framed("", 1) + Framed("x", 2);
  for (size_t cut = 0; cut <= bytes.size(); ++cut) {
    PacketReader reader(100);
    uint8_t sequence = 0;
    std::vector<std::string> packets;
    for (const std::string& piece : {bytes.substr(0, cut), bytes.substr(cut)}) {
      reader.input() += piece;
      while (reader.Next(sequence) == Outcome::kPacket) packets.push_back(reader.payload());
    }
    EXPECT_EQ(packets, (std::vector<std::string>{"select 1", "", "x"})) << cut;
  }
}

TEST(Packet, PayloadOfSixteenMegabytesIsSplitAndJoined) {
  for (const size_t extra : {size_t{0}, size_t{1}, size_t{1000}}) {
    const std::string payload(protocol::kFramePayloadMax + extra, 'p');
    const std::string bytes = Framed(payload, 250);
    EXPECT_EQ(bytes.size(), payload.size() + 8);
    PacketReader reader(protocol::kMaxAllowedPacket);
    reader.input() = bytes;
    uint8_t sequence = 250;
    ASSERT_EQ(reader.Next(sequence), Outcome::kPacket);
    EXPECT_TRUE(reader.payload() == payload);
    EXPECT_EQ(sequence, 252);
  }
}

TEST(Packet, TooLargeIsKnownFromTheHeader) {
  PacketReader reader(10);
  PutUint(reader.input(), 11, 3);
  reader.input() += '\0';
  uint8_t sequence = 0;
  EXPECT_EQ(reader.Next(sequence), Outcome::kTooLarge);
}

TEST(Packet, LimitCountsAllFramesOfAPacket) {
  PacketReader reader(protocol::kFramePayloadMax + 5);
  reader.input() = Framed(std::string(protocol::kFramePayloadMax + 6, 'p'));
  uint8_t sequence = 0;
  EXPECT_EQ(reader.Next(sequence), Outcome::kTooLarge);
}

TEST(Packet, WrongSequenceNumberIsRefused) {
  PacketReader reader(10);
  reader.input() = Framed("x", 3);
  uint8_t sequence = 0;
  EXPECT_EQ(reader.Next(sequence), Outcome::kOutOfOrder);
}

TEST(Packet, RestAfterTheTlsAnnouncementIsHandedOver) {
  PacketReader reader(100);
  reader.input() = Framed("announce") + "\x16\x03\x01";
  uint8_t sequence = 0;
  ASSERT_EQ(reader.Next(sequence), Outcome::kPacket);
  EXPECT_EQ(reader.TakeRest(), "\x16\x03\x01");
  EXPECT_TRUE(reader.input().empty());
}

TEST(Wire, LengthEncodedIntegersSurviveAtEveryWidthBorder) {
  for (const uint64_t value : {uint64_t{0}, uint64_t{250}, uint64_t{251}, uint64_t{255}, uint64_t{65535},
                               uint64_t{65536}, uint64_t{0xffffff}, uint64_t{0x1000000}, UINT64_MAX}) {
    std::string bytes;
    PutLenencInt(bytes, value);
    ByteCursor cursor(bytes);
    EXPECT_EQ(TakeLenencInt(cursor), value);
    EXPECT_TRUE(cursor.ok() && cursor.done());
    for (size_t cut = 0; cut < bytes.size(); ++cut) {
      ByteCursor shortened(std::string_view(bytes).substr(0, cut));
      TakeLenencInt(shortened);
      EXPECT_FALSE(shortened.ok());
    }
  }
}

TEST(Wire, LengthEncodedStringLongerThanItsPacketFails) {
  ByteCursor cursor(
      std::string_view("\xfe\xff\xff\xff\xff\xff\xff\xff\xff"
                       "abc",
                       12));
  EXPECT_EQ(TakeLenencString(cursor), "");
  EXPECT_FALSE(cursor.ok());
}

}  // namespace
}  // namespace freshet
