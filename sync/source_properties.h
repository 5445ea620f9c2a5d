// SPDX-License-Identifier: Apache-2.0
// The source properties of CREATE JOB (FROM MYSQL|POSTGRES (..)): names, rules and messages. Called by
// sync/job_options alone. Pure.
#pragma once

#include "base/status.h"
#include "sync/job_options.h"

namespace freshet {

// Fills source, and the parts of options that come from source properties. kInvalid with the reference's
// message.
Status ParseSourceProperties(SourceKind kind, const Properties& properties, ParsedJob& parsed);

}  // namespace freshet
