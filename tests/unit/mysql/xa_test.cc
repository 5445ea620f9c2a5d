// SPDX-License-Identifier: Apache-2.0
// Goal: XA transactions of the log: rows of a prepared one come with its commit, in that commit's place, also when
// the reader starts anew in between. Method: scripts of MySQL events through a memory stream.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/mysql/transaction_bytes.h"

namespace freshet {
namespace {

using Type = BinlogEventType;
using Script = std::vector<std::string>;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr char kUuid[] = "00010203-0405-0607-0809-0a0b0c0d0e0f";

// A log in which each event ends where the next begins.
class LogScript {
 public:
  explicit LogScript(bool gtids = true) : gtids_(gtids) { events_.push_back(MakeFormat("8.0.36", true)); }

  LogScript& Group() {
    ++sequence_;
    if (sequence_ == 1) first_offset_ = at_;
    return Add(gtids_ ? Type::kGtid : Type::kAnonymousGtid, GtidBody(gtids_ ? sequence_ : 0));
  }
  LogScript& Query(const std::string& sql) { return Add(Type::kQuery, MakeQuery(sql)); }
  LogScript& Insert(uint32_t id) {
    return Add(Type::kTableMap, TableMapBody()).Add(Type::kWriteRowsV2, InsertBody(id, "x"));
  }
  LogScript& Prepare(char xid, uint32_t id, bool one_phase = false) {
    Group().Query("XA START X'6" + std::string(1, xid) + "',X'',1").Insert(id).Query("XA END");
    return Add(Type::kXaPrepare, Bytes().Le(one_phase ? 1 : 0, 1).Le(1, 4).Le(1, 4).Le(0, 4).Le(0x60 + (xid - '0'), 1));
  }
  LogScript& End(const std::string& verb, char xid) {
    return Group().Query("XA " + verb + " X'6" + std::string(1, xid) + "',X'',1");
  }
  LogScript& Plain(uint32_t id) { return Group().Query("BEGIN").Insert(id).Add(Type::kXid, Bytes().Le(9, 8)); }
  LogScript& Add(Type type, const std::string& body) {
    const size_t size = kBinlogHeaderBytes + body.size() + 4;
    at_ += static_cast<uint32_t>(size);
    events_.push_back(MakeEvent(type, body, true, at_));
    return *this;
  }
  const Script& events() const { return events_; }
  // What a server sends after the first `count` events of it, and the format description again.
  Script After(size_t count) const {
    Script rest{events_[0]};
    rest.insert(rest.end(), events_.begin() + static_cast<ptrdiff_t>(count), events_.end());
    return rest;
  }
  uint32_t first_offset() const { return first_offset_; }

 private:
  bool gtids_;
  Script events_;
  uint64_t sequence_ = 0;
  uint32_t at_ = 4;
  uint32_t first_offset_ = 4;
};

// "begin 1 2 commit": what the events say, row ids in place of batches.
std::vector<std::string> Show(const Played& played) {
  EXPECT_TRUE(played.status.ok()) << played.status.ToString();
  std::vector<std::string> lines;
  for (const ChangeEvent& event : played.events) {
    if (std::holds_alternative<Begin>(event.body)) lines.emplace_back("begin");
    if (std::holds_alternative<Commit>(event.body)) lines.back() += " commit";
    if (const auto* batch = std::get_if<RowBatch>(&event.body)) {
      for (const RowChange& row : batch->rows) lines.back() += " " + std::to_string(batch->Image(row.after)[0].AsInt());
    }
    if (const auto* change = std::get_if<SchemaChange>(&event.body)) {
      lines.back() += change->kind == SchemaChangeKind::kStopTable ? " stop" : " resync";
    }
  }
  return lines;
}

MysqlPosition LastPosition(const Played& played) {
  for (auto event = played.events.rbegin(); event != played.events.rend(); ++event) {
    if (!event->at.empty()) return std::get<MysqlPosition>(event->at.at);
  }
  return {};
}

TEST(XaTest, RowsComeWithTheCommitAndNotWithThePrepare) {
  LogScript log;
  log.Prepare('1', 7).Plain(8).End("COMMIT", '1');
  EXPECT_THAT(Show(Play(log.events())), ElementsAre("begin commit", "begin 8 commit", "begin 7 commit"));
}

TEST(XaTest, RolledBackRowsNeverCome) {
  LogScript log;
  log.Prepare('1', 7).Prepare('2', 8).End("ROLLBACK", '1').End("COMMIT", '2');
  const Played played = Play(log.events());
  EXPECT_THAT(Show(played), ElementsAre("begin commit", "begin commit", "begin commit", "begin 8 commit"));
  EXPECT_FALSE(LastPosition(played).read_again_from);
}

TEST(XaTest, OnePhaseCommitIsAnOrdinaryTransaction) {
  LogScript log;
  log.Prepare('1', 7, /*one_phase=*/true);
  const Played played = Play(log.events());
  EXPECT_THAT(Show(played), ElementsAre("begin 7 commit"));
  EXPECT_FALSE(LastPosition(played).read_again_from);
}

TEST(XaTest, PositionOfAnUndecidedTransactionLeavesItsGtidOutOfWhatIsReadAgain) {
  LogScript log;
  log.Plain(1).Prepare('1', 7).Plain(8);
  const MysqlPosition position = LastPosition(Play(log.events()));
  EXPECT_EQ(position.gtids.ToString(), std::string(kUuid) + ":1-3");
  ASSERT_TRUE(position.read_again_from);
  EXPECT_EQ(position.read_again_from->gtids.ToString(), std::string(kUuid) + ":1:3");
  const Result<Position> parsed = Position::FromJson(Position{position}.ToJson());
  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ(std::get<MysqlPosition>(parsed->at), position);
}

TEST(XaTest, ReaderThatStartsAnewFindsPreparedRowsAgainAndNothingTwice) {
  for (const bool gtids : {true, false}) {
    LogScript before(gtids);
    before.Prepare('1', 7).Prepare('2', 9).Plain(8).End("COMMIT", '2');
    const MysqlPosition position = LastPosition(Play(before.events()));
    ASSERT_TRUE(position.read_again_from);
    EXPECT_EQ(position.read_again_from->offset, before.first_offset());
    LogScript after(gtids);
    after.Prepare('1', 7).Prepare('2', 9).Plain(8).End("COMMIT", '2').Plain(10).End("COMMIT", '1');
    const Played played = Play(after.events(), position);
    EXPECT_THAT(Show(played), ElementsAre("begin 10 commit", "begin 7 commit")) << gtids;
    EXPECT_FALSE(LastPosition(played).read_again_from);
  }
}

TEST(XaTest, CommitWithoutItsPrepareCopiesTheTablesAgain) {
  LogScript log;
  log.End("COMMIT", '1').End("ROLLBACK", '2').Plain(3);
  EXPECT_THAT(Show(Play(log.events())), ElementsAre("begin resync commit", "begin commit", "begin 3 commit"));
}

TEST(XaTest, MoreThanTheLimitStopsTheTablesOnlyIfItCommits) {
  const std::string filler(100'000, 'x');
  for (const char* verb : {"COMMIT", "ROLLBACK"}) {
    LogScript log;
    log.Group().Query("XA START X'61',X'',1").Add(Type::kTableMap, TableMapBody());
    for (size_t bytes = 0; bytes <= kXaBytesMax; bytes += filler.size()) {
      log.Add(Type::kWriteRowsV2, InsertBody(1, "x") + filler);
    }
    log.Add(Type::kXaPrepare, Bytes().Le(0, 1).Le(1, 4).Le(1, 4).Le(0, 4).Text("a")).Prepare('2', 2).End(verb, '1');
    const Played played = Play(log.events());
    const bool commits = std::string(verb) == "COMMIT";
    EXPECT_THAT(Show(played),
                ElementsAre("begin commit", "begin commit", commits ? "begin stop commit" : "begin commit"));
    if (!commits) continue;
    const SchemaChange& change = std::get<SchemaChange>(played.events[played.events.size() - 2].body);
    EXPECT_THAT(change.reason, HasSubstr("64 MiB"));
  }
}

TEST(XaTest, MalformedXaEventsAreCorrupt) {
  LogScript log;
  log.Group().Query("XA COMMIT X'6'1");
  EXPECT_EQ(Play(log.events()).status.code(), Code::kCorrupt);
  LogScript prepare;
  prepare.Group().Query("XA START X'61',X'',1").Add(Type::kXaPrepare, Bytes().Le(0, 1).Le(1, 4).Le(200, 4).Le(0, 4));
  EXPECT_EQ(Play(prepare.events()).status.code(), Code::kCorrupt);
}

}  // namespace
}  // namespace freshet
