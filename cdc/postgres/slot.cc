// SPDX-License-Identifier: Apache-2.0
#include "cdc/postgres/slot.h"

#include <charconv>
#include <cinttypes>
#include <cstdio>

#include "base/log.h"
#include "base/stop.h"

namespace freshet {
namespace {

// Creating a slot waits for every transaction that runs at that moment.
constexpr std::chrono::minutes kCreateSlotMax{5};
constexpr std::chrono::seconds kStatementMax{60};
constexpr std::chrono::seconds kDropWaitMax{10};
constexpr std::chrono::milliseconds kDropRetry{200};
constexpr int kGeneratedVersion = 180000;
constexpr char kPublishGenerated[] = ", publish_generated_columns = stored";

struct SlotState {
  bool exists = false;
  std::string plugin;
  std::string database;
  bool active = false;
  std::string wal_status;
  uint64_t confirmed_flush_lsn = 0;
  bool has_restart_lsn = false;
};

Result<SlotState> ReadSlot(PgConnection& connection, const std::string& slot) {
  ASSIGN_OR_RETURN(const PgRows rows,
                   connection.Query("SELECT coalesce(plugin, ''), coalesce(database, ''), active, "
                                    "coalesce(wal_status, ''), confirmed_flush_lsn, restart_lsn IS NOT NULL "
                                    "FROM pg_replication_slots WHERE slot_name = $1",
                                    Deadline::After(kStatementMax), {slot}));
  SlotState state;
  if (rows.size() == 0) return state;
  state.exists = true;
  state.plugin = rows.String(0, 0);
  state.database = rows.String(0, 1);
  state.active = rows.Bool(0, 2);
  state.wal_status = rows.String(0, 3);
  state.confirmed_flush_lsn = ParseLsn(rows.Text(0, 4));
  state.has_restart_lsn = rows.Bool(0, 5);
  return state;
}

Status CheckUsable(const SlotState& state, const PostgresOptions& options) {
  if (state.plugin != "pgoutput" || state.database != options.database) {
    return Status(Code::kInvalid, "replication slot " + options.slot_name + " must use plugin pgoutput in database " +
                                      options.database);
  }
  if (state.wal_status == "lost" || !state.has_restart_lsn) {
    return Status(Code::kGone, "Replication slot invalidated: " + options.slot_name +
                                   " lost the log that it needs (max_slot_wal_keep_size). Resync the tables");
  }
  return Status::Ok();
}

Result<bool> PublicationExists(PgConnection& connection, const std::string& name) {
  ASSIGN_OR_RETURN(const PgRows rows, connection.Query("SELECT 1 FROM pg_publication WHERE pubname = $1",
                                                       Deadline::After(kStatementMax), {name}));
  return rows.size() == 1;
}

Result<std::vector<TableName>> MissingTables(PgConnection& connection, const std::string& publication,
                                             const std::vector<TableName>& tables) {
  ASSIGN_OR_RETURN(const PgRows rows,
                   connection.Query("SELECT schemaname, tablename FROM pg_publication_tables WHERE pubname = $1",
                                    Deadline::After(kStatementMax), {publication}));
  std::vector<TableName> missing;
  for (const TableName& table : tables) {
    bool found = false;
    for (int row = 0; row < rows.size() && !found; ++row) {
      found = rows.Text(row, 0) == table.schema && rows.Text(row, 1) == table.table;
    }
    if (!found) missing.push_back(table);
  }
  return missing;
}

std::string NameList(const std::vector<TableName>& tables, bool quoted) {
  std::string list;
  for (const TableName& table : tables) {
    if (!list.empty()) list += ", ";
    list += quoted ? PgConnection::Qualified(table) : table.ToString();
  }
  return list;
}

// A publication that filters rows, columns or operations would make the mirror differ in silence.
Status CheckUserPublication(PgConnection& connection, const std::string& name, const std::vector<TableName>& tables) {
  ASSIGN_OR_RETURN(const PgRows rows,
                   connection.Query("SELECT pubinsert AND pubupdate AND pubdelete AND pubtruncate, pubviaroot "
                                    "FROM pg_publication WHERE pubname = $1",
                                    Deadline::After(kStatementMax), {name}));
  if (rows.size() == 0) {
    return Status(Code::kInvalid, "publication does not exist: " + name + ". Create it before the job: CREATE " +
                                      "PUBLICATION " + PgConnection::Identifier(name) + " FOR TABLE " +
                                      NameList(tables, true) + " WITH (publish_via_partition_root = true)");
  }
  const std::string alter = "ALTER PUBLICATION " + PgConnection::Identifier(name);
  if (!rows.Bool(0, 0)) {
    return Status(Code::kInvalid, "publication " + name + " does not publish every operation: run " + alter +
                                      " SET (publish = 'insert, update, delete, truncate')");
  }
  if (!rows.Bool(0, 1)) {
    return Status(Code::kInvalid, "publication " + name + " publishes partitions on their own: run " + alter +
                                      " SET (publish_via_partition_root = true)");
  }
  ASSIGN_OR_RETURN(const std::vector<TableName> missing, MissingTables(connection, name, tables));
  if (!missing.empty()) {
    return Status(Code::kInvalid, "publication " + name + " is missing required tables: [" + NameList(missing, false) +
                                      "]. Run " + alter + " ADD TABLE " + NameList(missing, true));
  }
  if (connection.server_version() < 150000) return Status::Ok();  // filters came with 15
  ASSIGN_OR_RETURN(const PgRows filters,
                   connection.Query("SELECT r.prrelid::regclass::text FROM pg_publication_rel r JOIN pg_publication p "
                                    "ON p.oid = r.prpubid WHERE p.pubname = $1 AND (r.prqual IS NOT NULL OR "
                                    "r.prattrs IS NOT NULL)",
                                    Deadline::After(kStatementMax), {name}));
  if (filters.size() == 0) return Status::Ok();
  return Status(Code::kInvalid, "publication " + name + " filters rows or columns of " + filters.String(0, 0) +
                                    ": a mirror needs whole tables");
}

// Returns when no transaction that held a write lock on `tables` or their partitions at the start still runs.
Status WaitForWriters(PgConnection& connection, const std::vector<TableName>& tables) {
  std::vector<std::string> names;
  for (const TableName& table : tables) names.push_back(PgConnection::Qualified(table));
  const std::string writers =
      "SELECT DISTINCT l.virtualtransaction FROM pg_locks l WHERE l.locktype = 'relation' AND l.granted "
      "AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database()) "
      "AND l.mode IN ('RowExclusiveLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock') "
      "AND l.pid IS DISTINCT FROM pg_backend_pid() AND l.relation IN "
      "(SELECT n.name::regclass::oid FROM unnest($1::text[]) AS n(name) UNION "
      "SELECT p.relid::oid FROM unnest($1::text[]) AS n(name), pg_partition_tree(n.name::regclass) AS p)";
  const Deadline deadline = Deadline::After(kCreateSlotMax);
  ASSIGN_OR_RETURN(const PgRows held, connection.Query(writers, deadline, {ArrayText(names)}));
  std::vector<std::string> waiting;
  for (int row = 0; row < held.size(); ++row) waiting.push_back(held.String(row, 0));
  while (!waiting.empty()) {
    ASSIGN_OR_RETURN(const PgRows left,
                     connection.Query("SELECT DISTINCT virtualtransaction FROM pg_locks WHERE virtualtransaction = "
                                      "ANY ($1::text[])",
                                      deadline, {ArrayText(waiting)}));
    if (left.size() == 0) break;
    if (deadline.Passed()) {
      return Status(Code::kTimeout, "a transaction that wrote to " + NameList(tables, false) + " does not end");
    }
    WaitForStop({}, kDropRetry);
  }
  return Status::Ok();
}

}  // namespace

uint64_t ParseLsn(std::string_view text) {
  const size_t slash = text.find('/');
  if (slash == std::string_view::npos) return 0;
  uint32_t high = 0;
  uint32_t low = 0;
  std::from_chars(text.data(), text.data() + slash, high, 16);
  std::from_chars(text.data() + slash + 1, text.data() + text.size(), low, 16);
  return uint64_t{high} << 32 | low;
}

std::string LsnText(uint64_t lsn) {
  char text[24];
  std::snprintf(text, sizeof(text), "%" PRIX32 "/%" PRIX32, static_cast<uint32_t>(lsn >> 32),
                static_cast<uint32_t>(lsn));
  return text;
}

std::string SlotActiveMessage(const std::string& slot) {
  return "replication slot " + slot + " is active, held by another consumer. Stop it or name another slot";
}

Status EnsurePublication(PgConnection& connection, const PostgresOptions& options,
                         const std::vector<TableName>& tables) {
  const std::string& name = options.publication_name;
  if (!options.owns_publication) return CheckUserPublication(connection, name, tables);
  ASSIGN_OR_RETURN(const bool exists, PublicationExists(connection, name));
  if (exists) return AddToPublication(connection, options, tables);
  const std::string members = tables.empty() ? "" : " FOR TABLE " + NameList(tables, true);
  const std::string generated = connection.server_version() >= kGeneratedVersion ? kPublishGenerated : "";
  ASSIGN_OR_RETURN(const PgRows done,
                   connection.Query("CREATE PUBLICATION " + PgConnection::Identifier(name) + members +
                                        " WITH (publish_via_partition_root = true" + generated + ")",
                                    Deadline::After(kStatementMax)));
  Log(LogLevel::kInfo, "publication_created", {{"publication", name}, {"tables", tables.size()}});
  return Status::Ok();
}

Status AddToPublication(PgConnection& connection, const PostgresOptions& options,
                        const std::vector<TableName>& tables) {
  const std::string& name = options.publication_name;
  if (!options.owns_publication) return CheckUserPublication(connection, name, tables);
  ASSIGN_OR_RETURN(const std::vector<TableName> missing, MissingTables(connection, name, tables));
  if (!missing.empty()) {
    ASSIGN_OR_RETURN(const PgRows done, connection.Query("ALTER PUBLICATION " + PgConnection::Identifier(name) +
                                                             " ADD TABLE " + NameList(missing, true),
                                                         Deadline::After(kStatementMax)));
  }
  // Also for tables that a call before a crash had added: nobody knows whether it had waited.
  return tables.empty() ? Status::Ok() : WaitForWriters(connection, tables);
}

Status RemoveFromPublication(PgConnection& connection, const PostgresOptions& options,
                             const std::vector<TableName>& tables) {
  if (!options.owns_publication) return Status::Ok();
  for (const TableName& table : tables) {
    Result<PgRows> done = connection.Query("ALTER PUBLICATION " + PgConnection::Identifier(options.publication_name) +
                                               " DROP TABLE " + PgConnection::Qualified(table),
                                           Deadline::After(kStatementMax));
    // Gone already: the table was dropped, or an earlier call did it.
    const bool gone = done.code() == Code::kSchemaMoved || done.code() == Code::kNotFound;
    if (!done.ok() && !gone) return std::move(done).status();
  }
  return Status::Ok();
}

Result<bool> PublishesGenerated(PgConnection& connection, const PostgresOptions& options) {
  if (connection.server_version() < kGeneratedVersion) return false;
  ASSIGN_OR_RETURN(const PgRows rows, connection.Query("SELECT pubgencols = 's' FROM pg_publication WHERE pubname = $1",
                                                       Deadline::After(kStatementMax), {options.publication_name}));
  return rows.size() == 1 ? rows.Bool(0, 0) : options.owns_publication;
}

Result<uint64_t> EnsureSlot(PgConnection& connection, const PostgresOptions& options) {
  const std::string& name = options.slot_name;
  ASSIGN_OR_RETURN(SlotState state, ReadSlot(connection, name));
  if (!state.exists) {
    if (!options.owns_slot) {
      return Status(Code::kInvalid, "replication slot does not exist: " + name + ". Create it before the job: SELECT " +
                                        "pg_create_logical_replication_slot('" + name + "', 'pgoutput')");
    }
    ASSIGN_OR_RETURN(const PgRows created, connection.Query("SELECT pg_create_logical_replication_slot($1, 'pgoutput')",
                                                            Deadline::After(kCreateSlotMax), {name}));
    Log(LogLevel::kInfo, "slot_created", {{"slot", name}});
    ASSIGN_OR_RETURN(state, ReadSlot(connection, name));
  } else if (state.active) {
    return Status(Code::kConflict, SlotActiveMessage(name));
  }
  TRY(CheckUsable(state, options));
  return state.confirmed_flush_lsn;
}

Status CheckSlot(PgConnection& connection, const PostgresOptions& options, uint64_t resume_lsn) {
  ASSIGN_OR_RETURN(const SlotState state, ReadSlot(connection, options.slot_name));
  if (!state.exists) {
    return Status(Code::kGone, "replication slot does not exist: " + options.slot_name +
                                   ". Replication slot invalidated: changes since were lost. Resync the tables");
  }
  TRY(CheckUsable(state, options));
  if (state.confirmed_flush_lsn > resume_lsn) {
    return Status(Code::kGone, "replication slot " + options.slot_name + " is at " +
                                   LsnText(state.confirmed_flush_lsn) + ", past our position " + LsnText(resume_lsn) +
                                   ": changes between were lost. Resync the tables");
  }
  return Status::Ok();
}

Status DropSlotAndPublication(PgConnection& connection, const PostgresOptions& options) {
  const Deadline deadline = Deadline::After(kDropWaitMax);
  while (options.owns_slot) {
    Result<PgRows> dropped =
        connection.Query("SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = $1",
                         Deadline::After(kStatementMax), {options.slot_name});
    if (dropped.ok() || dropped.code() == Code::kNotFound) break;
    if (dropped.code() != Code::kConflict || deadline.Passed()) return std::move(dropped).status().At("drop slot");
    WaitForStop({}, kDropRetry);  // our walsender is still on its way out
  }
  if (options.owns_publication) {
    ASSIGN_OR_RETURN(const PgRows done, connection.Query("DROP PUBLICATION IF EXISTS " +
                                                             PgConnection::Identifier(options.publication_name),
                                                         Deadline::After(kStatementMax)));
  }
  return Status::Ok();
}

}  // namespace freshet
