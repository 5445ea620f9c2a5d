// SPDX-License-Identifier: Apache-2.0
// The mapping from a job's source options to the connectors of cdc/mysql and cdc/postgres. Part of the
// composition root: with main.cc the only place that knows them.
#pragma once

#include "sync/job_service.h"

namespace freshet {

Result<std::unique_ptr<Connector>> MakeConnector(const SourceOptions& options);

}  // namespace freshet
