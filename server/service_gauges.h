// SPDX-License-Identifier: Apache-2.0
// Gauges of jobs, tables and the store, read when metrics are asked for. Labels: job, table, state.
#pragma once

#include <functional>

#include "server/metrics.h"
#include "storage/store.h"
#include "sync/job_service.h"

namespace freshet {

// `jobs` must outlive the reader.
GaugeReader JobGauges(JobService& jobs);
GaugeReader StoreGauges(std::function<Store::Usage()> usage);

}  // namespace freshet
