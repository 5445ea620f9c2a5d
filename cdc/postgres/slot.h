// SPDX-License-Identifier: Apache-2.0
// Slot and publication of one job: created, checked and dropped over a control connection. Names that are ours
// (owns_slot, owns_publication) are created and dropped; a user's own must exist and is never changed.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/status.h"
#include "cdc/postgres/pg_connection.h"
#include "cdc/postgres/postgres_options.h"

namespace freshet {

// "16/B374D848" <-> the 64-bit LSN. 0 when the text is none.
uint64_t ParseLsn(std::string_view text);
std::string LsnText(uint64_t lsn);

// Ours: created over `tables`, or given those that it lacks. A user's: must exist, publish all operations,
// whole rows and every table.
Status EnsurePublication(PgConnection& connection, const PostgresOptions& options,
                         const std::vector<TableName>& tables);
// ALTER PUBLICATION ADD TABLE on ours, then waits for the transactions that wrote to the tables before: their
// earlier rows are not in the log. On a user's: checks.
Status AddToPublication(PgConnection& connection, const PostgresOptions& options, const std::vector<TableName>& tables);
Status RemoveFromPublication(PgConnection& connection, const PostgresOptions& options,
                             const std::vector<TableName>& tables);

// Whether the log carries stored generated columns: the publication's choice from version 18 on, ours when it is made.
Result<bool> PublishesGenerated(PgConnection& connection, const PostgresOptions& options);

// Creates our slot unless it exists; a user's must exist. Returns confirmed_flush_lsn: where to start.
Result<uint64_t> EnsureSlot(PgConnection& connection, const PostgresOptions& options);
// kGone when the slot is missing, invalidated, or has moved past `resume_lsn`.
Status CheckSlot(PgConnection& connection, const PostgresOptions& options, uint64_t resume_lsn);

// Drops what is ours; a slot still in use is tried again for at most 10 s.
Status DropSlotAndPublication(PgConnection& connection, const PostgresOptions& options);

// "replication slot s is active, held by another consumer ...".
std::string SlotActiveMessage(const std::string& slot);

}  // namespace freshet
