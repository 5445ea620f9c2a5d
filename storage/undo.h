// SPDX-License-Identifier: Apache-2.0
// Undo: what brings back the rows of a job as they were before a transaction in pieces. Written with each
// piece, dropped with the last one. Format: format.h, family "undo".
//
// The old value of a key is read at the snapshot from before the first piece, so that writing a key again in
// a later piece writes the same undo record again; for a table without an owner, from before the first piece that
// writes it, because other writers may have changed it between the two. Rows ids made within the transaction (new and
// truncated tables) need none: they are deleted whole.
#pragma once

#include <cstdint>
#include <functional>
#include <unordered_set>
#include <vector>

#include "base/id.h"
#include "base/status.h"
#include "storage/database.h"
#include "storage/engine.h"

namespace freshet {

// Adds to `batch` the undo records of the row keys that it writes, and the mark that the job is in pieces.
// `before`: the snapshot from before the first piece, by rows id.
Status AppendUndo(const Database& database, JobId job, const std::function<SnapshotPtr(uint64_t rows_id)>& before,
                  const std::unordered_set<uint64_t>& new_rows_ids, rocksdb::WriteBatch& batch);

// Adds to `batch` the removal of the job's undo records and mark.
Status AppendUndoDelete(const Database& database, JobId job, rocksdb::WriteBatch& batch);

// Restores the rows and removes records and mark. Repeatable after a crash in the middle. Takes the write lock.
Status UndoPieces(Engine& engine, JobId job);

// Jobs that have the mark.
Result<std::vector<JobId>> JobsInPieces(const Database& database);

}  // namespace freshet
