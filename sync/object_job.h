// SPDX-License-Identifier: Apache-2.0
// CREATE JOB and ALTER JOB of jobs that load objects (INSERT .. SELECT .. FROM s3(..)), and what such a job's run is
// made of. Called by clients' threads (making) and the job's thread.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "sql/file_reader.h"
#include "sync/mapping_factory.h"
#include "sync/object_run.h"
#include "sync/records.h"

namespace freshet {

// The objects and the format that an s3(..) call means. kInvalid names an argument that nobody knows.
struct ObjectArguments {
  ObjectSource source;
  FileFormat format;
};
Result<ObjectArguments> ParseObjectArguments(const Properties& arguments, const std::string& file_root);

// Fills `job`'s target and columns, checks that the SELECT fits, and commits the job. The columns are those of the
// smallest object that matches: kNotFound when there is none yet.
Status MakeObjectJob(Store& store, const MappingFactory& mappings, const ObjectLoading& loading, JobDefinition& job);

// What a run of the job needs, from its definition.
Result<ObjectRun::Settings> ObjectRunSettings(const JobDefinition& job, const ParsedJob& parsed,
                                              const ObjectLoading& loading);

// ALTER JOB with an INSERT: kInvalid when an argument is wrong, or when the SELECT does not fit the objects' columns or
// the target. The columns of `job` are learned anew, from the newest object, when the format is another one than
// `before`'s, or when the SELECT needs some that are not known: newer objects may have more of them.
Status AdoptObjectSelect(Store& store, const MappingFactory& mappings, const ObjectLoading& loading,
                         const InsertSelect& before, JobDefinition& job);

// True for a job that loads objects.
bool OverObjects(const JobDefinition& job);

// Shows what is stored of a job that does not run.
Status RestoreObjects(Store& store, const JobDefinition& job, const ObjectLoading& loading, JobProgress& progress,
                      const Clock& clock);

// ALTER JOB .. PROPERTIES("offset"=..): objects after `file_name` are loaded (again) from now on. Stores `job` in the
// same write.
Status MoveObjectOffset(Store& store, const JobDefinition& job, const std::string& file_name);

}  // namespace freshet
