// SPDX-License-Identifier: Apache-2.0
// DuckMapping: the implementation of Mapping, split over mapping_compile.cc (from a SELECT to prepared statements) and
// mapping.cc (runs, lookup tables). Internal to sql/; one thread.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "sql/dialect.h"
#include "sql/lookup_join.h"
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
  // Literals beside columns that cannot hold them become what they are.
  Status FitSelect();
  Result<DuckType> TypeNamed(const std::string& name);
  Result<std::vector<uint32_t>> TargetColumns() const;
  Status MatchColumns();
  Result<std::vector<size_t>> ItemsOfColumns(size_t columns);
  Status AddConstants(MappingStatement::Shape& shape) const;
  Result<MappedColumn> MapColumn(const Listed& listed, size_t place);
  Status CompileMain();
  Status CompileKeys();
  Status CheckKeyItem(const Listed& listed) const;

  // What the statement with lookups was planned for: it is planned again when one of these is not as it was.
  struct PlannedTable {
    TableId id;
    uint32_t version = 0;
    uint64_t rows = 0;  // rough
  };

  // With lookups: lets the next run see the tables as they are now.
  Status PrepareMain();
  // Sets what table functions see. True: the statement must be planned again.
  Result<bool> RefreshLookups() REQUIRES_LOCK(engine_.planning());
  bool IsPlannedFor(const std::vector<PlannedTable>& tables) const;
  std::map<TableId, LookupKey> LookupKeys(const std::vector<StoredTablePtr>& tables) const;
  std::shared_ptr<QueryContext> MakeContext() const;
  Result<MappedRows> RunMain(bool single);

  DuckEngine& engine_;
  InsertSelect insert_;
  const SchemaPtr target_;
  const MappingOptions options_;
  SchemaPtr source_;           // null: a file
  size_t source_columns_ = 0;  // of the table's schema, or of the file
  std::optional<MappingPlan> plan_;
  std::set<TableReference> candidates_;  // what may be a lookup table's name
  std::vector<LookupJoin> joins_;
  const std::shared_ptr<RunMoment> moment_ = std::make_shared<RunMoment>();
  std::optional<std::vector<PlannedTable>> planned_;
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
