// SPDX-License-Identifier: Apache-2.0
#include "sql/mapping.h"

#include <algorithm>

#include "sql/duckdb_mapping.h"

namespace freshet {

namespace {

// A table that has grown or shrunk by less than this is joined as planned.
constexpr uint64_t kSizeChangeMax = 4;
constexpr uint64_t kSmallTableRows = 10'000;

bool IsOfLikeSize(uint64_t a, uint64_t b) {
  return std::max(a, b) <= std::max(std::min(a, b) * kSizeChangeMax, kSmallTableRows);
}

}  // namespace

bool DuckMapping::IsPlannedFor(const std::vector<PlannedTable>& tables) const {
  return planned_ &&
         std::equal(tables.begin(), tables.end(), planned_->begin(), planned_->end(), [](const auto& a, const auto& b) {
           return a.id == b.id && a.version == b.version && IsOfLikeSize(a.rows, b.rows);
         });
}

std::map<TableId, LookupKey> DuckMapping::LookupKeys(const std::vector<StoredTablePtr>& tables) const {
  std::map<TableId, LookupKey> keys;
  if (source_ == nullptr) return keys;
  std::vector<uint32_t> indexes;
  for (const MappingInput::InputColumn& column : input_->columns()) indexes.push_back(column.index);
  for (const LookupJoin& join : joins_) {
    const std::string& database = join.database.empty() ? insert_.database : join.database;
    for (const StoredTablePtr& table : tables) {
      if (!EqualsIgnoreCase(table->database, database) || !EqualsIgnoreCase(table->name, join.table)) continue;
      auto key = KeyOfLookup(join, *table->schema, *source_, column_names_, indexes);
      if (key) keys.emplace(table->id, *std::move(key));
    }
  }
  return keys;
}

Result<bool> DuckMapping::RefreshLookups() {
  ASSIGN_OR_RETURN(const std::shared_ptr<const ReadView> view, engine_.store().OpenView());
  moment_->Set(view);
  auto context = MakeContext();
  context->threads = 1;  // jobs leave the other cores to queries
  std::vector<StoredTablePtr> tables;
  TRY(engine_.DefineViews(candidates_, insert_.database, context, tables));
  std::vector<PlannedTable> now;
  for (const StoredTablePtr& table : tables) {
    now.push_back({table->id, table->schema->version, view->EstimateRows(*table)});
  }
  if (IsPlannedFor(now)) return false;
  TRY(engine_.DefineSchema(insert_.database));
  TRY(RunSql(connection_.get(), "USE memory." + QuoteSqlName(SchemaOfDatabase(insert_.database))));
  context->lookups = LookupKeys(tables);
  context_ = std::move(context);
  engine_.contexts().Set(duckdb_id_, context_);
  planned_ = std::move(now);
  return true;
}

Status DuckMapping::PrepareMain() {
  if (!plan_->has_lookups()) return Status::Ok();
  MutexLock lock(engine_.planning());
  ASSIGN_OR_RETURN(const bool plan, RefreshLookups());
  if (!plan) return Status::Ok();
  Status status = main_->Prepare(connection_.get());
  if (!status.ok()) planned_.reset();
  TRY(context_->error->Get());
  return status;
}

Result<MappedRows> DuckMapping::RunMain(bool single) {
  input_->ForgetReads();
  Result<MappedRows> rows = main_->Run(*input_, *context_->error, single);
  moment_->Set(nullptr);             // nothing keeps the tables' moment until the next batch
  if (!rows.ok()) planned_.reset();  // what scans have met stays in the context
  const auto& read = input_->read_columns();
  // What was not asked for at compile time may be missing in the rows.
  if (rows.ok() && !std::includes(used_columns_.begin(), used_columns_.end(), read.begin(), read.end())) {
    return Status(Code::kUnsupported, "the SELECT reads columns of the source that it does not name");
  }
  return rows;
}

Result<MappedRows> DuckMapping::MapImages(const RowBatch& batch, std::span<const uint32_t> images) {
  CHECK(source_ != nullptr && (images.empty() || batch.columns() == source_columns_));
  TRY(PrepareMain());
  input_->SetImages(batch, images);
  return RunMain(true);
}

Result<MappedRows> DuckMapping::MapKeys(const RowBatch& batch, std::span<const uint32_t> images) {
  CHECK(source_ != nullptr && (images.empty() || batch.columns() == source_columns_));
  input_->SetImages(batch, images);
  return keys_->Run(*input_, *context_->error, true);
}

Result<MappedRows> DuckMapping::MapFileRows(const FileRows& rows) {
  CHECK(source_ == nullptr);
  const auto& file = static_cast<const DuckRows&>(rows);  // the one implementation
  TRY(PrepareMain());
  input_->SetFileRows(file);
  return RunMain(false);
}

Result<std::unique_ptr<Mapping>> Mapping::Compile(SqlEngine& engine, const InsertSelect& insert,
                                                  const MappingSource& source, SchemaPtr target,
                                                  const MappingOptions& options) {
  // SqlEngine::Make makes no other.
  auto mapping = std::make_unique<DuckMapping>(static_cast<DuckEngine&>(engine), insert, std::move(target), options);
  TRY(mapping->Compile(source));
  return std::unique_ptr<Mapping>(std::move(mapping));
}

}  // namespace freshet
