// SPDX-License-Identifier: Apache-2.0
#include "sync/verify_target.h"

#include "storage/content_hash.h"
#include "storage/read_view.h"
#include "storage/unit_writer.h"
#include "sync/job_table_store.h"
#include "sync/job_tables.h"
#include "sync/shadow_table.h"

namespace freshet {

namespace {

constexpr size_t kBlockRows = 4096;

Result<ContentHash> HashMapped(const ReadView& view, const StoredTable& shadow, const StoredTable& target,
                               Mapping& mapping, StopToken stop) {
  std::vector<uint32_t> columns;
  for (uint32_t i = 0; i < shadow.schema->columns.size(); ++i) {
    if (!shadow.schema->columns[i].excluded) columns.push_back(i);
  }
  ASSIGN_OR_RETURN(const std::unique_ptr<RowScan> scan, view.Scan(shadow, columns, {}));
  ContentHash hash;
  RowBlock block;
  while (!stop.stop_requested()) {
    TRY(scan->Next(block, kBlockRows));
    if (block.rows == 0) return hash;
    RowBatch batch;
    batch.schema = shadow.schema;
    batch.arena = std::move(block.arena);
    std::vector<uint32_t> images;
    for (size_t row = 0; row < block.rows; ++row) {
      images.push_back(batch.AppendImage());
      for (size_t i = 0; i < columns.size(); ++i) {
        batch.Image(images.back())[columns[i]] = block.cells[row * columns.size() + i];
      }
    }
    ASSIGN_OR_RETURN(const MappedRows mapped, mapping.MapImages(batch, images));
    ASSIGN_OR_RETURN(const EncodedRows encoded, EncodeChunk(target, mapped.rows));
    ASSIGN_OR_RETURN(const ContentHash part, HashRows(target, encoded));
    hash.Add(part);
  }
  return Status(Code::kCancelled, "stopped");
}

}  // namespace

Result<TableVerdict> VerifyMappedTarget(Store& store, const MappingFactory& mappings, const JobDefinition& job,
                                        StopToken stop) {
  TableVerdict verdict;
  verdict.table = {job.insert->database, job.insert->table};
  ASSIGN_OR_RETURN(const std::vector<TableRecord> records, LoadTables(store, job.id));
  ASSIGN_OR_RETURN(const std::shared_ptr<const ReadView> view, store.OpenView());
  const StoredTablePtr shadow = records.empty() ? nullptr : view->FindTable(kShadowDatabase, records.front().target);
  const StoredTablePtr target = view->FindTable(job.insert->database, job.insert->table);
  if (shadow == nullptr || target == nullptr || target->id != job.target) {
    verdict.detail = "not compared: the target table was dropped";
    return verdict;
  }
  ASSIGN_OR_RETURN(const ParsedJob parsed, ParseDefinition(job));
  ASSIGN_OR_RETURN(const std::unique_ptr<Mapping> mapping,
                   mappings(*job.insert, {shadow->schema, nullptr}, target->schema, {parsed.insert.strict}));
  if (mapping->has_lookups()) {
    verdict.detail = "not compared: the SELECT looks up other tables";
    return verdict;
  }
  ASSIGN_OR_RETURN(const ContentHash mapped, HashMapped(*view, *shadow, *target, *mapping, stop));
  ASSIGN_OR_RETURN(const ContentHash stored, HashTable(*view, *target));
  verdict.source_rows = static_cast<int64_t>(mapped.rows());
  verdict.mirror_rows = static_cast<int64_t>(stored.rows());
  verdict.source_hash = mapped.hex();
  verdict.mirror_hash = stored.hex();
  verdict.equal = mapped == stored;
  if (verdict.equal) return verdict;
  verdict.detail = verdict.source_rows == verdict.mirror_rows  ? "same number of rows, other content"
                   : verdict.source_rows > verdict.mirror_rows ? "the SELECT makes more rows"
                                                               : "the target has more rows";
  if (job.accepted_shape != nullptr) {
    verdict.detail += "; rows of an earlier SELECT are there until ALTER JOB n RESYNC TABLE maps everything again";
  }
  return verdict;
}

}  // namespace freshet
