// SPDX-License-Identifier: Apache-2.0
// Several source tables in one target table (table.<src>.target_table): which may share one, and the shape that the
// second and later ones take over. A merged target holds the union of its sources' rows; two sources must not
// have the same key, or the later change wins. Pure; used where tables get their target.
#pragma once

#include <string>

#include "base/status.h"
#include "ddl/table_schema.h"
#include "sync/job_options.h"

namespace freshet {

// Both were sent to one target by name: at most one of them has it because it is called so itself.
bool MayShareTarget(const JobOptions& options, const TableName& a, const TableName& b);

// kInvalid naming the first column that differs. Columns must have the same names, types and order, and the same
// of them must be excluded; so must the key.
Status CheckMergeable(const TableSchema& stored, const TableSchema& source, const std::string& target);

// `source` with the version and column ids of `stored`, whose rows its own are stored like. REQUIRES: mergeable.
SchemaPtr TakeOverShape(const TableSchema& stored, const TableSchema& source);

}  // namespace freshet
