// SPDX-License-Identifier: Apache-2.0
#include "sync/verify.h"

#include <algorithm>

#include "storage/content_hash.h"
#include "storage/read_view.h"
#include "storage/unit_writer.h"
#include "sync/copier.h"
#include "sync/project_batch.h"

namespace freshet {

namespace {

// Looks at a table again when the log moved between the two readings, so often.
constexpr int kLooksMax = 3;

// The rows of one source; those that cannot be loaded are counted apart.
struct SourceContent {
  ContentHash hash;
  int64_t filtered = 0;
};

Result<SourceContent> HashSource(TableScanner& scanner, const StoredTable& table, const SchemaPtr& source_schema,
                                 int64_t split_rows, StopToken stop) {
  SourceContent content;
  std::optional<KeyText> after;
  while (true) {
    ASSIGN_OR_RETURN(const std::optional<KeyText> bound, scanner.NextBound(*source_schema, after, split_rows, stop));
    ChunkRange range{after, bound};
    while (true) {
      ASSIGN_OR_RETURN(ChunkRows rows, scanner.ReadChunk(source_schema, range, kChunkBytesMax, stop));
      if (source_schema->version != table.schema->version) {
        ASSIGN_OR_RETURN(ProjectedBatch projected, ProjectBatch(rows.batch, table.schema));
        content.filtered += static_cast<int64_t>(projected.rejected.size());
        std::erase_if(projected.batch.rows, [](const RowChange& row) { return row.op == RowOp::kDelete; });
        rows.batch = std::move(projected.batch);
      }
      ASSIGN_OR_RETURN(const EncodedRows encoded, EncodeChunk(table, rows.batch));
      ASSIGN_OR_RETURN(const ContentHash part, HashRows(table, encoded));
      content.hash.Add(part);
      if (!rows.cut_after || rows.cut_after == range.up_to) break;
      range.after = std::move(rows.cut_after);
    }
    if (!bound) return content;
    after = bound;
  }
}

struct Subject {
  Store& store;
  Connector& connector;
  const JobDefinition& job;
  int64_t split_rows;
  JobProgress& progress;
};

// The source tables of one target; most targets have one.
using Sources = std::vector<TableRecord>;

// The target holds the union of its sources' rows.
Status CompareOnce(const Subject& subject, TableScanner& scanner, const Sources& sources, TableVerdict& verdict,
                   StopToken stop) {
  ASSIGN_OR_RETURN(const std::shared_ptr<const ReadView> view, subject.store.OpenView());
  const StoredTablePtr stored = view->FindTable(subject.job.target_database, sources[0].target);
  if (stored == nullptr) return Status(Code::kNotFound, "the mirror's table is gone");
  ASSIGN_OR_RETURN(const ContentHash mirror, HashTable(*view, *stored));
  ContentHash source;
  int64_t filtered = 0;
  for (const TableRecord& record : sources) {
    ASSIGN_OR_RETURN(const SourceContent content,
                     HashSource(scanner, *stored, record.source_schema, subject.split_rows, stop));
    source.Add(content.hash);
    filtered += content.filtered;
  }
  verdict.source_rows = static_cast<int64_t>(source.rows());
  verdict.mirror_rows = static_cast<int64_t>(mirror.rows());
  verdict.source_hash = source.hex();
  verdict.mirror_hash = mirror.hex();
  verdict.equal = source.rows() == mirror.rows() && verdict.source_hash == verdict.mirror_hash;
  verdict.detail = verdict.equal                                ? ""
                   : verdict.source_rows == verdict.mirror_rows ? "same number of rows, other content"
                   : verdict.source_rows > verdict.mirror_rows  ? "the source has more rows"
                                                                : "the mirror has more rows";
  if (filtered > 0) verdict.detail += std::to_string(filtered) + " rows of the source are in quarantine";
  return Status::Ok();
}

// A difference counts only when nothing moved while both sides were read.
Status Compare(const Subject& subject, TableScanner& scanner, const Sources& sources, TableVerdict& verdict,
               Deadline deadline, StopToken stop) {
  for (int look = 0; look < kLooksMax; ++look) {
    ASSIGN_OR_RETURN(const Position before, subject.connector.CurrentPosition());
    TRY(subject.progress.WaitApplied(before, deadline, stop).status());
    TRY(CompareOnce(subject, scanner, sources, verdict, stop));
    if (verdict.equal) return Status::Ok();
    ASSIGN_OR_RETURN(const Position now, subject.connector.CurrentPosition());
    if (before.Covers(now)) return Status::Ok();
    if (deadline.Passed()) break;
  }
  verdict.detail += " (the source was written meanwhile)";
  return Status::Ok();
}

// "" when all sources can be compared.
std::string NotComparable(const Sources& sources) {
  for (const TableRecord& record : sources) {
    if (std::holds_alternative<TableReady>(record.state)) continue;
    const auto* stopped = std::get_if<TableStopped>(&record.state);
    return (sources.size() > 1 ? record.source.ToString() + ": " : std::string()) +
           (stopped ? stopped->reason : std::string(TableStateName(record.state)));
  }
  return "";
}

// By target; a table that never got one is alone.
Result<std::vector<Sources>> LoadTargets(Store& store, JobId job) {
  std::vector<Sources> targets;
  ASSIGN_OR_RETURN(const auto records, store.ScanRecords(RecordFamily::kJobs, TableKeyPrefix(job)));
  for (const auto& [key, value] : records) {
    ASSIGN_OR_RETURN(TableRecord record, DecodeTable(value));
    const auto shared = std::find_if(targets.begin(), targets.end(),
                                     [&](const Sources& sources) { return record.id && sources[0].id == record.id; });
    if (shared == targets.end()) {
      targets.push_back({std::move(record)});
    } else {
      shared->push_back(std::move(record));
    }
  }
  return targets;
}

}  // namespace

Result<std::vector<TableVerdict>> VerifyTables(Store& store, Connector& connector, const JobDefinition& job,
                                               int64_t split_rows, JobProgress& progress, Deadline deadline,
                                               StopToken stop) {
  const Subject subject{store, connector, job, split_rows, progress};
  ASSIGN_OR_RETURN(const std::unique_ptr<TableScanner> scanner, connector.OpenScanner());
  std::vector<TableVerdict> verdicts;
  ASSIGN_OR_RETURN(const std::vector<Sources> targets, LoadTargets(store, job.id));
  for (const Sources& sources : targets) {
    TableVerdict verdict;
    if (const std::string why = NotComparable(sources); !why.empty()) {
      verdict.detail = "not compared: " + why;
    } else {
      TRY(Compare(subject, *scanner, sources, verdict, deadline, stop));
      if (deadline.Passed()) {
        return Status(Code::kTimeout, "timed out comparing table " + sources[0].source.ToString());
      }
    }
    for (const TableRecord& record : sources) {
      verdict.table = record.source;
      verdicts.push_back(verdict);
    }
  }
  return verdicts;
}

}  // namespace freshet
