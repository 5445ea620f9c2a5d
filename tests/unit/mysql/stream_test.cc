// SPDX-License-Identifier: Apache-2.0
// Goal: transactions, positions and failures of the source without a server. Method: scripts of events through
// a memory stream; every event is also cut at each byte and must give kCorrupt.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zstd.h>

#include "tests/unit/mysql/transaction_bytes.h"

namespace freshet {
namespace {

using Type = BinlogEventType;

std::string UpdateBody(uint32_t before, uint32_t after) {
  return Bytes()
      .Le(42, 6)
      .Le(1, 2)
      .Le(2, 2)
      .Le(2, 1)
      .Le(3, 1)
      .Le(3, 1)
      .Le(0, 1)
      .Le(before, 4)
      .Le(1, 1)
      .Text("a")
      .Le(0, 1)
      .Le(after, 4)
      .Le(1, 1)
      .Text("b");
}
std::vector<std::string> Transaction(bool checksum = true) {
  return {MakeFormat("8.0.36", checksum),
          MakeEvent(Type::kGtid, GtidBody(5), checksum),
          MakeEvent(Type::kQuery, MakeQuery("BEGIN"), checksum),
          MakeEvent(Type::kTableMap, TableMapBody(), checksum),
          MakeEvent(Type::kWriteRowsV2, InsertBody(1, "x"), checksum),
          MakeEvent(Type::kUpdateRowsV2, UpdateBody(1, 2), checksum),
          MakeEvent(Type::kXid, Bytes().Le(9, 8), checksum, 900)};
}

TEST(StreamTest, TransactionBecomesOneBatchBetweenBeginAndCommit) {
  const Played played = Play(Transaction());
  ASSERT_TRUE(played.status.ok()) << played.status.ToString();
  ASSERT_EQ(played.events.size(), 3u);
  const RowBatch& batch = std::get<RowBatch>(played.events[1].body);
  ASSERT_EQ(batch.rows.size(), 2u);
  EXPECT_EQ(batch.Image(batch.rows[0].after)[0].AsInt(), 1);
  EXPECT_EQ(batch.Bytes(batch.Image(batch.rows[0].after)[1]), "x");
  ASSERT_NE(batch.rows[1].before, kNoImage);
  EXPECT_EQ(batch.Image(batch.rows[1].before)[0].AsInt(), 1);
  EXPECT_EQ(batch.Image(batch.rows[1].after)[0].AsInt(), 2);
  const auto& position = std::get<MysqlPosition>(played.events[2].at.at);
  EXPECT_EQ(position.gtids.ToString(), "00010203-0405-0607-0809-0a0b0c0d0e0f:5");
  EXPECT_EQ(position.offset, 900u);
}

TEST(StreamTest, UpdateThatKeepsTheKeyHasNoBeforeImage) {
  std::vector<std::string> events = Transaction();
  events[5] = MakeEvent(Type::kUpdateRowsV2, UpdateBody(1, 1), true);
  const Played played = Play(events);
  ASSERT_TRUE(played.status.ok());
  EXPECT_EQ(std::get<RowBatch>(played.events[1].body).rows[1].before, kNoImage);
}

TEST(StreamTest, CompressedTransactionGivesTheSameChanges) {
  std::string inner;
  const std::vector<std::string> plain = Transaction(false);
  for (size_t i = 2; i < plain.size(); ++i) inner += plain[i];
  std::string packed(ZSTD_compressBound(inner.size()), '\0');
  packed.resize(ZSTD_compress(packed.data(), packed.size(), inner.data(), inner.size(), 3));
  ASSERT_LT(packed.size(), 251u);
  const std::string body =
      Bytes().Le(2, 1).Le(1, 1).Le(0, 1).Le(1, 1).Le(1, 1).Le(packed.size(), 1).Le(0, 1).Text(packed);
  const Played played = Play({plain[0], plain[1], MakeEvent(Type::kTransactionPayload, body, false, 900)});
  ASSERT_TRUE(played.status.ok()) << played.status.ToString();
  ASSERT_EQ(played.events.size(), 3u);
  EXPECT_EQ(std::get<RowBatch>(played.events[1].body).rows.size(), 2u);
  EXPECT_EQ(std::get<MysqlPosition>(played.events[2].at.at).offset, 900u);
  for (size_t size = 0; size < body.size(); ++size) {
    EXPECT_EQ(
        Play({plain[0], plain[1], MakeEvent(Type::kTransactionPayload, body.substr(0, size), false)}).status.code(),
        Code::kCorrupt)
        << size;
  }
}

TEST(StreamTest, EveryFlippedByteFailsTheChecksum) {
  const std::vector<std::string> events = Transaction();
  for (size_t i = 1; i < events.size(); ++i) {
    for (size_t at = kBinlogHeaderBytes; at < events[i].size(); ++at) {
      std::vector<std::string> damaged = events;
      damaged[i][at] = static_cast<char>(damaged[i][at] ^ 1);
      ASSERT_EQ(Play(damaged).status.code(), Code::kCorrupt) << i << " " << at;
    }
  }
}

TEST(StreamTest, EveryTruncatedEventIsCorrupt) {
  const std::vector<std::string> events = Transaction(false);
  for (size_t i = 0; i < events.size(); ++i) {
    for (size_t size = 0; size < events[i].size(); ++size) {
      std::vector<std::string> cut = events;
      cut[i].resize(size);
      ASSERT_EQ(Play(cut).status.code(), Code::kCorrupt) << i << " " << size;
    }
  }
}

// The packet is whole, its content is not: a parser must notice by itself.
TEST(StreamTest, EveryShortBodyIsCorruptOrHarmless) {
  const std::vector<std::string> events = Transaction(false);
  for (size_t i = 1; i < events.size(); ++i) {
    const std::string body = events[i].substr(kBinlogHeaderBytes);
    for (size_t size = 0; size < body.size(); ++size) {
      std::vector<std::string> cut = events;
      cut[i] = MakeEvent(static_cast<Type>(events[i][4]), body.substr(0, size), false);
      const Code code = Play(cut).status.code();
      EXPECT_TRUE(code == Code::kCorrupt || code == Code::kOk) << i << " " << size;
      if (static_cast<Type>(events[i][4]) == Type::kTableMap) {
        EXPECT_EQ(code, Code::kCorrupt) << size;
      }
    }
  }
}

TEST(StreamTest, TableMapThatDoesNotFitStopsTheTable) {
  std::vector<std::string> events = Transaction();
  events[3] = MakeEvent(Type::kTableMap, TableMapBody(2), true);
  const Played played = Play(events);
  ASSERT_TRUE(played.status.ok()) << played.status.ToString();
  ASSERT_EQ(played.events.size(), 3u);
  const SchemaChange& change = std::get<SchemaChange>(played.events[1].body);
  EXPECT_EQ(change.kind, SchemaChangeKind::kStopTable);
  EXPECT_THAT(change.reason, ::testing::HasSubstr("column id"));
}

TEST(StreamTest, HeartbeatMovesAnIdlePositionOnly) {
  const std::vector<std::string> events = Transaction();
  const std::string beat = MakeEvent(Type::kHeartbeat, "binlog.000001", true, 1200);
  const Played idle = Play({events[0], beat});
  ASSERT_EQ(idle.events.size(), 1u);
  EXPECT_EQ(std::get<MysqlPosition>(idle.events[0].at.at).offset, 1200u);
  const Played busy = Play({events[0], events[1], events[2], beat});
  ASSERT_EQ(busy.events.size(), 1u);
  EXPECT_TRUE(std::holds_alternative<Begin>(busy.events[0].body));
}

TEST(StreamTest, IncidentAndPartialUpdatesEndTheStream) {
  EXPECT_EQ(Play({MakeFormat("8.0.36", true), MakeEvent(Type::kIncident, "x", true)}).status.code(), Code::kCorrupt);
  const Played partial = Play({MakeFormat("8.0.36", true), MakeEvent(Type::kPartialUpdateRows, "x", true)});
  EXPECT_EQ(partial.status.code(), Code::kUnsupported);
  EXPECT_THAT(partial.status.message(), ::testing::HasSubstr("binlog_row_value_options"));
}

}  // namespace
}  // namespace freshet
