// SPDX-License-Identifier: Apache-2.0
// The state machine of a job: a tagged union and one pure function. It knows no threads, clocks or stores:
// sync/job_runner, the only caller, persists the new state, then carries out the action.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "base/status.h"
#include "sync/error_policy.h"

namespace freshet {

// Entered by CREATE JOB, RESUME JOB, an automatic resume and a restart of the process. Persisted. A restart
// stays here: the pipeline is started.
struct JobPending {
  int tries_done = 0;        // automatic resumes since the last success
  bool reconnected = false;  // the one reconnect without a wait is spent; not persisted
};
// Entered when the pipeline is open. Persisted. A restart goes to PENDING.
struct JobRunning {
  int tries_done = 0;  // until the first success
  bool reconnected = false;
};
// Entered by PAUSE JOB or an error. Persisted. A restart stays here; one with `resume_at_us` is still woken.
struct JobPaused {
  std::string error_code;  // "" never; kManualPauseErr for PAUSE JOB
  std::string message;
  int64_t resume_at_us = 0;  // wall clock; 0: only a user wakes it
  int tries_done = 0;
};
// Entered when a snapshot job has copied everything. Persisted, final. A restart stays here.
struct JobFinished {};
// Entered by DROP JOB. Not persisted: the record is deleted. Final.
struct JobStopped {};

using JobState = std::variant<JobPending, JobRunning, JobPaused, JobFinished, JobStopped>;

struct PipelineOpened {};
struct PipelineProgressed {};  // a unit or chunk was committed
struct PipelineFailed {
  Code code = Code::kUnavailable;
  Phase phase = Phase::kRead;
  std::string message;
  bool worked_before = false;  // it ran well for a while: as if it had made progress
};
struct SnapshotCompleted {};
struct PauseRequested {};
struct ResumeRequested {};
struct DropRequested {};
struct TimePassed {};
struct ProcessStarted {};

using JobInput = std::variant<PipelineOpened, PipelineProgressed, PipelineFailed, SnapshotCompleted, PauseRequested,
                              ResumeRequested, DropRequested, TimePassed, ProcessStarted>;

enum class JobAction : uint8_t {
  kNone,
  kStartPipeline,
  kStopPipeline,
  kFinish,   // stop the pipeline, release the source's log
  kRelease,  // stop the pipeline, release the source's log, delete the records
  kExit,     // the process must end
};

struct JobStep {
  JobState state;
  JobAction action = JobAction::kNone;
  Status refused;  // set when a user's request is not possible in this state: state is unchanged
};

// `now_us`: wall clock, microseconds since 1970.
JobStep Advance(const JobState& state, const JobInput& input, int64_t now_us);

// "PENDING", "RUNNING", "PAUSED", "FINISHED", "STOPPED".
std::string_view JobStateName(const JobState& state);

}  // namespace freshet
