// SPDX-License-Identifier: Apache-2.0
// Copy while following, as a property: whatever is written at the source, however chunk reads lag behind or
// lead the log, in whatever order windows open, chunks arrive, units are applied and the process restarts, the
// mirror equals the source at the end. Method: one thread drives TableSink through random steps; each seed is
// a job of its own in one store.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "sync/copy_plan.h"
#include "sync/project_batch.h"
#include "sync/unit_builder.h"
#include "tests/support/memory_source.h"
#include "tests/support/mirror_rows.h"

namespace freshet::test {
namespace {

enum class Images { kWhole, kToast, kMinimal };

class FollowTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    // In memory where there is such a place: thousands of jobs, each with many fsynced commits.
    const bool memory = std::filesystem::is_directory("/dev/shm");
    const std::filesystem::path root = memory ? "/dev/shm" : std::filesystem::temp_directory_path();
    std::string pattern = root / "freshet_follow_XXXXXX";
    directory_ = mkdtemp(pattern.data());
    Result<std::unique_ptr<Store>> store = Store::Open({directory_, 64u << 20, std::chrono::milliseconds(1)});
    ASSERT_TRUE(store.ok()) << store.status().message();
    store_ = std::move(store).value();
    ASSERT_TRUE(store_->CreateDatabase("mirror").ok());
  }
  static void TearDownTestSuite() {
    store_.reset();
    std::filesystem::remove_all(directory_);
  }
  static std::string directory_;
  static std::unique_ptr<Store> store_;
};
std::string FollowTest::directory_;
std::unique_ptr<Store> FollowTest::store_;

// One job over one table, stepped by hand.
class Mirror {
 public:
  Mirror(Store& store, uint32_t seed, Images images)
      : store_(store),
        random_(seed),
        images_(images),
        table_{"s", "t" + std::to_string(seed) + "_" + std::to_string(static_cast<int>(images))},
        progress_(Clock::System()),
        reader_(nullptr) {
    database_.pick_state = [this](uint64_t oldest, uint64_t newest) {
      return oldest + random_() % (newest - oldest + 1);
    };
  }

  void Run() {
    database_.CreateTable(table_, false);
    for (int i = static_cast<int>(random_() % 40); i > 0; --i) Write();
    Make();
    Open();
    int writes = 20 + static_cast<int>(random_() % 60);
    for (int step = 0; step < 20'000 && !::testing::Test::HasFatalFailure(); ++step) {
      const bool ready = progress_.tables().at(0).state == "READY";
      if (ready && writes == 0 && progress_.applied().Covers(MemoryPosition(database_.head()))) break;
      switch (random_() % 12) {
        case 0:
        case 1:
        case 2:
          if (writes > 0) --writes, Write();
          break;
        case 3:
        case 4:
        case 5: ApplyUnit(); break;
        case 6: OpenWindow(); break;
        case 7:
        case 8: ReadOne(); break;
        case 9:
        case 10: ApplyOne(); break;
        case 11:
          if (random_() % 12 == 0) Open();  // a crash and a restart
          break;
      }
    }
    ASSERT_EQ(progress_.tables().at(0).state, "READY") << StoredRecord();
    EXPECT_EQ(RowsOf(store_, "mirror", table_.table), database_.Rows(table_));
  }

 private:
  struct Flight {
    TableSink::Window window;
    PlannedChunk planned;
    PlannedChunk done;
    std::optional<KeyText> cut_after;
    std::optional<EncodedRows> rows;
    uint64_t generation = 0;
    uint64_t read_at = 0;  // the source's place after the read
  };

  std::string StoredRecord() const {
    auto record = store_.GetRecord(RecordFamily::kJobs, TableKey(job_, table_));
    return record.ok() && *record ? **record : "no record";
  }

  void Write() {
    if (images_ == Images::kWhole && random_() % 40 == 0) return database_.Truncate(table_);
    const bool partial = images_ != Images::kWhole;
    MemoryDatabase::Transaction transaction(database_);
    for (int i = 1 + static_cast<int>(random_() % 4); i > 0; --i) {
      const int64_t id = static_cast<int64_t>(random_() % 50);
      const int what = static_cast<int>(random_() % 10);
      if (what < 6) {
        transaction.Upsert(table_, id, {static_cast<int64_t>(random_() % 3), std::string(random_() % 3, 'b')}, partial);
      } else if (what < 8) {
        transaction.Delete(table_, id);
      } else {
        transaction.MoveKey(table_, id, static_cast<int64_t>(random_() % 50), images_ == Images::kMinimal);
      }
    }
    transaction.Commit();
  }

  void Make() {
    Result<uint64_t> id = store_.NextId();
    ASSERT_TRUE(id.ok());
    job_ = JobId{*id};
    Result<std::unique_ptr<UnitWriter>> writer = UnitWriter::Open(store_, job_);
    ASSERT_TRUE(writer.ok()) << writer.status().message();
    TableRecord record;
    record.source = table_;
    record.target = table_.table;
    record.source_schema = MakeMemorySchema(table_);
    Result<StoredTablePtr> stored = (*writer)->CreateTable("mirror", record.target, record.source_schema, false);
    ASSERT_TRUE(stored.ok()) << stored.status().message();
    record.id = (*stored)->id;
    (*writer)->PutRecord({RecordFamily::kJobs, TableKey(job_, table_), EncodeTable(record)});
    ASSERT_TRUE((*writer)->Commit(MemoryPosition(database_.head())).ok());
  }

  void Open() {
    flights_.clear();
    sink_.reset();
    plan_.reset();
    TableSink::Settings settings{
        job_, "mirror", {}, [this](CopyDue due) { plan_.emplace(std::move(due), ++generation_); }};
    settings.options.snapshot_split_size = 5;
    Result<std::unique_ptr<TableSink>> sink = TableSink::Open(store_, settings, progress_, Clock::System());
    ASSERT_TRUE(sink.ok()) << sink.status().message();
    sink_ = std::move(sink).value();
    for (CopyDue& due : sink_->CopiesDue()) plan_.emplace(std::move(due), ++generation_);
    note_due_ = !sink_->NotesDue().empty();
    connector_ = MakeMemoryConnector(database_);
    scanner_ = std::move(connector_->OpenScanner()).value();
    reader_ = std::move(connector_->OpenSource(progress_.applied(), {MakeMemorySchema(table_)}, {})).value();
  }

  void ApplyUnit() {
    // Small limits: some transactions come in pieces.
    UnitBuilder builder(200 + random_() % 500, 300 + random_() % 2000);
    for (int i = 1 + static_cast<int>(random_() % 3); i > 0 && reader_->HasBuffered();) {
      auto event = reader_->Next(Deadline::After(std::chrono::milliseconds(1)));
      ASSERT_TRUE(event.ok() && *event);
      if (std::holds_alternative<Commit>((**event).body)) --i;
      ASSERT_TRUE(builder.Add(std::move(**event)).ok());
      while (std::optional<Unit> unit = builder.Take(true)) ASSERT_TRUE(Apply(*unit));
    }
    while (std::optional<Unit> unit = builder.Take(false)) ASSERT_TRUE(Apply(*unit));
  }
  bool Apply(const Unit& unit) {
    const Status status = sink_->Apply(unit);
    EXPECT_TRUE(status.ok()) << status.message();
    return status.ok();
  }

  void OpenWindow() {
    if (note_due_) {
      note_due_ = false;
      ASSERT_TRUE(sink_->NoteCopied(table_, MemoryPosition(database_.head())).ok());
      return;
    }
    if (!plan_ || flights_.size() >= 3) return;
    std::optional<PlannedChunk> chunk = plan_->TakeChunk();
    if (!chunk && plan_->TakePlanning()) {
      auto bound = scanner_->NextBound(*plan_->schema(), plan_->plan_after(), 5, {});
      ASSERT_TRUE(bound.ok());
      plan_->AddBound(std::move(bound).value());
      chunk = plan_->TakeChunk();
    }
    if (!chunk) return;
    auto window = sink_->OpenWindow(table_);
    ASSERT_TRUE(window.ok()) << window.status().message();
    flights_.push_back({std::move(window).value(), *chunk, *chunk, {}, {}, generation_});
  }

  void ReadOne() {
    if (flights_.empty()) return;
    Flight& flight = flights_[random_() % flights_.size()];
    if (flight.rows) return;
    ASSERT_TRUE(scanner_->WaitVisible(flight.window.applied, Deadline::Never(), {}).ok());
    auto rows = scanner_->ReadChunk(flight.window.source_schema, flight.planned.range, 1 << 20, {});
    ASSERT_TRUE(rows.ok());
    flight.cut_after = rows->cut_after;
    if (flight.cut_after) flight.done.range.up_to = flight.cut_after;
    auto encoded = EncodeChunk(*flight.window.stored, rows->batch);
    ASSERT_TRUE(encoded.ok()) << encoded.status().message();
    flight.rows = std::move(encoded).value();
    flight.read_at = database_.head();
  }

  void ApplyOne() {
    if (flights_.empty()) return;
    const size_t at = random_() % flights_.size();
    if (!flights_[at].rows) return;
    const bool ahead = !progress_.applied().Covers(MemoryPosition(flights_[at].read_at));
    if (flights_[at].window.not_ahead_of_log && ahead) return;
    Flight flight = std::move(flights_[at]);
    flights_.erase(flights_.begin() + static_cast<std::ptrdiff_t>(at));
    if (flight.generation != generation_) return sink_->CloseWindow(flight.window.id);
    auto outcome = sink_->ApplyChunk(flight.window.id, *flight.rows, {flight.done, {}});
    ASSERT_TRUE(outcome.ok()) << outcome.status().message();
    switch (*outcome) {
      case TableSink::ChunkOutcome::kApplied:
        if (flight.cut_after) plan_->AddRemainder(flight.planned, *flight.cut_after);
        break;
      case TableSink::ChunkOutcome::kReadAgain: plan_->ReturnChunk(flight.planned); break;
      case TableSink::ChunkOutcome::kCompleted: plan_.reset(), note_due_ = true; break;
      case TableSink::ChunkOutcome::kGone: break;
    }
  }

  Store& store_;
  MemoryDatabase database_;
  std::mt19937 random_;
  const Images images_;
  const TableName table_;
  JobId job_;
  JobProgress progress_;
  std::unique_ptr<TableSink> sink_;
  std::unique_ptr<Connector> connector_;
  std::unique_ptr<TableScanner> scanner_;
  std::unique_ptr<Source> reader_;
  std::optional<CopyPlan> plan_;
  uint64_t generation_ = 0;
  bool note_due_ = false;
  std::vector<Flight> flights_;
};

// FRESHET_SEED=n runs that seed alone, FRESHET_SEEDS=n so many instead of the few of every day.
void RunSeeds(Store& store, Images images, uint32_t seeds) {
  const char* only = std::getenv("FRESHET_SEED");
  if (const char* many = std::getenv("FRESHET_SEEDS")) seeds = static_cast<uint32_t>(std::atoi(many));
  const uint32_t first = only ? static_cast<uint32_t>(std::atoi(only)) : 0;
  for (uint32_t seed = first; seed < (only ? first + 1 : seeds); ++seed) {
    SCOPED_TRACE("FRESHET_SEED=" + std::to_string(seed));
    Mirror(store, seed, images).Run();
    if (::testing::Test::HasFailure()) return;
  }
}

TEST_F(FollowTest, WholeImagesAndTruncateEndEqual) {
  RunSeeds(*store_, Images::kWhole, 100);
}
TEST_F(FollowTest, UnchangedToastInsideWindowsEndsEqual) {
  RunSeeds(*store_, Images::kToast, 100);
}
TEST_F(FollowTest, MinimalImagesWithMovedKeysEndEqual) {
  RunSeeds(*store_, Images::kMinimal, 150);
}

}  // namespace
}  // namespace freshet::test
