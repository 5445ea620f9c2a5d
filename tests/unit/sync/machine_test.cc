// SPDX-License-Identifier: Apache-2.0
// Job and table machines, back-off and the error table: every input in every state.
#include <gtest/gtest.h>

#include "sync/backoff.h"
#include "sync/error_policy.h"
#include "sync/job_machine.h"
#include "sync/table_machine.h"

namespace freshet {
namespace {

constexpr int64_t kNow = 1'000'000'000;

std::vector<JobState> AllJobStates() {
  return {JobPending{0, true},
          JobRunning{0, true},
          JobPaused{"X", "waits", kNow + 1, 2},
          JobPaused{std::string(kManualPauseErr)},
          JobFinished{},
          JobStopped{}};
}

std::string After(const JobState& state, const JobInput& input, int64_t now = kNow) {
  const JobStep step = Advance(state, input, now);
  return std::string(JobStateName(step.state)) + (step.refused.ok() ? "" : " refused");
}

TEST(JobMachine, EveryInputInEveryStateLeadsWhereTheTableSays) {
  const PipelineFailed lost{Code::kUnavailable, Phase::kRead, "lost", false};
  struct Row {
    JobInput input;
    std::vector<std::string> after;  // per state of AllJobStates()
  };
  const std::vector<Row> rows = {
      {PipelineOpened{}, {"RUNNING", "RUNNING", "PAUSED", "PAUSED", "FINISHED", "STOPPED"}},
      {PipelineProgressed{}, {"PENDING", "RUNNING", "PAUSED", "PAUSED", "FINISHED", "STOPPED"}},
      {lost, {"PAUSED", "PAUSED", "PAUSED", "PAUSED", "FINISHED", "STOPPED"}},
      {SnapshotCompleted{}, {"PENDING", "FINISHED", "PAUSED", "PAUSED", "FINISHED", "STOPPED"}},
      {PauseRequested{}, {"PAUSED", "PAUSED", "PAUSED", "PAUSED refused", "FINISHED refused", "STOPPED refused"}},
      {ResumeRequested{},
       {"PENDING refused", "RUNNING refused", "PENDING", "PENDING", "FINISHED refused", "STOPPED refused"}},
      {DropRequested{}, {"STOPPED", "STOPPED", "STOPPED", "STOPPED", "STOPPED", "STOPPED"}},
      {TimePassed{}, {"PENDING", "RUNNING", "PAUSED", "PAUSED", "FINISHED", "STOPPED"}},
      {ProcessStarted{}, {"PENDING", "PENDING", "PAUSED", "PAUSED", "FINISHED", "STOPPED"}},
  };
  const auto states = AllJobStates();
  for (const Row& row : rows) {
    for (size_t i = 0; i < states.size(); ++i) {
      EXPECT_EQ(After(states[i], row.input), row.after[i]) << "input " << row.input.index() << " state " << i;
    }
  }
}

TEST(JobMachine, LostConnectionIsRetriedTenTimesWithGrowingWaits) {
  JobState state = JobPending{0, true};
  int64_t now = kNow;
  const std::vector<int64_t> waits_s = {10, 20, 40, 80, 160, 300, 300, 300, 300, 300};
  for (const int64_t wait_s : waits_s) {
    state = Advance(state, PipelineFailed{Code::kUnavailable, Phase::kConnect, "down", false}, now).state;
    ASSERT_EQ(std::get<JobPaused>(state).resume_at_us, now + wait_s * 1'000'000);
    EXPECT_EQ(Advance(state, TimePassed{}, now + wait_s * 1'000'000 - 1).action, JobAction::kNone);
    now += wait_s * 1'000'000;
    const JobStep woken = Advance(state, TimePassed{}, now);
    ASSERT_EQ(woken.action, JobAction::kStartPipeline);
    state = woken.state;
  }
  state = Advance(state, PipelineFailed{Code::kUnavailable, Phase::kConnect, "down", false}, now).state;
  const auto& paused = std::get<JobPaused>(state);
  EXPECT_EQ(paused.error_code, kCannotResumeErr);
  EXPECT_EQ(paused.resume_at_us, 0);
  EXPECT_EQ(paused.message, "Auto resume failed after 10 attempts. Last error: down");
}

TEST(JobMachine, SuccessAndManualResumeResetTheTries) {
  const JobState running = JobRunning{7};
  EXPECT_EQ(std::get<JobRunning>(Advance(running, PipelineProgressed{}, kNow).state).tries_done, 0);
  const JobState paused = JobPaused{"X", "m", kNow + 5, 7};
  EXPECT_EQ(std::get<JobPending>(Advance(paused, ResumeRequested{}, kNow).state).tries_done, 0);
}

TEST(JobMachine, ManualPauseIsNeverWokenAndNeverOverwritten) {
  const JobState paused = Advance(JobRunning{}, PauseRequested{}, kNow).state;
  EXPECT_EQ(Advance(paused, TimePassed{}, INT64_MAX).action, JobAction::kNone);
  const JobState late = Advance(paused, PipelineFailed{Code::kGone, Phase::kRead, "late", false}, kNow).state;
  EXPECT_EQ(std::get<JobPaused>(late).error_code, kManualPauseErr);
  EXPECT_EQ(After(paused, ProcessStarted{}), "PAUSED");
}

TEST(JobMachine, WrongPasswordIsNotRetriedLikeALostConnection) {
  for (const Code code : {Code::kAuth, Code::kInvalid, Code::kGone, Code::kCorrupt, Code::kUnsupported}) {
    const JobStep step = Advance(JobRunning{}, PipelineFailed{code, Phase::kRead, "no", true}, kNow);
    const auto& paused = std::get<JobPaused>(step.state);
    EXPECT_EQ(paused.resume_at_us, 0) << CodeName(code);
    EXPECT_EQ(paused.error_code, kCannotResumeErr) << CodeName(code);
    EXPECT_EQ(step.action, JobAction::kStopPipeline);
  }
}

TEST(JobMachine, TheFirstLostConnectionIsReconnectedAtOnceAndTheNextOneWaitsUntilThereWasProgress) {
  const PipelineFailed lost{Code::kUnavailable, Phase::kRead, "killed", false};
  for (const JobState& start : std::vector<JobState>{JobPending{}, JobRunning{}}) {
    const JobStep first = Advance(start, lost, kNow);
    ASSERT_EQ(first.action, JobAction::kStartPipeline);
    EXPECT_EQ(JobStateName(first.state), "PENDING");
    const JobState reopened = Advance(first.state, PipelineOpened{}, kNow).state;
    const JobStep second = Advance(reopened, lost, kNow);
    EXPECT_EQ(second.action, JobAction::kStopPipeline);
    EXPECT_EQ(std::get<JobPaused>(second.state).resume_at_us, kNow + 10'000'000);
    const JobState progressed = Advance(reopened, PipelineProgressed{}, kNow).state;
    EXPECT_EQ(Advance(progressed, lost, kNow).action, JobAction::kStartPipeline);
  }
  // A busy disk or slot is no lost connection; nor does an automatic resume bring a reconnect of its own.
  EXPECT_EQ(Advance(JobRunning{}, PipelineFailed{Code::kLocalIo, Phase::kApply, "full", false}, kNow).action,
            JobAction::kStopPipeline);
  const JobState resumed = Advance(JobPaused{"X", "m", kNow, 3}, TimePassed{}, kNow).state;
  EXPECT_EQ(Advance(resumed, lost, kNow).action, JobAction::kStopPipeline);
}

TEST(JobMachine, ARunThatWorkedWellIsReconnectedAtOnce) {
  const JobStep step = Advance(JobRunning{}, PipelineFailed{Code::kUnavailable, Phase::kRead, "killed", true}, kNow);
  EXPECT_EQ(JobStateName(step.state), "PENDING");
  EXPECT_EQ(step.action, JobAction::kStartPipeline);
}

TEST(ErrorPolicy, CorruptRowsStopTheirTableAndACorruptStoreEndsTheProcess) {
  EXPECT_EQ(DecideError(Code::kCorrupt, Phase::kTable).verdict, Verdict::kStopTable);
  EXPECT_EQ(DecideError(Code::kCorrupt, Phase::kApply).verdict, Verdict::kExit);
  EXPECT_EQ(DecideError(Code::kCorrupt, Phase::kRead).verdict, Verdict::kPauseJob);
}

TEST(ErrorPolicy, TooManyFilteredRowsPauseTheJobForGood) {
  const JobStep step = Advance(JobRunning{}, PipelineFailed{Code::kConflict, Phase::kFilter, "too many", true}, kNow);
  const auto& paused = std::get<JobPaused>(step.state);
  EXPECT_EQ(paused.error_code, kTooManyFailureRowsErr);
  EXPECT_EQ(paused.message, "too many");
  EXPECT_EQ(paused.resume_at_us, 0);
}

TEST(ErrorPolicy, AGonePositionNamesResync) {
  const Decision decision = DecideError(Code::kGone, Phase::kConnect);
  EXPECT_EQ(decision.verdict, Verdict::kPauseJob);
  EXPECT_NE(decision.hint.find("RESYNC"), std::string_view::npos);
}

TEST(ErrorPolicy, ChunksAreReadAgainAfterALostConnectionOrAMovedSchema) {
  for (const Code code : {Code::kUnavailable, Code::kTimeout, Code::kSchemaMoved}) {
    EXPECT_EQ(DecideError(code, Phase::kCopy).verdict, Verdict::kRetry) << CodeName(code);
  }
  EXPECT_EQ(DecideError(Code::kUnsupported, Phase::kCopy).verdict, Verdict::kStopTable);
}

Position Lsn(uint64_t lsn) {
  return Position{PostgresPosition{lsn, 0}};
}

TEST(TableMachine, GoesFromWaitingToReadyWhenTheLogHasPassedTheNotedPosition) {
  TableState state = Advance(TableWaiting{}, WindowOpened{}).state;
  EXPECT_EQ(TableStateName(state), "COPYING");
  state = Advance(state, ChunksCompleted{Lsn(50)}).state;
  EXPECT_FALSE(Advance(state, LogApplied{Lsn(49)}).changed);
  const TableStep ready = Advance(state, LogApplied{Lsn(50)});
  EXPECT_EQ(TableStateName(ready.state), "READY");
  EXPECT_EQ(ready.action, TableAction::kSetReady);
}

TEST(TableMachine, EveryStateCanStopAndOnlyACopyLeavesStopped) {
  const std::vector<TableState> states = {TableWaiting{}, TableCopying{}, TableCatchingUp{Lsn(1)}, TableReady{}};
  for (const TableState& state : states) {
    EXPECT_EQ(TableStateName(Advance(state, CannotFollow{"r"}).state), "STOPPED");
    EXPECT_EQ(TableStateName(Advance(state, CopyAgain{}).state), "WAITING");
  }
  const TableState stopped = TableStopped{"first"};
  EXPECT_EQ(std::get<TableStopped>(Advance(stopped, CannotFollow{"second"}).state).reason, "first");
  for (const TableInput& input : std::vector<TableInput>{WindowOpened{}, ChunksCompleted{Lsn(1)}, LogApplied{Lsn(9)}}) {
    EXPECT_FALSE(Advance(stopped, input).changed);
  }
  EXPECT_EQ(Advance(stopped, CopyAgain{}).action, TableAction::kRestartCopy);
}

TEST(TableMachine, ReadyIgnoresCopyInputs) {
  for (const TableInput& input : std::vector<TableInput>{WindowOpened{}, ChunksCompleted{Lsn(1)}, LogApplied{Lsn(9)}}) {
    EXPECT_FALSE(Advance(TableReady{}, input).changed);
  }
}

}  // namespace
}  // namespace freshet
