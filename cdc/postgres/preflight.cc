// SPDX-License-Identifier: Apache-2.0
#include "cdc/postgres/preflight.h"

#include "cdc/postgres/live_table.h"

namespace freshet {
namespace {

constexpr int kServerVersionMin = 140000;
constexpr size_t kNameBytesMax = 63;  // NAMEDATALEN - 1: longer names are cut by the server

Status CheckNames(const PostgresOptions& options) {
  const std::pair<const char*, const std::string*> names[] = {
      {"database", &options.database}, {"slot", &options.slot_name}, {"publication", &options.publication_name}};
  for (const auto& [what, name] : names) {
    if (name->size() <= kNameBytesMax) continue;
    return Status(Code::kInvalid, std::string(what) + " name '" + *name + "' is " + std::to_string(name->size()) +
                                      " bytes, exceeding " + std::to_string(kNameBytesMax) + " bytes");
  }
  return Status::Ok();
}

Status CheckSettings(PgConnection& connection, const PostgresOptions& options) {
  ASSIGN_OR_RETURN(
      const PgRows rows,
      connection.Query("SELECT current_setting('wal_level'), (SELECT count(*) FROM pg_replication_slots) < "
                       "current_setting('max_replication_slots')::int OR EXISTS (SELECT FROM "
                       "pg_replication_slots WHERE slot_name = $1), (SELECT count(*) FROM "
                       "pg_stat_replication) < current_setting('max_wal_senders')::int",
                       Deadline::After(kCatalogQueryMax), {options.slot_name}));
  if (rows.Text(0, 0) != "logical") {
    return Status(Code::kInvalid, "wal_level is " + rows.String(0, 0) + ", needed is logical: run ALTER SYSTEM SET " +
                                      "wal_level = logical and restart the server");
  }
  if (!rows.Bool(0, 1)) {
    return Status(Code::kInvalid,
                  "no free replication slot: drop an unused one or raise max_replication_slots and "
                  "restart the server");
  }
  if (!rows.Bool(0, 2)) {
    return Status(Code::kInvalid, "no free WAL sender: raise max_wal_senders and restart the server");
  }
  return Status::Ok();
}

Status CheckPrivileges(PgConnection& connection, const PostgresOptions& options) {
  ASSIGN_OR_RETURN(
      const PgRows rows,
      connection.Query("SELECT rolsuper OR rolreplication OR EXISTS (SELECT FROM pg_roles r WHERE r.rolname "
                       "= 'rds_replication' AND pg_has_role(current_user, r.oid, 'member')), "
                       "has_database_privilege(current_database(), 'CREATE'), EXISTS (SELECT FROM "
                       "pg_publication WHERE pubname = $1) FROM pg_roles WHERE rolname = current_user",
                       Deadline::After(kCatalogQueryMax), {options.publication_name}));
  const std::string user = PgConnection::Identifier(options.user);
  if (rows.size() == 0 || !rows.Bool(0, 0)) {
    return Status(Code::kAuth, "user " + options.user + " may not replicate: run ALTER ROLE " + user + " REPLICATION");
  }
  if (options.owns_publication && !rows.Bool(0, 1) && !rows.Bool(0, 2)) {
    return Status(Code::kAuth, "user " + options.user + " may not create a publication: run GRANT CREATE ON DATABASE " +
                                   PgConnection::Identifier(options.database) + " TO " + user);
  }
  return Status::Ok();
}

Status CheckSchemas(PgConnection& connection, const PostgresOptions& options) {
  for (const std::string& schema : options.schemas) {
    ASSIGN_OR_RETURN(const PgRows rows,
                     connection.Query("SELECT has_schema_privilege(oid, 'USAGE') FROM pg_namespace WHERE nspname = $1",
                                      Deadline::After(kCatalogQueryMax), {schema}));
    if (rows.size() == 0) return Status(Code::kNotFound, "schema does not exist: " + schema);
    if (rows.Bool(0, 0)) continue;
    return Status(Code::kAuth, "user " + options.user + " may not use schema " + schema +
                                   ": run GRANT USAGE ON SCHEMA " + PgConnection::Identifier(schema) + " TO " +
                                   PgConnection::Identifier(options.user));
  }
  return Status::Ok();
}

}  // namespace

Status PostgresPreflight(PgConnection& connection, const PostgresOptions& options) {
  TRY(CheckNames(options));
  if (connection.server_version() < kServerVersionMin) {
    return Status(Code::kUnsupported, "PostgreSQL 14 or newer is needed, the server is version " +
                                          std::to_string(connection.server_version() / 10000));
  }
  TRY(CheckSettings(connection, options));
  TRY(CheckPrivileges(connection, options));
  return CheckSchemas(connection, options);
}

}  // namespace freshet
