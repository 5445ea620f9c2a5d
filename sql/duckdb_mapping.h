// SPDX-License-Identifier: Apache-2.0
// DuckMapping: the implementation of Mapping, split over mapping_compile.cc (from a SELECT to prepared statements) and
// mapping.cc (runs, lookup tables). Internal to sql/; one thread.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sql/mapping.h"
#include "sql/mapping_plan.h"
#include "sql/mapping_statement.h"
#include "sql/session.h"

namespace freshet {

class DuckMapping final : public Mapping {
 public:
  DuckMapping(DuckEngine& engine, const InsertSelect& insert, SchemaPtr target, const MappingOptions& options)
      : engine_(engine), insert_(insert), target_(std::move(target)), options_(options) {}
  ~DuckMapping() override { engine_.contexts().Remove(duckdb_id_); }

  Status Compile(const MappingSource& source);

  const std::vector<uint32_t>& used_columns() const override { return used_columns_; }
  const std::vector<uint32_t>& key_columns() const override { return key_columns_; }
  const std::string& key_statement() const override { return key_statement_; }
  bool has_lookups() const override { return plan_->has_lookups(); }
  Result<MappedRows> MapImages(const RowBatch& batch, std::span<const uint32_t> images) override;
  Result<MappedRows> MapKeys(const RowBatch& batch, std::span<const uint32_t> images) override;
  Result<MappedRows> MapFileRows(const FileRows& rows) override;

 private:
  // What the inner SELECT gives for one listed target column.
  struct Listed {
    uint32_t target = 0;
    size_t item = 0;  // of the plan
    DuckType type;
  };

  Status Connect();
  Status MakeInput(const MappingSource& source);
  Result<DuckType> TypeNamed(const std::string& name);
  Result<std::vector<uint32_t>> TargetColumns() const;
  Status MatchColumns();
  Result<std::vector<size_t>> ItemsOfColumns(size_t columns);
  Status AddConstants(MappingStatement::Shape& shape) const;
  Result<MappedColumn> MapColumn(const Listed& listed, size_t place);
  Status CompileMain();
  Status CompileKeys();
  Status CheckKeyItem(const Listed& listed) const;

  // Sets what table functions see. With lookups: the tables as they are now, under the lock for planning.
  Status PrepareMain();
  Status RefreshLookups() REQUIRES_LOCK(engine_.planning());
  void ReleaseLookups();
  std::shared_ptr<QueryContext> MakeContext() const;
  Result<MappedRows> RunMain(bool single);

  DuckEngine& engine_;
  const InsertSelect insert_;
  const SchemaPtr target_;
  const MappingOptions options_;
  bool of_table_ = false;
  size_t source_columns_ = 0;  // of the table's schema, or of the file
  std::optional<MappingPlan> plan_;
  std::vector<std::string> column_names_;
  std::shared_ptr<MappingInput> input_;
  std::shared_ptr<const QueryContext> context_;
  DuckConnection connection_;
  uint64_t duckdb_id_ = 0;
  std::vector<Listed> listed_;
  size_t inner_columns_ = 0;  // without the row's number
  std::unique_ptr<MappingStatement> main_;
  std::unique_ptr<MappingStatement> keys_;  // null for files
  std::string key_statement_;
  std::vector<uint32_t> used_columns_;
  std::vector<uint32_t> key_columns_;
};

}  // namespace freshet
