// SPDX-License-Identifier: Apache-2.0
// Quarantine: rows that a job read and could not load, kept with where they came from and why, so that they can
// be looked at and loaded later. Records are written in the commit whose rows they count; this class only makes
// them and numbers them. It decides nothing about the job and never logs a row.
// Used by the apply thread alone; the codec and the keys are pure.
//
//   kQuarantine   job/<job id>/<sequence>    QuarantineRecord as JSON; ids and sequences as 20 decimal digits
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/id.h"
#include "base/status.h"
#include "cdc/change/position.h"
#include "cdc/change/row_batch.h"
#include "storage/store.h"

namespace freshet {

// Newest rejected rows that are kept per job; older ones make room. Bounds the disk that a broken mapping takes.
inline constexpr uint64_t kQuarantineRowsKeptMax = 100'000;

struct QuarantineRecord {
  JobId job;
  TaskId task;             // none: no task was open
  std::string table;       // source table or object, "schema.table"
  Position position;       // applied before the unit or chunk with the row: the log behind it has the row
  std::string reason;      // names the column and the type, never the value
  std::string row = "{}";  // JSON object: column name to text, or null. Columns that were not sent are left out
  // Of a record that is no row (a line of a file that does not parse): `row` is the text itself.
  struct Text {
    std::string header;   // the line of its file that names the columns; "" none
    bool is_utf8 = true;  // else bytes that are not were replaced
  };
  std::optional<Text> text;
  int64_t created_us = 0;  // wall clock, microseconds since 1970
};

std::string QuarantineKeyPrefix(JobId job);
std::string QuarantineKey(JobId job, uint64_t sequence);
// Never fails: bytes that are no UTF-8 are replaced. `row` is kept as it is written.
std::string EncodeQuarantine(const QuarantineRecord& record);
// As users see it: a JSON object, or a JSON string of a record that is no row.
std::string ShownRow(const QuarantineRecord& record);
Result<QuarantineRecord> DecodeQuarantine(std::string_view text);  // kCorrupt

// The JSON object of one image, values in the text form of cdc/change/text_cell.
std::string RowAsJson(const RowBatch& batch, uint32_t image);

class Quarantine {
 public:
  // Reads the newest sequence of the job.
  static Result<Quarantine> Load(Store& store, JobId job, const Clock& clock);
  // Appends the writes that keep `record` (its job and time are filled here) and make room for it.
  void Add(QuarantineRecord record, std::vector<RecordWrite>& records);

 private:
  Quarantine(JobId job, const Clock& clock, uint64_t next_sequence)
      : job_(job), clock_(&clock), next_sequence_(next_sequence) {}
  JobId job_;
  const Clock* clock_;
  uint64_t next_sequence_;
};

// The records of a job that readers may see, with their keys, oldest first: without those that are written ahead of
// the commit they belong to (sync/quarantine_stage).
Result<std::vector<std::pair<std::string, std::string>>> ScanQuarantine(const Store& store, JobId job);
// The number in the key of one of them.
uint64_t SequenceOf(std::string_view key);
// 0: there is none.
Result<uint64_t> NewestSequence(const Store& store, JobId job);
std::string HiddenFromKey(JobId job);
inline constexpr uint64_t kNothingHidden = UINT64_MAX;
Result<uint64_t> HiddenFrom(const Store& store, JobId job);

// All records of the job, for its deletion.
Result<std::vector<RecordWrite>> QuarantineDeletions(const Store& store, JobId job);

}  // namespace freshet
