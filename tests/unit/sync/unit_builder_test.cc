// SPDX-License-Identifier: Apache-2.0
// UnitBuilder: whole transactions, pieces of large ones, order of events. CopyProgress: merging and resuming.
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <random>

#include "sync/copy_plan.h"
#include "sync/unit_builder.h"

namespace freshet {
namespace {

Position Lsn(uint64_t lsn) {
  return Position{PostgresPosition{lsn, 0}};
}

RowBatch BatchOf(size_t arena_bytes) {
  auto schema = std::make_shared<TableSchema>();
  schema->columns.resize(1);
  RowBatch batch;
  batch.schema = schema;
  batch.rows.push_back({RowOp::kInsert, kNoImage, 0});
  batch.cells.push_back(Cell::Int(1));
  batch.arena.assign(arena_bytes, 'x');
  return batch;
}

void AddTransaction(UnitBuilder& builder, uint64_t lsn, size_t bytes) {
  ASSERT_TRUE(builder.Add({{}, Begin{}}).ok());
  ASSERT_TRUE(builder.Add({{}, BatchOf(bytes)}).ok());
  ASSERT_TRUE(builder.Add({Lsn(lsn), Commit{7}}).ok());
}

TEST(UnitBuilder, CoalescesTransactionsWhileTheSourceHasMore) {
  UnitBuilder builder(1 << 20, 2 << 20);
  AddTransaction(builder, 10, 10);
  EXPECT_FALSE(builder.Take(true));
  AddTransaction(builder, 20, 10);
  const std::optional<Unit> unit = builder.Take(false);
  ASSERT_TRUE(unit);
  EXPECT_EQ(unit->transactions, 2u);
  EXPECT_EQ(unit->rows, 2u);
  EXPECT_EQ(unit->ends_at, Lsn(20));
  EXPECT_TRUE(unit->complete);
  EXPECT_FALSE(builder.Take(false));
}

TEST(UnitBuilder, ClosesAtTheFirstTransactionEndAboveTheLimit) {
  UnitBuilder builder(1000, 1 << 20);
  AddTransaction(builder, 10, 2000);
  const std::optional<Unit> unit = builder.Take(true);
  ASSERT_TRUE(unit);
  EXPECT_EQ(unit->ends_at, Lsn(10));
}

TEST(UnitBuilder, CutsALargeTransactionIntoPiecesThatCarryNoPosition) {
  UnitBuilder builder(100, 1000);
  AddTransaction(builder, 5, 10);
  ASSERT_TRUE(builder.Add({{}, Begin{}}).ok());
  ASSERT_TRUE(builder.Add({{}, BatchOf(5000)}).ok());
  const std::optional<Unit> before = builder.Take(true);  // what was whole goes first, complete
  ASSERT_TRUE(before);
  EXPECT_TRUE(before->complete);
  EXPECT_EQ(before->ends_at, Lsn(5));
  const std::optional<Unit> piece = builder.Take(true);
  ASSERT_TRUE(piece);
  EXPECT_FALSE(piece->complete);
  EXPECT_TRUE(piece->ends_at.empty());
  ASSERT_TRUE(builder.Add({{}, BatchOf(10)}).ok());
  EXPECT_FALSE(builder.Take(false));  // the open transaction waits for its commit
  ASSERT_TRUE(builder.Add({Lsn(9), Commit{}}).ok());
  const std::optional<Unit> last = builder.Take(false);
  ASSERT_TRUE(last);
  EXPECT_TRUE(last->complete);
  EXPECT_EQ(last->rows, 1u);
}

TEST(UnitBuilder, HeartbeatsAndEmptyTransactionsMoveThePositionOnly) {
  UnitBuilder builder(100, 1000);
  ASSERT_TRUE(builder.Add({Lsn(3), Heartbeat{}}).ok());
  ASSERT_TRUE(builder.Add({{}, Begin{}}).ok());
  ASSERT_TRUE(builder.Add({Lsn(4), Heartbeat{}}).ok());  // inside a transaction: no place to resume
  const std::optional<Unit> unit = builder.Take(false);
  ASSERT_TRUE(unit);
  EXPECT_EQ(unit->ends_at, Lsn(3));
  EXPECT_TRUE(unit->events.empty());
}

TEST(UnitBuilder, RefusesEventsOutOfOrder) {
  UnitBuilder builder(100, 1000);
  EXPECT_EQ(builder.Add({{}, BatchOf(1)}).code(), Code::kCorrupt);
  EXPECT_EQ(builder.Add({Lsn(1), Commit{}}).code(), Code::kCorrupt);
  ASSERT_TRUE(builder.Add({{}, Begin{}}).ok());
  EXPECT_EQ(builder.Add({{}, Begin{}}).code(), Code::kCorrupt);
  EXPECT_EQ(builder.Add({{}, Commit{}}).code(), Code::kCorrupt);  // no position
}

std::optional<KeyText> Key(int n) {
  return KeyText{std::to_string(n)};
}

TEST(CopyProgress, MergesRangesInAnyOrderAndStaysSmall) {
  for (uint32_t seed = 0; seed < 500; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    const int chunks = 1 + static_cast<int>(random() % 20);
    std::vector<PlannedChunk> all;
    for (int i = 0; i < chunks; ++i) {
      all.push_back(
          {{i == 0 ? std::nullopt : Key(i), i + 1 == chunks ? std::nullopt : Key(i + 1)}, i * kChunkOrderStep});
    }
    std::shuffle(all.begin(), all.end(), random);
    CopyProgress progress;
    for (const PlannedChunk& chunk : all) {
      EXPECT_FALSE(progress.finished());
      progress.MarkDone(chunk);
    }
    EXPECT_TRUE(progress.finished());
    EXPECT_EQ(progress.ToJson()["done"].size(), 1u);
  }
}

// A copy of keys 1..n by plans that are thrown away at random moments: every key is covered exactly once.
TEST(CopyProgress, ARestartReadsWhatIsNotDoneAndNothingElse) {
  for (uint32_t seed = 0; seed < 2000; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    const int keys = static_cast<int>(random() % 60);
    std::vector<int> copied(static_cast<size_t>(keys) + 1, 0);
    CopyProgress progress;
    auto schema = std::make_shared<TableSchema>();
    while (!progress.finished()) {
      // A stored and decoded progress, as after a restart.
      Result<CopyProgress> restored = CopyProgress::FromJson(progress.ToJson());
      ASSERT_TRUE(restored.ok());
      progress = *restored;
      CopyPlan plan({{"s", "t"}, schema, progress}, 1);
      std::vector<PlannedChunk> in_flight;
      for (int step = 0; step < static_cast<int>(random() % 20); ++step) {
        if (plan.TakePlanning()) {
          const int from = plan.plan_after() ? std::stoi((*plan.plan_after())[0]) : 0;
          const int bound = from + 1 + static_cast<int>(random() % 5);
          plan.AddBound(bound < keys ? Key(bound) : std::nullopt);
        }
        if (std::optional<PlannedChunk> chunk = plan.TakeChunk()) in_flight.push_back(*chunk);
        if (in_flight.empty() || random() % 2) continue;
        std::shuffle(in_flight.begin(), in_flight.end(), random);
        PlannedChunk done = in_flight.back();
        in_flight.pop_back();
        const int after = done.range.after ? std::stoi((*done.range.after)[0]) : 0;
        const int up_to = done.range.up_to ? std::stoi((*done.range.up_to)[0]) : keys;
        int end = up_to;
        if (up_to - after > 1 && random() % 3 == 0) {  // cut by its size
          end = after + 1;
          plan.AddRemainder(done, *Key(end));
          done.range.up_to = Key(end);
        }
        for (int key = after + 1; key <= end; ++key) ++copied[static_cast<size_t>(key)];
        progress.MarkDone(done);
      }
    }
    for (int key = 1; key <= keys; ++key) EXPECT_EQ(copied[static_cast<size_t>(key)], 1) << key;
  }
}

TEST(CopyProgress, KeepsBoundariesOfAnyBytes) {
  CopyProgress progress;
  const KeyText odd = {std::string("\xff\x00\xc3\x28\x80", 5), "\\x00ff"};
  progress.MarkDone({{std::nullopt, odd}, 0});
  Result<CopyProgress> restored = CopyProgress::FromJson(nlohmann::json::parse(progress.ToJson().dump()));
  ASSERT_TRUE(restored.ok());
  EXPECT_EQ(restored->Remaining().plan_after, odd);
}

}  // namespace
}  // namespace freshet
