// SPDX-License-Identifier: Apache-2.0
// cdc_stream(..) in a plain SELECT: the rows that one source table's log has from an offset to its end at the time of
// the query, or what came of them within kStreamQueryMax; from latest, what comes within that time. No job, nothing is
// stored; what reading needs at the source is made and released by the query. Called on the client's thread.
#pragma once

#include <chrono>

#include "sql/engine.h"
#include "sync/job_service.h"

namespace freshet {

// As in Doris: a query ends then, with the rows read so far.
inline constexpr std::chrono::seconds kStreamQueryMax{15};

// kInvalid: "Unsupported offset: initial" (a copy is a job's work) and the errors of CREATE JOB. Inserts and updates
// are rows as they became; deletes are none. kUnsupported: a row that the log has only in part.
StreamFunction MakeStreamFunction(Store& store, ConnectorFactory connectors);

}  // namespace freshet
