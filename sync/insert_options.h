// SPDX-License-Identifier: Apache-2.0
// InsertOptions: what a table-level job (CREATE JOB .. DO INSERT INTO .. SELECT .. FROM function(..)) is told by its
// job properties and by the arguments of its source function, validated. The properties of a log job are mapped onto
// those of sync/source_properties, so that both kinds of job share one set of rules. Pure: nothing here asks a source.
// docs/sql.md lists every property.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/status.h"
#include "sql/statement.h"
#include "sync/object_plan.h"

namespace freshet {

enum class JobMode : uint8_t {
  kDatabase,  // FROM MYSQL|POSTGRES (..) TO DATABASE
  kStream,    // INSERT .. FROM cdc_stream(..)
  kObjects,   // INSERT .. FROM s3(..)
};
// kInvalid "Unsupported table function: f" for a function that no job can read from.
Result<JobMode> ModeOfInsert(const InsertSelect& insert);

struct InsertOptions {
  bool strict = true;           // session.enable_insert_strict: a rejected row pauses the job
  double max_filter_ratio = 1;  // session.insert_max_filter_ratio: rejected rows of a task when not strict, 0 to 1
  ObjectRules objects;          // kObjects; start_after from "offset"
  // kObjects: "offset" as given, for ALTER JOB; nullopt when there is none.
  std::optional<std::string> offset;
};

// Job properties of reference 1.2 for table-level jobs. kInvalid with the reference's message.
Result<InsertOptions> ParseInsertOptions(JobMode mode, const Properties& job_properties);

// The arguments of cdc_stream(..) as the properties of FROM MYSQL|POSTGRES (..) for its one table.
struct StreamSource {
  SourceKind kind = SourceKind::kMysql;
  std::string table;      // as written; without schema
  Properties properties;  // secrets included
};
Result<StreamSource> ParseStreamArguments(const Properties& arguments);

}  // namespace freshet
