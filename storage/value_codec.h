// SPDX-License-Identifier: Apache-2.0
// Value codec: the columns of a row that are neither key nor excluded, as bytes, stamped with the schema
// version they were written under. RowEncoder writes one version; RowDecoder reads every version as the
// newest one. Grammar in value_codec.cc. Neither is thread-safe: one instance per thread.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "cdc/change/cell.h"
#include "ddl/table_schema.h"
#include "storage/cell_form.h"

namespace freshet {

// All versions of one table's schema that rows may be stored under, by version number.
using SchemaVersions = std::map<uint32_t, SchemaPtr>;

// Indexes into schema.columns of the columns that a value holds, in stored order.
std::vector<uint32_t> ValueColumns(const TableSchema& schema);

class RowEncoder {
 public:
  explicit RowEncoder(SchemaPtr schema);
  const SchemaPtr& schema() const { return schema_; }

  // True when no stored cell of the image, key included, is kUnchanged.
  bool IsWhole(std::span<const Cell> image) const;
  // Appends the value of an image (cells of schema()->columns; Bytes lie in `arena`). kInvalid for a
  // kUnchanged cell, kCorrupt for one that does not fit its column; both name the column.
  Status AppendValue(std::span<const Cell> image, std::string_view arena, std::string& out) const;

 private:
  SchemaPtr schema_;
  std::vector<uint32_t> columns_;
  std::string header_;  // version
};

class RowDecoder {
 public:
  // `projection`: indexes into newest->columns, none excluded; a column may come twice.
  RowDecoder(SchemaPtr newest, std::shared_ptr<const SchemaVersions> versions, std::vector<uint32_t> projection);

  // Writes projection.size() cells to `out`; Bytes are appended to `arena`. kCorrupt when bytes do not parse.
  Status Decode(std::string_view key, std::string_view value, Cell* out, std::string& arena);

 private:
  static constexpr uint32_t kSkip = UINT32_MAX;
  struct Step {
    uint32_t column;  // index in the stored version's columns
    CellForm form;
    bool may_escape;
    uint32_t slot;  // in the output, or kSkip
  };
  struct Default {
    uint32_t slot;
    Cell cell;  // Bytes lie in the plan's arena
  };
  // How a row of one stored version becomes one of the newest.
  struct Plan {
    SchemaPtr stored;
    std::vector<Step> steps;
    size_t steps_needed = 0;  // the last ones may all be kSkip
    std::vector<Default> defaults;
    std::string arena;
  };
  struct Copy {
    uint32_t from;
    uint32_t to;
  };

  Result<const Plan*> PlanFor(uint64_t version);
  Result<Plan> MakePlan(SchemaPtr stored) const;
  Status DecodeKeyColumns(std::string_view key, Cell* out, std::string& arena);
  static Status DecodeColumns(const Plan& plan, std::string_view value, Cell* out, std::string& arena);

  SchemaPtr newest_;
  std::shared_ptr<const SchemaVersions> versions_;
  std::vector<uint32_t> slot_of_column_;  // newest column -> first slot, or kSkip
  std::vector<Copy> copies_;              // further slots of a column that is projected twice
  size_t key_columns_needed_ = 0;
  bool value_needed_ = false;
  std::map<uint64_t, Plan> plans_;
  const Plan* last_plan_ = nullptr;
  uint64_t last_version_ = 0;
  std::string skipped_;  // key strings that nobody asked for
};

// The schema version in front of a stored value; kCorrupt when there is none.
Result<uint64_t> StoredVersion(std::string_view value);

}  // namespace freshet
