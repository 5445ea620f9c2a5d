// SPDX-License-Identifier: Apache-2.0
#include "sync/replay.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "cdc/change/text_cell.h"
#include "storage/content_hash.h"
#include "storage/key_codec.h"
#include "storage/read_view.h"
#include "sync/job_table_store.h"
#include "sync/job_tables.h"
#include "sync/quarantine.h"
#include "sync/shadow_table.h"

namespace freshet {

using nlohmann::ordered_json;

namespace {

// Rows mapped at a time: bounds memory whatever the quarantine holds.
constexpr size_t kReplayRows = 1024;

// Rows of the shadow by the key that a quarantined row names.
class ShadowRows {
 public:
  ShadowRows(const ReadView& view, StoredTablePtr shadow) : view_(view), shadow_(std::move(shadow)) {
    for (uint32_t i = 0; i < shadow_->schema->columns.size(); ++i) {
      if (!shadow_->schema->columns[i].excluded) columns_.push_back(i);
    }
  }

  const SchemaPtr& schema() const { return shadow_->schema; }

  // Appends the row to `batch` when it still is as it was rejected.
  Result<bool> TakeUnchanged(const ordered_json& rejected, RowBatch& batch) const {
    RowBatch key;
    key.schema = shadow_->schema;
    const uint32_t image = key.AppendImage();
    for (const uint32_t column : key.schema->key_columns) {
      const auto text = rejected.find(key.schema->columns[column].name);
      if (text == rejected.end() || !text->is_string()) return false;  // the key was another one then
      Result<Cell> cell = CellFromText(key.schema->columns[column].type, text->get<std::string>(), key.arena);
      if (!cell.ok()) return false;
      key.Image(image)[column] = *cell;
    }
    KeyRange range;
    TRY(AppendKey(shadow_->id, *shadow_->schema, key.Image(image), key.arena, range.from));
    range.to = range.from + '\0';
    ASSIGN_OR_RETURN(const std::unique_ptr<RowScan> scan, view_.Scan(*shadow_, columns_, range));
    RowBlock block;
    TRY(scan->Next(block, 1));
    if (block.rows == 0) return false;
    RowBatch row;
    row.schema = shadow_->schema;
    row.arena = std::move(block.arena);
    row.AppendImage();
    for (size_t i = 0; i < columns_.size(); ++i) row.Image(0)[columns_[i]] = block.cells[i];
    if (!SameRow(rejected, row)) return false;
    const uint32_t taken = batch.AppendImage();
    for (const uint32_t column : columns_) {
      const Cell cell = row.Image(0)[column];
      batch.Image(taken)[column] = cell.kind == CellKind::kBytes ? batch.AppendBytes(row.Bytes(cell)) : cell;
    }
    return true;
  }

 private:
  // Columns that came since do not count.
  static bool SameRow(const ordered_json& rejected, const RowBatch& row) {
    const ordered_json now = ordered_json::parse(RowAsJson(row, 0), nullptr, false);
    return std::all_of(rejected.items().begin(), rejected.items().end(), [&](const auto& member) {
      const auto found = now.find(member.key());
      return found != now.end() && *found == member.value();
    });
  }

  const ReadView& view_;
  const StoredTablePtr shadow_;
  std::vector<uint32_t> columns_;
};

class Replay {
 public:
  Replay(UnitWriter& writer, Mapping& mapping, JobId job, StoredTablePtr target, const ShadowRows& shadow)
      : writer_(writer), mapping_(mapping), job_(job), target_(std::move(target)), shadow_(shadow) {}

  Status Run(const std::vector<QuarantinedRow>& waiting) {
    for (size_t at = 0; at < waiting.size(); at += kReplayRows) {
      TRY(RunSome({waiting.data() + at, std::min(kReplayRows, waiting.size() - at)}));
    }
    return Status::Ok();
  }

  ReplayCounts counts;
  TaskLedger::Amount loaded;

 private:
  Status RunSome(std::span<const QuarantinedRow> waiting) {
    RowBatch batch;
    batch.schema = shadow_.schema();
    std::vector<const QuarantinedRow*> taken;
    for (const QuarantinedRow& each : waiting) {
      const ordered_json row = ordered_json::parse(each.record.row, nullptr, false);
      bool unchanged = false;
      if (row.is_object()) {
        ASSIGN_OR_RETURN(unchanged, shadow_.TakeUnchanged(row, batch));
      }
      if (unchanged) {
        taken.push_back(&each);
      } else {
        ++counts.superseded;
        Remove(each);
      }
    }
    if (taken.empty()) return Status::Ok();
    std::vector<uint32_t> images(taken.size());
    for (uint32_t i = 0; i < images.size(); ++i) images[i] = i;
    ASSIGN_OR_RETURN(const MappedRows mapped, mapping_.MapImages(batch, images));
    TRY(Write(batch, mapped));
    TRY(CountReplayed(*target_, mapped.rows, loaded));
    std::vector<bool> settled(taken.size(), false);
    for (const MappedRows::Reject& reject : mapped.rejects) {
      settled[reject.source_row] = true;
      ++counts.rejected;
    }
    for (size_t i = 0; i < mapped.source_row.size(); ++i) {
      const uint32_t input = mapped.source_row[i];
      if (settled[input]) continue;
      settled[input] = true;
      ++counts.loaded;
      Remove(*taken[input]);
    }
    for (size_t input = 0; input < taken.size(); ++input) {
      if (settled[input]) continue;
      ++counts.filtered;
      Remove(*taken[input]);
    }
    return Status::Ok();
  }

  Status Write(const RowBatch& batch, const MappedRows& mapped) {
    std::vector<RowOwner> of_rows;
    std::string source_key;
    for (const uint32_t image : mapped.source_row) {
      ASSIGN_OR_RETURN(const RowOwner owner, OwnerOf(job_, batch, image, source_key));
      of_rows.push_back(owner);
    }
    const RowOwners owners{of_rows, false};
    ApplyOptions options;
    options.owners = &owners;
    return writer_.ApplyRows(target_->id, mapped.rows, options);
  }

  void Remove(const QuarantinedRow& waiting) {
    writer_.PutRecord({RecordFamily::kQuarantine, waiting.key, std::nullopt});
  }

  UnitWriter& writer_;
  Mapping& mapping_;
  const JobId job_;
  const StoredTablePtr target_;
  const ShadowRows& shadow_;
};

}  // namespace

Result<std::vector<QuarantinedRow>> LoadQuarantined(Store& store, JobId job,
                                                    const std::optional<std::vector<uint64_t>>& asked) {
  ASSIGN_OR_RETURN(const auto kept, ScanQuarantine(store, job));
  std::optional<std::set<uint64_t>> wanted;
  if (asked) wanted.emplace(asked->begin(), asked->end());
  std::vector<QuarantinedRow> waiting;
  for (const auto& [key, value] : kept) {
    if (wanted && !wanted->contains(SequenceOf(key))) continue;
    ASSIGN_OR_RETURN(QuarantineRecord record, DecodeQuarantine(value));
    waiting.push_back({key, std::move(record)});
  }
  return waiting;
}

Status CountReplayed(const StoredTable& target, const RowBatch& rows, TaskLedger::Amount& loaded) {
  if (rows.rows.empty()) return Status::Ok();
  ASSIGN_OR_RETURN(const EncodedRows encoded, EncodeChunk(target, rows));
  ASSIGN_OR_RETURN(const ContentHash hash, HashRows(target, encoded));
  loaded.hash.Add(hash);
  loaded.bytes += static_cast<int64_t>(encoded.bytes.size());
  loaded.schema_version = target.schema->version;
  return Status::Ok();
}

Status CommitReplay(Store& store, UnitWriter& writer, JobId job, const ReplayCounts& counts, int64_t stay,
                    TaskLedger::Amount loaded) {
  const int64_t no_window_s = INT64_MAX / 1'000'000;
  ASSIGN_OR_RETURN(TaskLedger ledger, TaskLedger::Load(store, job, no_window_s, Clock::System()));
  loaded.rows_read = counts.loaded + counts.filtered + counts.superseded + counts.rejected;
  loaded.rows_loaded = counts.loaded;
  loaded.rows_filtered = loaded.rows_read - counts.loaded;
  loaded.rows_rejected = stay;
  std::vector<RecordWrite> records;
  ledger.Close("SUCCESS", "", records);  // of a run that a crash ended
  TRY(ledger.Count(loaded, writer.position(), writer.position(), records));
  ledger.Close("SUCCESS", "", records);
  for (RecordWrite& record : records) writer.PutRecord(std::move(record));
  return CommitNow(store, writer, {});
}

Result<ReplayCounts> ReplayRejected(Store& store, const JobDefinition& job, const JobServiceOptions& limits,
                                    const std::optional<std::vector<uint64_t>>& sequences) {
  ASSIGN_OR_RETURN(const std::vector<QuarantinedRow> waiting, LoadQuarantined(store, job.id, sequences));
  if (waiting.empty()) return ReplayCounts();
  ASSIGN_OR_RETURN(const std::vector<TableRecord> records, LoadTables(store, job.id));
  ASSIGN_OR_RETURN(const std::shared_ptr<const ReadView> view, store.OpenView());
  const StoredTablePtr shadow = records.empty() ? nullptr : view->FindTable(kShadowDatabase, records.front().target);
  const StoredTablePtr target = view->FindTable(job.insert->database, job.insert->table);
  if (shadow == nullptr || target == nullptr || target->id != job.target) {
    return Status(Code::kNotFound, "the job's target table was dropped");
  }
  ASSIGN_OR_RETURN(const ParsedJob parsed, ParseDefinition(job));
  ASSIGN_OR_RETURN(const std::unique_ptr<Mapping> mapping,
                   limits.mappings(*job.insert, {shadow->schema, nullptr}, target->schema, {parsed.insert.strict}));
  ASSIGN_OR_RETURN(const std::unique_ptr<UnitWriter> writer, UnitWriter::Open(store, job.id));
  const ShadowRows rows(*view, shadow);
  Replay replay(*writer, *mapping, job.id, target, rows);
  TRY(replay.Run(waiting));
  TRY(CommitReplay(store, *writer, job.id, replay.counts, replay.counts.rejected, replay.loaded));
  return replay.counts;
}

}  // namespace freshet
