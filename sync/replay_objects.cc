// SPDX-License-Identifier: Apache-2.0
#include "sync/replay_objects.h"

#include <algorithm>
#include <fstream>

#include "storage/key_codec.h"
#include "storage/read_view.h"
#include "sync/job_table_store.h"
#include "sync/job_tables.h"
#include "sync/object_job.h"
#include "sync/replay.h"

namespace freshet {

namespace {

// The rejected rows as a file of JSON lines, in the order of the quarantine.
Result<std::unique_ptr<SpoolFile>> WriteLines(const std::string& spool, const std::vector<QuarantinedRow>& rows) {
  TRY(ResetSpool(spool));
  auto file = std::make_unique<SpoolFile>(spool + "/replay.json");
  std::ofstream out(file->path(), std::ios::binary);
  for (const QuarantinedRow& row : rows) out << row.record.row << '\n';
  out.flush();
  if (!out) return Status(Code::kLocalIo, "cannot write " + file->path());
  return file;
}

// Which rows of the target are there already.
class TargetKeys {
 public:
  TargetKeys(const ReadView& view, StoredTablePtr target) : view_(view), target_(std::move(target)) {}

  Result<bool> Has(const RowBatch& rows, uint32_t image) const {
    KeyRange range;
    TRY(AppendKey(target_->id, *target_->schema, rows.Image(image), rows.arena, range.from));
    range.to = range.from + '\0';
    ASSIGN_OR_RETURN(const std::unique_ptr<RowScan> scan,
                     view_.Scan(*target_, {target_->schema->key_columns.front()}, range));
    RowBlock block;
    TRY(scan->Next(block, 1));
    return block.rows > 0;
  }

 private:
  const ReadView& view_;
  const StoredTablePtr target_;
};

enum class Fate : uint8_t { kFiltered, kLoaded, kTaken, kRejected };

struct Replayed {
  ReplayCounts counts;
  TaskLedger::Amount loaded;
};

// Writes what fits of one batch and counts it; `rows` are the quarantine's records of the batch.
Status ReplayBatch(UnitWriter& writer, const StoredTable& target, const TargetKeys& keys, const MappedRows& mapped,
                   std::span<const QuarantinedRow> rows, Replayed& replayed) {
  ReplayCounts& counts = replayed.counts;
  std::vector<Fate> fates(rows.size(), Fate::kFiltered);
  for (const MappedRows::Reject& reject : mapped.rejects) fates[reject.source_row] = Fate::kRejected;
  RowBatch fresh = mapped.rows;
  fresh.rows.clear();
  for (size_t i = 0; i < mapped.source_row.size(); ++i) {
    ASSIGN_OR_RETURN(const bool taken, keys.Has(mapped.rows, mapped.rows.rows[i].after));
    fates[mapped.source_row[i]] = taken ? Fate::kTaken : Fate::kLoaded;
    if (!taken) fresh.rows.push_back(mapped.rows.rows[i]);
  }
  TRY(writer.ApplyRows(target.id, fresh, ApplyOptions()));
  TRY(CountReplayed(target, fresh, replayed.loaded));
  for (size_t i = 0; i < rows.size(); ++i) {
    counts.loaded += fates[i] == Fate::kLoaded;
    counts.filtered += fates[i] == Fate::kFiltered;
    counts.superseded += fates[i] == Fate::kTaken;
    counts.rejected += fates[i] == Fate::kRejected;
    if (fates[i] == Fate::kTaken || fates[i] == Fate::kRejected) continue;
    writer.PutRecord({RecordFamily::kQuarantine, rows[i].key, std::nullopt});
  }
  return Status::Ok();
}

}  // namespace

Result<ReplayCounts> ReplayObjectRows(Store& store, const JobDefinition& job, const JobServiceOptions& limits,
                                      const std::optional<std::vector<uint64_t>>& sequences) {
  ASSIGN_OR_RETURN(const std::vector<QuarantinedRow> waiting, LoadQuarantined(store, job.id, sequences));
  if (waiting.empty()) return ReplayCounts();
  ASSIGN_OR_RETURN(const ParsedJob parsed, ParseDefinition(job));
  ASSIGN_OR_RETURN(const ObjectRun::Settings settings, ObjectRunSettings(job, parsed, limits.objects));
  ASSIGN_OR_RETURN(const std::shared_ptr<const ReadView> view, store.OpenView());
  const StoredTablePtr target = view->FindTable(job.insert->database, job.insert->table);
  if (target == nullptr || target->id != job.target) {
    return Status(Code::kNotFound, "the job's target table was dropped");
  }
  MappingSource source;
  source.columns = std::make_shared<FileColumns>(settings.columns);
  ASSIGN_OR_RETURN(const std::unique_ptr<Mapping> mapping,
                   limits.mappings(settings.insert, source, target->schema, {settings.strict}));
  ASSIGN_OR_RETURN(const std::unique_ptr<SpoolFile> file, WriteLines(settings.spool, waiting));
  FileFormat lines;
  lines.kind = FileKind::kJsonLines;
  ASSIGN_OR_RETURN(const std::unique_ptr<FileReader> reader,
                   limits.objects.open_file({file->path(), "the quarantine", lines, settings.columns}));
  ASSIGN_OR_RETURN(const std::unique_ptr<UnitWriter> writer, UnitWriter::Open(store, job.id));
  const TargetKeys keys(*view, target);
  Replayed replayed;
  while (true) {
    ASSIGN_OR_RETURN(const FileRows* const rows, reader->Next({}));
    if (rows == nullptr) break;
    ASSIGN_OR_RETURN(const MappedRows mapped, mapping->MapFileRows(*rows));
    TRY(ReplayBatch(*writer, *target, keys, mapped, {waiting.data() + rows->first_row(), rows->rows()}, replayed));
  }
  const ReplayCounts& counts = replayed.counts;
  TRY(CommitReplay(store, *writer, job.id, counts, counts.rejected + counts.superseded, replayed.loaded));
  return counts;
}

}  // namespace freshet
