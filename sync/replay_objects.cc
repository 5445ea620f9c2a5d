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

constexpr std::chrono::seconds kLeaseWait{30};

using OpenFile = decltype(ObjectLoading::open_file);

Status Write(const std::string& path, std::string_view text) {
  std::ofstream out(path, std::ios::binary | std::ios::app);
  out << text;
  out.flush();
  return out ? Status::Ok() : Status(Code::kLocalIo, "cannot write " + path);
}

// The one row, as JSON, that the text of a malformed record is in the job's format of today; nothing: it is none still.
Result<std::optional<std::string>> RowOfText(const OpenFile& open_file, const ObjectRun::Settings& settings,
                                             const QuarantineRecord& record) {
  const std::optional<std::string> none;
  if (!record.text->is_utf8) return none;  // it is not what the file had
  FileFormat format = settings.format;
  format.compression = FileCompression::kNone;
  format.skip_lines = 0;
  const SpoolFile file(settings.spool + "/replay.text");
  switch (format.kind) {
    case FileKind::kCsv: break;
    case FileKind::kCsvWithNames:
    case FileKind::kCsvWithNamesAndTypes:
      if (record.text->header.empty()) return none;
      format.kind = FileKind::kCsvWithNames;
      TRY(Write(file.path(), record.text->header + format.line_delimiter));
      break;
    case FileKind::kJsonLines:
    case FileKind::kJsonArray:
      if (record.row.find('\n') != std::string::npos) return none;
      format.kind = FileKind::kJsonLines;
      format.line_delimiter.assign(1, '\n');
      break;
    case FileKind::kParquet: return none;
  }
  TRY(Write(file.path(), record.row + format.line_delimiter));
  const auto read = [&]() -> Result<std::optional<std::string>> {
    ASSIGN_OR_RETURN(const std::unique_ptr<FileReader> reader,
                     open_file({file.path(), "the quarantine", format, settings.columns}));
    std::optional<std::string> row;
    while (true) {
      ASSIGN_OR_RETURN(const FileRows* const rows, reader->Next({}));
      if (rows == nullptr) return row;
      if (row || rows->rows() != 1) return std::optional<std::string>();
      row = rows->RowAsJson(0);
    }
  };
  Result<std::optional<std::string>> row = read();
  if (row.code() == Code::kInvalid) return none;
  return row;
}

// What can be mapped once more of what is in the quarantine, as a file of JSON lines in its order.
struct ReplayLines {
  std::unique_ptr<SpoolFile> file;
  std::vector<QuarantinedRow> rows;  // one per line
  int64_t malformed = 0;             // texts that are no row still
};

Result<ReplayLines> WriteLines(const OpenFile& open_file, const ObjectRun::Settings& settings,
                               std::vector<QuarantinedRow> waiting) {
  TRY(ResetSpool(settings.spool));
  ReplayLines lines;
  lines.file = std::make_unique<SpoolFile>(settings.spool + "/replay.json");
  std::ofstream out(lines.file->path(), std::ios::binary);
  for (QuarantinedRow& row : waiting) {
    std::optional<std::string> line = row.record.row;
    if (row.record.text) {
      ASSIGN_OR_RETURN(line, RowOfText(open_file, settings, row.record));
    }
    if (!line) {
      ++lines.malformed;
      continue;
    }
    out << *line << '\n';
    lines.rows.push_back(std::move(row));
  }
  out.flush();
  if (!out) return Status(Code::kLocalIo, "cannot write " + lines.file->path());
  return lines;
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
  ASSIGN_OR_RETURN(std::vector<QuarantinedRow> waiting, LoadQuarantined(store, job.id, sequences));
  if (waiting.empty()) return ReplayCounts();
  ASSIGN_OR_RETURN(const ParsedJob parsed, ParseDefinition(job));
  ASSIGN_OR_RETURN(const ObjectRun::Settings settings, ObjectRunSettings(job, parsed, limits.objects));
  // What the target has is looked up under its lease: a row that somebody writes meanwhile is not overwritten.
  ASSIGN_OR_RETURN(const std::unique_ptr<UnitWriter> writer, UnitWriter::Open(store, job.id));
  writer->SetHolderName("job " + job.name);
  if (Status leased = writer->Lease(job.target, Deadline::After(kLeaseWait), {}); !leased.ok()) {
    if (leased.code() != Code::kNotFound) return leased;
    return Status(Code::kNotFound, "the job's target table was dropped");
  }
  ASSIGN_OR_RETURN(const std::shared_ptr<const ReadView> view, store.OpenView());
  const StoredTablePtr target = view->FindTable(job.insert->database, job.insert->table);
  if (target == nullptr || target->id != job.target) {
    return Status(Code::kNotFound, "the job's target table was dropped");
  }
  MappingSource source;
  source.columns = std::make_shared<FileColumns>(settings.columns);
  ASSIGN_OR_RETURN(const std::unique_ptr<Mapping> mapping,
                   limits.mappings(settings.insert, source, target->schema, {settings.strict}));
  ASSIGN_OR_RETURN(const ReplayLines lines, WriteLines(limits.objects.open_file, settings, std::move(waiting)));
  FileFormat json_lines;
  json_lines.kind = FileKind::kJsonLines;
  ASSIGN_OR_RETURN(const std::unique_ptr<FileReader> reader,
                   limits.objects.open_file({lines.file->path(), "the quarantine", json_lines, settings.columns}));
  const TargetKeys keys(*view, target);
  Replayed replayed;
  replayed.counts.rejected = lines.malformed;
  while (true) {
    ASSIGN_OR_RETURN(const FileRows* const rows, reader->Next({}));
    if (rows == nullptr) break;
    ASSIGN_OR_RETURN(const MappedRows mapped, mapping->MapFileRows(*rows));
    TRY(ReplayBatch(*writer, *target, keys, mapped, {lines.rows.data() + rows->first_row(), rows->rows()}, replayed));
  }
  const ReplayCounts& counts = replayed.counts;
  TRY(CommitReplay(store, *writer, job.id, counts, counts.rejected + counts.superseded, replayed.loaded));
  return counts;
}

}  // namespace freshet
