// SPDX-License-Identifier: Apache-2.0
#include "sql/mapping.h"

#include <algorithm>

#include "sql/duckdb_mapping.h"

namespace freshet {

Status DuckMapping::RefreshLookups() {
  auto context = MakeContext();
  ASSIGN_OR_RETURN(context->view, engine_.store().OpenView());
  context->threads = 1;  // jobs leave the other cores to queries
  ASSIGN_OR_RETURN(const std::vector<Token> tokens, Tokenize(insert_.select));
  std::vector<StoredTablePtr> tables;
  TRY(engine_.DefineViews(TableCandidates(tokens), insert_.database, context, tables));
  TRY(engine_.DefineSchema(insert_.database));
  TRY(RunSql(connection_.get(), "USE memory." + QuoteSqlName(SchemaOfDatabase(insert_.database))));
  context_ = std::move(context);
  engine_.contexts().Set(duckdb_id_, context_);
  return Status::Ok();
}

// Nothing keeps the tables' moment until the next batch.
void DuckMapping::ReleaseLookups() {
  main_->Release();
  context_ = MakeContext();
  engine_.contexts().Set(duckdb_id_, context_);
}

Status DuckMapping::PrepareMain() {
  if (!plan_->has_lookups()) return Status::Ok();
  MutexLock lock(engine_.planning());
  TRY(RefreshLookups());
  const Status status = main_->Prepare(connection_.get());
  TRY(context_->error->Get());
  return status.Copy();
}

Result<MappedRows> DuckMapping::RunMain(bool single) {
  input_->ForgetReads();
  Result<MappedRows> rows = main_->Run(*input_, *context_->error, single);
  if (plan_->has_lookups()) ReleaseLookups();
  const auto& read = input_->read_columns();
  // What was not asked for at compile time may be missing in the rows.
  if (rows.ok() && !std::includes(used_columns_.begin(), used_columns_.end(), read.begin(), read.end())) {
    return Status(Code::kUnsupported, "the SELECT reads columns of the source that it does not name");
  }
  return rows;
}

Result<MappedRows> DuckMapping::MapImages(const RowBatch& batch, std::span<const uint32_t> images) {
  CHECK(of_table_ && (images.empty() || batch.columns() == source_columns_));
  TRY(PrepareMain());
  input_->SetImages(batch, images);
  return RunMain(true);
}

Result<MappedRows> DuckMapping::MapKeys(const RowBatch& batch, std::span<const uint32_t> images) {
  CHECK(of_table_ && (images.empty() || batch.columns() == source_columns_));
  input_->SetImages(batch, images);
  return keys_->Run(*input_, *context_->error, true);
}

Result<MappedRows> DuckMapping::MapFileRows(const FileRows& rows) {
  CHECK(!of_table_);
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
