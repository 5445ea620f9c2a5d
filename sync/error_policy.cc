// SPDX-License-Identifier: Apache-2.0
#include "sync/error_policy.h"

namespace freshet {

namespace {

constexpr std::string_view kHintAuth = "correct the login or grant the privilege, then RESUME JOB";
constexpr std::string_view kHintGone =
    "the data stays as it is; to go on, RESUME JOB after ALTER JOB n RESYNC TABLE for every table";
constexpr std::string_view kHintDisk = "free space or repair the disk under the data directory";
constexpr std::string_view kHintCorrupt = "check the source's log, then RESUME JOB";
constexpr std::string_view kHintTable = "ALTER JOB n RESYNC TABLE t copies the table again";
constexpr std::string_view kHintInvalid = "correct the properties with ALTER JOB, then RESUME JOB";

// One row per code: what it means for the job, and for a table when one table alone is concerned.
struct Rule {
  Code code;
  Decision job;
  Verdict table;  // kTable
  Verdict copy;   // kCopy
};

constexpr Verdict kRetry = Verdict::kRetry;
constexpr Verdict kStop = Verdict::kStopTable;
constexpr Verdict kPause = Verdict::kPauseJob;

constexpr Rule kRules[] = {
    {Code::kInvalid, {kPause, kCannotResumeErr, kHintInvalid}, kStop, kStop},
    {Code::kNotFound, {kPause, kCannotResumeErr, kHintInvalid}, kStop, kStop},
    {Code::kExists, {kPause, kCannotResumeErr, kHintInvalid}, kStop, kStop},
    {Code::kUnsupported, {kPause, kCannotResumeErr, kHintInvalid}, kStop, kStop},
    {Code::kCorrupt, {kPause, kCannotResumeErr, kHintCorrupt}, kStop, kStop},
    {Code::kUnavailable, {kRetry, kRemoteDataErr, ""}, kRetry, kRetry},
    {Code::kTimeout, {kRetry, kRemoteDataErr, ""}, kRetry, kRetry},
    {Code::kAuth, {kPause, kCannotResumeErr, kHintAuth}, kPause, kPause},
    {Code::kGone, {kPause, kCannotResumeErr, kHintGone}, kStop, kStop},
    // Busy elsewhere: a slot still held by a dying connection comes free by itself.
    {Code::kConflict, {kRetry, kInternalErr, ""}, kStop, kRetry},
    {Code::kLocalIo, {kRetry, kInternalErr, kHintDisk}, kRetry, kPause},
    {Code::kCancelled, {kRetry, kInternalErr, ""}, kRetry, kRetry},
    {Code::kSchemaMoved, {kRetry, kInternalErr, ""}, kStop, kRetry},
};

}  // namespace

Decision DecideError(Code code, Phase phase) {
  // Nothing gets better by itself, and the message says what to do.
  if (phase == Phase::kFilter) return {Verdict::kPauseJob, kTooManyFailureRowsErr, ""};
  for (const Rule& rule : kRules) {
    if (rule.code != code) continue;
    Decision decision = rule.job;
    if (phase == Phase::kTable) decision.verdict = rule.table;
    if (phase == Phase::kCopy) decision.verdict = rule.copy;
    if (decision.verdict == Verdict::kStopTable) decision.hint = kHintTable;
    // The message is about the object or the SELECT and says what to do.
    if (phase == Phase::kObject && decision.verdict == Verdict::kPauseJob) decision.hint = "";
    // Our own store returning damaged bytes outside one table's rows: going on could spread the damage.
    if (code == Code::kCorrupt && phase == Phase::kApply) decision.verdict = Verdict::kExit;
    return decision;
  }
  return Decision{Verdict::kPauseJob, kCannotResumeErr, ""};
}

std::string WithHint(std::string_view message, const Decision& decision) {
  std::string text(message);
  if (!decision.hint.empty()) text.append(" (").append(decision.hint).append(")");
  return text;
}

}  // namespace freshet
