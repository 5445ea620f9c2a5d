// SPDX-License-Identifier: Apache-2.0
// Every pgoutput message: parsed fields, and each truncation or extra byte is corrupt.
#include "cdc/postgres/pgoutput.h"

#include <gtest/gtest.h>

#include "tests/unit/postgres/pgoutput_bytes.h"

namespace freshet {
namespace {

using namespace pgoutput;
using namespace test;

// Parses `bytes` and proves that nothing shorter or longer does.
template <typename T>
T ParseExactly(const std::string& bytes, bool in_stream = false) {
  for (size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_EQ(Parse(std::string_view(bytes).substr(0, size), in_stream).code(), Code::kCorrupt) << size;
  }
  EXPECT_EQ(Parse(bytes + "x", in_stream).code(), Code::kCorrupt);
  const Result<Message> message = Parse(bytes, in_stream);
  EXPECT_TRUE(message.ok()) << message.status().ToString();
  EXPECT_TRUE(std::holds_alternative<T>(*message));
  return std::get<T>(*message);
}

TEST(Pgoutput, BeginAndCommitCarryPositionsAndTime) {
  const auto begin = ParseExactly<BeginMessage>(WireBegin(0x1122334455667788, 77));
  EXPECT_EQ(begin.final_lsn, 0x1122334455667788u);
  EXPECT_EQ(begin.xid, 77u);
  EXPECT_EQ(begin.commit_time_us, 946684800000000);
  const auto commit = ParseExactly<CommitMessage>(WireCommit(5, 9));
  EXPECT_EQ(commit.commit_lsn, 5u);
  EXPECT_EQ(commit.end_lsn, 9u);
}

TEST(Pgoutput, RelationListsColumnsWithKeyFlag) {
  const auto bytes = WireRelation(16, "t", 'i', {{true, "id", 23}, {false, "v", 25}});
  const auto relation = ParseExactly<RelationMessage>(bytes);
  EXPECT_EQ(relation.oid, 16u);
  EXPECT_EQ(relation.replica_identity, 'i');
  ASSERT_EQ(relation.columns.size(), 2u);
  EXPECT_TRUE(relation.columns[0].identity);
  EXPECT_EQ(relation.columns[1].name, "v");
  EXPECT_EQ(relation.columns[1].type_modifier, -1);
}

TEST(Pgoutput, RowsKeepNullUnchangedTextAndBinaryApart) {
  const std::string bytes = Bytes()
                                .Raw("I")
                                .U(16, 4)
                                .Raw("N")
                                .U(4, 2)
                                .Raw("n")
                                .Raw("u")
                                .Raw("t")
                                .U(2, 4)
                                .Raw("ab")
                                .Raw("b")
                                .U(1, 4)
                                .Raw("c")
                                .text();
  const auto insert = ParseExactly<InsertMessage>(bytes);
  std::vector<TupleColumn> columns;
  ReadTuple(insert.after, columns);
  ASSERT_EQ(columns.size(), 4u);
  EXPECT_EQ(columns[0].kind, 'n');
  EXPECT_EQ(columns[1].kind, 'u');
  EXPECT_EQ(columns[2].data, "ab");
  EXPECT_EQ(columns[3].kind, 'b');
}

TEST(Pgoutput, UpdateHasNoKeyOrWholeOldRow) {
  EXPECT_EQ(ParseExactly<UpdateMessage>(WireUpdate(1, 0, {}, {"1"})).before_kind, 0);
  EXPECT_EQ(ParseExactly<UpdateMessage>(WireUpdate(1, 'K', {"1"}, {"2"})).before.columns, 1);
  EXPECT_EQ(ParseExactly<UpdateMessage>(WireUpdate(1, 'O', {"1", "~"}, {"2", "="})).before_kind, 'O');
  EXPECT_EQ(ParseExactly<DeleteMessage>(WireDelete(1, 'K', {"1"})).before_kind, 'K');
  EXPECT_EQ(ParseExactly<DeleteMessage>(WireDelete(1, 'O', {"1"})).before_kind, 'O');
}

TEST(Pgoutput, TruncateNamesSeveralRelations) {
  const auto truncate = ParseExactly<TruncateMessage>(Bytes().Raw("T").U(2, 4).U(3, 1).U(7, 4).U(8, 4).text());
  EXPECT_EQ(truncate.oids, (std::vector<uint32_t>{7, 8}));
  EXPECT_TRUE(truncate.cascade);
  EXPECT_TRUE(truncate.restart_identity);
}

TEST(Pgoutput, OriginTypeAndLogicalMessage) {
  EXPECT_EQ(ParseExactly<OriginMessage>(Bytes().Raw("O").U(1, 8).Z("o").text()).name, "o");
  EXPECT_EQ(ParseExactly<TypeMessage>(Bytes().Raw("Y").U(9, 4).Z("public").Z("mood").text()).name, "mood");
  const std::string bytes = Bytes().Raw("M").U(1, 1).U(4, 8).Z("p").U(2, 4).Raw("xy").text();  // the view borrows it
  const auto message = ParseExactly<LogicalMessage>(bytes);
  EXPECT_TRUE(message.transactional);
  EXPECT_EQ(message.content, "xy");
}

TEST(Pgoutput, StreamedMessagesCarryTheirTransaction) {
  EXPECT_TRUE(ParseExactly<StreamStartMessage>(Bytes().Raw("S").U(5, 4).U(1, 1).text()).first_segment);
  ParseExactly<StreamStopMessage>("E");
  EXPECT_EQ(
      ParseExactly<StreamCommitMessage>(Bytes().Raw("c").U(5, 4).U(0, 1).U(1, 8).U(2, 8).U(3, 8).text()).commit.end_lsn,
      2u);
  const std::string abort = Bytes().Raw("A").U(5, 4).U(6, 4).text();
  ASSERT_TRUE(Parse(abort).ok());
  EXPECT_EQ(std::get<StreamAbortMessage>(*Parse(abort)).subtransaction_xid, 6u);
  EXPECT_TRUE(Parse(abort + std::string(16, 'x')).ok());
  EXPECT_EQ(Parse(abort + "x").code(), Code::kCorrupt);
  const std::string insert = Bytes().Raw("I").U(99, 4).U(16, 4).Raw("N").Tuple({"1"}).text();
  EXPECT_EQ(ParseExactly<InsertMessage>(insert, true).oid, 16u);
}

TEST(Pgoutput, UnknownKindsAreRefused) {
  EXPECT_EQ(Parse("z").code(), Code::kCorrupt);
  EXPECT_EQ(Parse("P").code(), Code::kUnsupported);
}

}  // namespace
}  // namespace freshet
