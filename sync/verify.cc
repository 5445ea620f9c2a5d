// SPDX-License-Identifier: Apache-2.0
#include "sync/verify.h"

#include "storage/content_hash.h"
#include "storage/read_view.h"
#include "storage/unit_writer.h"
#include "sync/copier.h"
#include "sync/project_batch.h"

namespace freshet {

namespace {

// Looks at a table again when the log moved between the two readings, so often.
constexpr int kLooksMax = 3;

Result<ContentHash> HashSource(TableScanner& scanner, const StoredTable& table, const SchemaPtr& source_schema,
                               int64_t split_rows, StopToken stop) {
  ContentHash hash;
  std::optional<KeyText> after;
  while (true) {
    ASSIGN_OR_RETURN(const std::optional<KeyText> bound, scanner.NextBound(*source_schema, after, split_rows, stop));
    ChunkRange range{after, bound};
    while (true) {
      ASSIGN_OR_RETURN(ChunkRows rows, scanner.ReadChunk(source_schema, range, kChunkBytesMax, stop));
      if (source_schema->version != table.schema->version) {
        ASSIGN_OR_RETURN(rows.batch, ProjectBatch(rows.batch, table.schema));
      }
      ASSIGN_OR_RETURN(const EncodedRows encoded, EncodeChunk(table, rows.batch));
      ASSIGN_OR_RETURN(const ContentHash part, HashRows(table, encoded));
      hash.Add(part);
      if (!rows.cut_after || rows.cut_after == range.up_to) break;
      range.after = std::move(rows.cut_after);
    }
    if (!bound) return hash;
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

Status CompareOnce(const Subject& subject, TableScanner& scanner, const TableRecord& record, TableVerdict& verdict,
                   StopToken stop) {
  ASSIGN_OR_RETURN(const std::shared_ptr<const ReadView> view, subject.store.OpenView());
  const StoredTablePtr stored = view->FindTable(subject.job.target_database, record.target);
  if (stored == nullptr) return Status(Code::kNotFound, "the mirror's table is gone");
  ASSIGN_OR_RETURN(const ContentHash mirror, HashTable(*view, *stored));
  ASSIGN_OR_RETURN(const ContentHash source,
                   HashSource(scanner, *stored, record.source_schema, subject.split_rows, stop));
  verdict.source_rows = static_cast<int64_t>(source.rows());
  verdict.mirror_rows = static_cast<int64_t>(mirror.rows());
  verdict.source_hash = source.hex();
  verdict.mirror_hash = mirror.hex();
  verdict.equal = source.rows() == mirror.rows() && verdict.source_hash == verdict.mirror_hash;
  verdict.detail = verdict.equal                                ? ""
                   : verdict.source_rows == verdict.mirror_rows ? "same number of rows, other content"
                   : verdict.source_rows > verdict.mirror_rows  ? "the source has more rows"
                                                                : "the mirror has more rows";
  return Status::Ok();
}

// A difference counts only when nothing moved while both sides were read.
Status Compare(const Subject& subject, TableScanner& scanner, const TableRecord& record, TableVerdict& verdict,
               Deadline deadline, StopToken stop) {
  for (int look = 0; look < kLooksMax; ++look) {
    ASSIGN_OR_RETURN(const Position before, subject.connector.CurrentPosition());
    TRY(subject.progress.WaitApplied(before, deadline, stop).status());
    TRY(CompareOnce(subject, scanner, record, verdict, stop));
    if (verdict.equal) return Status::Ok();
    ASSIGN_OR_RETURN(const Position now, subject.connector.CurrentPosition());
    if (before.Covers(now)) return Status::Ok();
    if (deadline.Passed()) break;
  }
  verdict.detail += " (the source was written meanwhile)";
  return Status::Ok();
}

}  // namespace

Result<std::vector<TableVerdict>> VerifyTables(Store& store, Connector& connector, const JobDefinition& job,
                                               int64_t split_rows, JobProgress& progress, Deadline deadline,
                                               StopToken stop) {
  const Subject subject{store, connector, job, split_rows, progress};
  ASSIGN_OR_RETURN(const std::unique_ptr<TableScanner> scanner, connector.OpenScanner());
  std::vector<TableVerdict> verdicts;
  ASSIGN_OR_RETURN(const auto records, store.ScanRecords(RecordFamily::kJobs, TableKeyPrefix(job.id)));
  for (const auto& [key, value] : records) {
    ASSIGN_OR_RETURN(const TableRecord record, DecodeTable(value));
    TableVerdict& verdict = verdicts.emplace_back();
    verdict.table = record.source;
    if (!std::holds_alternative<TableReady>(record.state)) {
      const auto* stopped = std::get_if<TableStopped>(&record.state);
      verdict.detail = "not compared: " + (stopped ? stopped->reason : std::string(TableStateName(record.state)));
      continue;
    }
    TRY(Compare(subject, *scanner, record, verdict, deadline, stop));
    if (deadline.Passed()) return Status(Code::kTimeout, "timed out comparing table " + record.source.ToString());
  }
  return verdicts;
}

}  // namespace freshet
