// SPDX-License-Identifier: Apache-2.0
// Table functions whose rows the program makes: the system tables (jobs, tasks, job_tables), called with one
// encoded argument string, and freshet_facts('schema.table'), behind the information_schema views.
#pragma once

#include "sql/duckdb_handle.h"
#include "sql/engine.h"
#include "sql/facts.h"
#include "sql/query_context.h"

namespace freshet {

// Both: the referenced objects must outlive the database.
Status RegisterSystemTable(duckdb_connection connection, const std::string& name, const SystemTable& table,
                           const QueryContexts& contexts);
Status RegisterFacts(duckdb_connection connection, const QueryContexts& contexts);

}  // namespace freshet
