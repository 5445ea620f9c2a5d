// SPDX-License-Identifier: Apache-2.0
// The binder fed with messages from memory: which events come out, in which order and with which cells.
#include "cdc/postgres/binder.h"

#include <gtest/gtest.h>

#include "tests/unit/postgres/pgoutput_bytes.h"

namespace freshet {
namespace {

using namespace test;

constexpr uint32_t kOid = 16;
constexpr uint32_t kInt4 = 23;
constexpr uint32_t kText = 25;

class MemoryLookup : public RelationLookup {
 public:
  Result<RelationFacts> Facts(const pgoutput::RelationMessage& relation) override {
    RelationFacts facts;
    for (const auto& column : relation.columns) {
      ColumnType type;
      type.name = column.type_oid == kInt4 ? "integer" : "text";
      type.type.kind = column.type_oid == kInt4 ? TypeKind::kInt32 : TypeKind::kString;
      facts.types.push_back(std::move(type));
    }
    LiveTable live;
    live.oid = relation.oid;
    live.name = {"public", "t"};
    live.file_node = relation.oid;
    live.columns = columns;
    live.keys = {{"t_pkey", true, false, {1}}};
    facts.live = live;
    return facts;
  }
  static LiveColumn Live(uint32_t number, const std::string& name) {
    LiveColumn column;
    column.number = number;
    column.name = name;
    return column;
  }
  std::vector<LiveColumn> columns{Live(1, "id"), Live(2, "v")};
};

SchemaPtr Schema() {
  auto schema = std::make_shared<TableSchema>();
  schema->name = {"public", "t"};
  schema->source_id = kOid;
  schema->next_column_id = 3;
  Column id;
  id.id = 1;
  id.name = "id";
  id.type.kind = TypeKind::kInt32;
  id.source_type = "integer";
  Column v;
  v.id = 2;
  v.name = "v";
  v.type.kind = TypeKind::kString;
  v.source_type = "text";
  schema->columns = {id, v};
  schema->key_columns = {0};
  return schema;
}

std::string ShowImage(const RowBatch& batch, uint32_t image) {
  if (image == kNoImage) return "-";
  std::string text = "(";
  for (const Cell& cell : batch.Image(image)) {
    if (text.size() > 1) text += ",";
    switch (cell.kind) {
      case CellKind::kNull: text += "NULL"; break;
      case CellKind::kUnchanged: text += "?"; break;
      case CellKind::kBytes: text += batch.Bytes(cell); break;
      default: text += std::to_string(cell.AsInt());
    }
  }
  return text + ")";
}

std::string Show(const ChangeEvent& event) {
  if (std::holds_alternative<Begin>(event.body)) return "begin";
  if (const auto* change = std::get_if<SchemaChange>(&event.body)) {
    return "change" + std::to_string(static_cast<int>(change->kind));
  }
  const auto* position = std::get_if<PostgresPosition>(&event.at.at);
  const std::string at = position == nullptr ? "" : "@" + std::to_string(position->lsn);
  if (std::holds_alternative<Commit>(event.body)) return "commit" + at;
  if (std::holds_alternative<Heartbeat>(event.body)) return "heartbeat" + at;
  const auto& batch = std::get<RowBatch>(event.body);
  std::string text;
  for (const RowChange& row : batch.rows) {
    text += row.op == RowOp::kInsert ? "I" : row.op == RowOp::kUpdate ? "U" : "D";
    text += ShowImage(batch, row.before) + ShowImage(batch, row.after);
  }
  return text;
}

class BinderTest : public testing::Test {
 protected:
  BinderTest() : binder_(lookup_, memory_, {100, 0}) { binder_.AddTable(Schema(), 0); }

  Status Feed(const std::string& bytes) {
    TRY(pgoutput::Parse(bytes).status());
    return binder_.Consume(*pgoutput::Parse(bytes), bytes, events_);
  }
  void FeedAll(const std::vector<std::string>& messages) {
    for (const std::string& message : messages) {
      const Status status = Feed(message);
      ASSERT_TRUE(status.ok()) << status.ToString();
    }
  }
  std::string Events() {
    std::string text;
    for (const ChangeEvent& event : events_) text += (text.empty() ? "" : " ") + Show(event);
    events_.clear();
    return text;
  }
  static std::string Relation(char identity = 'd') {
    return WireRelation(kOid, "t", identity, {{true, "id", kInt4}, {identity == 'f', "v", kText}});
  }

  MemoryLookup lookup_;
  ReaderMemory memory_;
  PgBinder binder_;
  std::deque<ChangeEvent> events_;
};

TEST_F(BinderTest, RowsOfATransactionComeBetweenBeginAndCommit) {
  FeedAll({WireBegin(200, 7), Relation(), WireInsert(kOid, {"1", "a"}), WireUpdate(kOid, 0, {}, {"1", "b"}),
           WireDelete(kOid, 'K', {"1", "~"}), WireCommit(200, 210)});
  EXPECT_EQ(Events(), "begin I-(1,a)U-(1,b)D(1,?)- commit@210");
  EXPECT_TRUE(memory_.AnyDelivered({7}));
}

TEST_F(BinderTest, UnchangedToastIsTakenFromTheOldRowOrStaysUnchanged) {
  FeedAll({WireBegin(200, 7), Relation('f'), WireUpdate(kOid, 'O', {"1", "big"}, {"1", "="}),
           WireUpdate(kOid, 0, {}, {"2", "="}), WireCommit(200, 210)});
  EXPECT_EQ(Events(), "begin U-(1,big)U-(2,?) commit@210");
}

TEST_F(BinderTest, ChangedKeyComesWithTheOldOne) {
  FeedAll({WireBegin(200, 7), Relation(), WireUpdate(kOid, 'K', {"1", "~"}, {"2", "b"}), WireCommit(200, 210)});
  EXPECT_EQ(Events(), "begin U(1,?)(2,b) commit@210");
}

TEST_F(BinderTest, TransactionsUpToTheResumePositionAreDropped) {
  FeedAll({WireBegin(90, 7), Relation(), WireInsert(kOid, {"1", "a"}), WireCommit(90, 100), WireBegin(100, 8),
           WireInsert(kOid, {"2", "b"}), WireCommit(100, 110)});
  EXPECT_EQ(Events(), "begin I-(2,b) commit@110");
}

TEST_F(BinderTest, AddedTableIgnoresTransactionsBeforeItsPosition) {
  binder_.AddTable(Schema(), 150);
  FeedAll({WireBegin(140, 7), Relation(), WireInsert(kOid, {"1", "a"}), WireCommit(140, 150), WireBegin(150, 8),
           WireInsert(kOid, {"2", "b"}), WireCommit(150, 160)});
  EXPECT_EQ(Events(), "begin I-(2,b) commit@160");
}

TEST_F(BinderTest, EmptyTransactionsAndKeepalivesMoveThePosition) {
  FeedAll({WireBegin(200, 7)});
  binder_.Reached(500);  // ignored: a transaction is in flight
  binder_.TakeHeartbeat(events_);
  EXPECT_EQ(Events(), "");
  FeedAll({WireCommit(200, 210)});
  binder_.TakeHeartbeat(events_);
  binder_.Reached(300);
  binder_.TakeHeartbeat(events_);
  binder_.TakeHeartbeat(events_);
  EXPECT_EQ(Events(), "heartbeat@210 heartbeat@300");
}

TEST_F(BinderTest, TruncateFollowsEarlierRows) {
  FeedAll({WireBegin(200, 7), Relation(), WireInsert(kOid, {"1", "a"}),
           Bytes().Raw("T").U(2, 4).U(0, 1).U(kOid, 4).U(99, 4).text(), WireInsert(kOid, {"2", "b"}),
           WireCommit(200, 210)});
  EXPECT_EQ(Events(), "begin I-(1,a) change3 I-(2,b) commit@210");
}

TEST_F(BinderTest, AddedColumnPrecedesTheFirstRowOfTheNewShape) {
  lookup_.columns.push_back(MemoryLookup::Live(3, "w"));
  FeedAll({WireBegin(200, 7), Relation(), WireInsert(kOid, {"1", "a"}),
           WireRelation(kOid, "t", 'd', {{true, "id", kInt4}, {false, "v", kText}, {false, "w", kText}}),
           WireInsert(kOid, {"2", "b", "c"}), WireCommit(200, 210)});
  EXPECT_EQ(Events(), "begin I-(1,a) change4 I-(2,b,c) commit@210");
}

TEST_F(BinderTest, StoppedTableIsIgnoredFromThenOn) {
  FeedAll({WireBegin(200, 7), WireRelation(kOid, "t", 'd', {{true, "id", kInt4}, {false, "v", kInt4}}),
           WireInsert(kOid, {"1", "2"}), WireInsert(kOid, {"3", "4"}), WireCommit(200, 210)});
  EXPECT_EQ(Events(), "begin change5 commit@210");
}

TEST_F(BinderTest, PositionsKeepTheServerTheyComeFrom) {
  PgBinder binder(lookup_, memory_, {100, 0, 77, 3});
  binder.AddTable(Schema(), 0);
  for (const std::string& bytes : {WireBegin(200, 7), Relation(), WireInsert(kOid, {"1", "a"}), WireCommit(200, 210)}) {
    ASSERT_TRUE(binder.Consume(*pgoutput::Parse(bytes), bytes, events_).ok());
  }
  EXPECT_EQ(events_.back().at, (Position{PostgresPosition{210, 7, 77, 3}}));
  binder.Reached(300);
  binder.TakeHeartbeat(events_);
  EXPECT_EQ(events_.back().at, (Position{PostgresPosition{300, 7, 77, 3}}));
}

TEST_F(BinderTest, MessagesOutOfOrderAreCorrupt) {
  EXPECT_EQ(Feed(WireInsert(kOid, {"1", "a"})).code(), Code::kCorrupt);
  EXPECT_EQ(Feed(WireCommit(1, 2)).code(), Code::kCorrupt);
  ASSERT_TRUE(Feed(WireBegin(200, 7)).ok());
  EXPECT_EQ(Feed(WireBegin(200, 7)).code(), Code::kCorrupt);
  EXPECT_EQ(Feed(WireInsert(kOid, {"1", "a"})).code(), Code::kCorrupt);  // not announced
  ASSERT_TRUE(Feed(Relation()).ok());
  EXPECT_EQ(Feed(WireInsert(kOid, {"1"})).code(), Code::kCorrupt);
  EXPECT_EQ(Feed(WireInsert(kOid, {"1", "="})).code(), Code::kCorrupt);
  EXPECT_EQ(Feed(WireDelete(kOid, 'K', {"~", "~"})).code(), Code::kCorrupt);
}

}  // namespace
}  // namespace freshet
