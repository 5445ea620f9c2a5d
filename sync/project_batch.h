// SPDX-License-Identifier: Apache-2.0
// ProjectBatch: rows of one schema version in the shape of another, matched by column id. Used where the
// mirror keeps an older shape than the source's (schema_change_behavior=ignore). Pure.
#pragma once

#include "base/status.h"
#include "cdc/change/row_batch.h"

namespace freshet {

// Columns that `batch` lacks become NULL in whole images and stay kUnchanged in images that are partial;
// columns that `target` lacks are left out. kUnsupported when a key column of `target` is not in the batch.
Result<RowBatch> ProjectBatch(const RowBatch& batch, const SchemaPtr& target);

}  // namespace freshet
