// SPDX-License-Identifier: Apache-2.0
// Target == shadow through the SELECT, for jobs that read cdc_stream(..): the shadow is mapped once more and hashed,
// so is the target. With sync/verify, which compares the shadow with its source, this proves the target. Runs on a
// client's thread, beside the job.
#pragma once

#include "sync/mapping_factory.h"
#include "sync/records.h"

namespace freshet {

// Not compared, with the reason in `detail`: a SELECT with lookups (what they said then is not known), a target that
// was dropped. Rows of other writers in the target show as a difference.
Result<TableVerdict> VerifyMappedTarget(Store& store, const MappingFactory& mappings, const JobDefinition& job,
                                        StopToken stop);

}  // namespace freshet
