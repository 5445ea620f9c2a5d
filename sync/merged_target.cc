// SPDX-License-Identifier: Apache-2.0
#include "sync/merged_target.h"

#include "base/check.h"

namespace freshet {

bool MayShareTarget(const JobOptions& options, const TableName& a, const TableName& b) {
  return options.IsRenamed(a) || options.IsRenamed(b);
}

Status CheckMergeable(const TableSchema& stored, const TableSchema& source, const std::string& target) {
  const auto differ = [&](const std::string& what) {
    return Status(Code::kInvalid, "tables '" + stored.name.ToString() + "' and '" + source.name.ToString() +
                                      "' cannot share target table '" + target + "': " + what);
  };
  if (stored.columns.size() != source.columns.size()) {
    return differ("they have " + std::to_string(stored.columns.size()) + " and " +
                  std::to_string(source.columns.size()) + " columns");
  }
  for (size_t i = 0; i < stored.columns.size(); ++i) {
    const Column& x = stored.columns[i];
    const Column& y = source.columns[i];
    if (x.name != y.name)
      return differ("column " + std::to_string(i + 1) + " is '" + x.name + "' and '" + y.name + "'");
    if (!(x.type == y.type)) {
      return differ("column '" + x.name + "' is " + MysqlTypeName(x.type) + " and " + MysqlTypeName(y.type));
    }
    if (x.excluded != y.excluded) return differ("column '" + x.name + "' is excluded from one of them only");
  }
  if (stored.key_columns != source.key_columns) return differ("their keys differ");
  return Status::Ok();
}

SchemaPtr TakeOverShape(const TableSchema& stored, const TableSchema& source) {
  CHECK(stored.columns.size() == source.columns.size());
  auto shape = std::make_shared<TableSchema>(source);
  shape->version = stored.version;
  shape->next_column_id = stored.next_column_id;
  for (size_t i = 0; i < shape->columns.size(); ++i) {
    shape->columns[i].id = stored.columns[i].id;
    shape->columns[i].initial_default = stored.columns[i].initial_default;
  }
  return shape;
}

}  // namespace freshet
