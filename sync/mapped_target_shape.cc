// SPDX-License-Identifier: Apache-2.0
// MappedTarget: which SELECT fits the shapes on both sides.
#include <algorithm>

#include "base/log.h"
#include "storage/read_view.h"
#include "sync/mapped_target.h"

namespace freshet {

namespace {

bool Contains(const std::vector<uint32_t>& columns, uint32_t column) {
  return std::find(columns.begin(), columns.end(), column) != columns.end();
}

const Column* ColumnById(const TableSchema& schema, uint32_t id) {
  for (const Column& column : schema.columns) {
    if (column.id == id) return &column;
  }
  return nullptr;
}

// A column that is there but not stored reads as absent.
Status CheckStored(const Mapping& mapping, const TableSchema& shape) {
  for (const uint32_t column : mapping.used_columns()) {
    if (!shape.columns[column].excluded) continue;
    return Status(Code::kInvalid, "column '" + shape.columns[column].name +
                                      "' was not copied; ALTER JOB n RESYNC TABLE " + shape.name.table +
                                      " copies the table again");
  }
  return Status::Ok();
}

}  // namespace

Result<StoredTablePtr> MappedTarget::Target() const {
  const InsertSelect& insert = settings_.insert;
  const std::string name = insert.database + "." + insert.table;
  ASSIGN_OR_RETURN(const std::shared_ptr<const ReadView> view, store_.OpenView());
  StoredTablePtr target = view->FindTable(insert.database, insert.table);
  if (target == nullptr || target->id != settings_.target) {
    return Status(Code::kNotFound, "target table " + name + " was dropped");
  }
  if (target->owner)
    return Status(Code::kInvalid, "target table " + name + " belongs to a job that mirrors a database");
  return target;
}

Status MappedTarget::Compile(const SchemaPtr& shape) {
  ASSIGN_OR_RETURN(const StoredTablePtr target, Target());
  ASSIGN_OR_RETURN(std::unique_ptr<Mapping> compiled,
                   settings_.mappings(settings_.insert, {shape, nullptr}, target->schema, {settings_.strict}));
  TRY(CheckStored(*compiled, *shape));
  mapping_ = std::move(compiled);
  shape_ = shape;
  target_shape_ = target->schema;
  const bool key_of_key = std::all_of(mapping_->key_columns().begin(), mapping_->key_columns().end(),
                                      [&](uint32_t column) { return Contains(shape->key_columns, column); });
  changes_.whole_before = !key_of_key;
  Log(LogLevel::kInfo, "mapping_compiled", {{"table", target->name}, {"schema_version", shape->version}});
  return Status::Ok();
}

// The SELECT in use was written for these columns.
Status MappedTarget::CheckUsedColumns(const TableSchema& now) const {
  for (const uint32_t used : mapping_->used_columns()) {
    const Column& before = shape_->columns[used];
    const std::string name = "column '" + before.name + "' of " + now.name.ToString() + ", which the SELECT reads, ";
    const std::string hint = "; ALTER JOB with a SELECT for the new shape, or RESYNC TABLE, then RESUME JOB";
    const Column* after = ColumnById(now, before.id);
    if (after == nullptr) return Status(Code::kUnsupported, name + "was dropped" + hint);
    if (after->name != before.name) {
      return Status(Code::kUnsupported, name + "was renamed to '" + after->name + "'" + hint);
    }
    if (after->type == before.type) continue;
    const std::optional<uint32_t> accepted =
        settings_.accepted ? settings_.accepted->FindColumn(after->name) : std::nullopt;
    if (accepted && settings_.accepted->columns[*accepted].type == after->type) continue;
    return Status(Code::kUnsupported,
                  name + "changed its type from " + before.source_type + " to " + after->source_type + hint);
  }
  return Status::Ok();
}

Status MappedTarget::ShapeChanged(const StoredTable& mirrored, bool knows_all_rows) {
  CHECK(changes_.batch.rows.empty());
  knows_all_rows_ = knows_all_rows;
  changes_.older_rows = !knows_all_rows;
  if (mapping_ != nullptr) TRY(CheckUsedColumns(*mirrored.schema));
  return Compile(mirrored.schema);
}

}  // namespace freshet
