// SPDX-License-Identifier: Apache-2.0
#include "sync/shadow_table.h"

#include <algorithm>

namespace freshet {

std::string ShadowName(JobId job, const TableName& source) {
  return std::to_string(job.value) + "_" + source.table;
}

std::vector<std::string> ColumnsRead(const Mapping& mapping, const TableSchema& source) {
  std::vector<std::string> names;
  for (const uint32_t column : mapping.used_columns()) names.push_back(source.columns[column].name);
  return names;
}

SchemaPtr KeepColumns(const SchemaPtr& source, const std::vector<std::string>& kept) {
  auto marked = std::make_shared<TableSchema>(*source);
  for (uint32_t i = 0; i < marked->columns.size(); ++i) {
    Column& column = marked->columns[i];
    column.excluded = !marked->IsKey(i) && std::find(kept.begin(), kept.end(), column.name) == kept.end();
  }
  return marked;
}

}  // namespace freshet
