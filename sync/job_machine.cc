// SPDX-License-Identifier: Apache-2.0
#include "sync/job_machine.h"

#include "sync/backoff.h"

namespace freshet {

namespace {

template <typename... F>
struct Overload : F... {
  using F::operator()...;
};
template <typename... F>
Overload(F...) -> Overload<F...>;

int TriesDone(const JobState& state) {
  if (const auto* pending = std::get_if<JobPending>(&state)) return pending->tries_done;
  if (const auto* running = std::get_if<JobRunning>(&state)) return running->tries_done;
  if (const auto* paused = std::get_if<JobPaused>(&state)) return paused->tries_done;
  return 0;
}

// A lost connection is made anew at once, in place, but once only until the job has made progress again:
// back-off is for a source that stays away.
bool ReconnectsAtOnce(const JobState& state, const PipelineFailed& failure, const Decision& decision) {
  if (decision.error_code != kRemoteDataErr) return false;
  if (failure.worked_before) return true;
  const auto* pending = std::get_if<JobPending>(&state);
  const auto* running = std::get_if<JobRunning>(&state);
  return (pending != nullptr && !pending->reconnected) || (running != nullptr && !running->reconnected);
}

bool Active(const JobState& state) {
  return std::holds_alternative<JobPending>(state) || std::holds_alternative<JobRunning>(state);
}
bool Final(const JobState& state) {
  return std::holds_alternative<JobFinished>(state) || std::holds_alternative<JobStopped>(state);
}

JobStep Refuse(const JobState& state, std::string message) {
  return {state, JobAction::kNone, Status(Code::kConflict, std::move(message))};
}

JobStep OnFailure(const JobState& state, const PipelineFailed& failure, int64_t now_us) {
  if (!Active(state)) return {state, JobAction::kNone, {}};  // a late failure never overwrites a manual pause
  const Decision decision = DecideError(failure.code, failure.phase);
  const int tries = TriesDone(state);
  if (decision.verdict == Verdict::kExit) {
    return {JobPaused{std::string(decision.error_code), WithHint(failure.message, decision), 0, tries},
            JobAction::kExit,
            {}};
  }
  if (decision.verdict != Verdict::kRetry) {
    return {JobPaused{std::string(decision.error_code), WithHint(failure.message, decision), 0, tries},
            JobAction::kStopPipeline,
            {}};
  }
  if (ReconnectsAtOnce(state, failure, decision)) {
    return {JobPending{failure.worked_before ? 0 : tries, true}, JobAction::kStartPipeline, {}};
  }
  if (tries >= kAutoResumeTriesMax) {
    const std::string message = "Auto resume failed after " + std::to_string(tries) +
                                " attempts. Last error: " + WithHint(failure.message, decision);
    return {JobPaused{std::string(kCannotResumeErr), message, 0, tries}, JobAction::kStopPipeline, {}};
  }
  const int64_t resume_at_us = now_us + AutoResumeWaitS(tries) * 1'000'000;
  return {JobPaused{std::string(decision.error_code), WithHint(failure.message, decision), resume_at_us, tries},
          JobAction::kStopPipeline,
          {}};
}

JobStep OnTime(const JobState& state, int64_t now_us) {
  const auto* paused = std::get_if<JobPaused>(&state);
  if (paused == nullptr || paused->resume_at_us == 0 || now_us < paused->resume_at_us) {
    return {state, JobAction::kNone, {}};
  }
  return {JobPending{paused->tries_done + 1, true}, JobAction::kStartPipeline, {}};
}

}  // namespace

JobStep Advance(const JobState& state, const JobInput& input, int64_t now_us) {
  return std::visit(
      Overload{
          [&](const PipelineOpened&) -> JobStep {
            const auto* pending = std::get_if<JobPending>(&state);
            if (pending == nullptr) return {state, JobAction::kNone, {}};
            return {JobRunning{pending->tries_done, pending->reconnected}, JobAction::kNone, {}};
          },
          [&](const PipelineProgressed&) -> JobStep {
            if (!std::holds_alternative<JobRunning>(state)) return {state, JobAction::kNone, {}};
            return {JobRunning{0}, JobAction::kNone, {}};
          },
          [&](const PipelineFailed& failure) -> JobStep { return OnFailure(state, failure, now_us); },
          [&](const SnapshotCompleted&) -> JobStep {
            if (!std::holds_alternative<JobRunning>(state)) return {state, JobAction::kNone, {}};
            return {JobFinished{}, JobAction::kFinish, {}};
          },
          [&](const PauseRequested&) -> JobStep {
            if (Final(state)) {
              return Refuse(state, "Can't pause a job in status " + std::string(JobStateName(state)));
            }
            const auto* paused = std::get_if<JobPaused>(&state);
            if (paused != nullptr && paused->resume_at_us == 0) {
              return Refuse(state, "Can't change job status to the same status: PAUSED");
            }
            // A job that waits for its automatic resume has the user's pause from now on: never woken.
            return {JobPaused{std::string(kManualPauseErr), "paused by the user", 0, 0}, JobAction::kStopPipeline, {}};
          },
          [&](const ResumeRequested&) -> JobStep {
            if (Final(state)) {
              return Refuse(state, "Can't resume a job in status " + std::string(JobStateName(state)));
            }
            if (Active(state)) {
              return Refuse(state, "Can't change job status to the same status: job already running");
            }
            return {JobPending{0}, JobAction::kStartPipeline, {}};
          },
          [&](const DropRequested&) -> JobStep {
            return {JobStopped{}, JobAction::kRelease, {}};
          },
          [&](const TimePassed&) -> JobStep { return OnTime(state, now_us); },
          [&](const ProcessStarted&) -> JobStep {
            if (!Active(state)) return {state, JobAction::kNone, {}};
            return {JobPending{0}, JobAction::kStartPipeline, {}};
          },
      },
      input);
}

std::string_view JobStateName(const JobState& state) {
  static constexpr std::string_view kNames[] = {"PENDING", "RUNNING", "PAUSED", "FINISHED", "STOPPED"};
  return kNames[state.index()];
}

}  // namespace freshet
