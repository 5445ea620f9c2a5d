// SPDX-License-Identifier: Apache-2.0
// What to do about an error: the only place that decides between retry, stopping a table, pausing the job
// and ending the process, by error code and phase, never by message text. Pure; any thread.
#pragma once

#include <string>
#include <string_view>

#include "base/status.h"

namespace freshet {

// Where the error came up.
enum class Phase : uint8_t {
  kConnect,  // control connection, opening source or scanner
  kRead,     // Source::Next, Acknowledge
  kApply,    // the sink as a whole: commit, records
  kTable,    // one table inside a unit: its rows or its schema change
  kCopy,     // a chunk of one table
  kObject,   // one object of a job over s3(..), or what its rows are put into
  kFilter,   // more rows could not be loaded than the job's limit allows
};

enum class Verdict : uint8_t {
  kRetry,      // the job pauses and resumes by itself with back-off; in kCopy: the chunk is tried again
  kStopTable,  // this table stops with the reason, the rest of the job goes on
  kPauseJob,   // the job pauses until a user resumes it
  kExit,       // the process must end: its own state cannot be trusted
};

struct Decision {
  Verdict verdict = Verdict::kPauseJob;
  std::string_view error_code;  // as in ErrorMsg's "code"
  std::string_view hint;        // what the user can do; "" when the message says it all
};

Decision DecideError(Code code, Phase phase);

// ErrorMsg texts: message, then the hint when there is one.
std::string WithHint(std::string_view message, const Decision& decision);

inline constexpr std::string_view kInternalErr = "INTERNAL_ERR";
inline constexpr std::string_view kCannotResumeErr = "CANNOT_RESUME_ERR";
inline constexpr std::string_view kManualPauseErr = "MANUAL_PAUSE_ERR";
inline constexpr std::string_view kRemoteDataErr = "GET_REMOTE_DATA_ERROR";
inline constexpr std::string_view kTooManyFailureRowsErr = "TOO_MANY_FAILURE_ROWS_ERR";

}  // namespace freshet
