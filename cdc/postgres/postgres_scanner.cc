// SPDX-License-Identifier: Apache-2.0
#include "cdc/postgres/postgres_scanner.h"

#include <algorithm>
#include <charconv>

#include "cdc/change/text_cell.h"
#include "cdc/postgres/binary_cell.h"
#include "cdc/postgres/copy_rows.h"
#include "cdc/postgres/live_table.h"

namespace freshet {
namespace {

// A chunk is some ten thousand rows; a server that needs longer for one is stuck.
constexpr std::chrono::minutes kChunkMax{30};
constexpr std::chrono::seconds kCancelMax{30};
constexpr std::chrono::milliseconds kVisibleRetryMin{1};
constexpr std::chrono::milliseconds kVisibleRetryMax{50};

std::string KeyList(const TableSchema& schema) {
  std::string list;
  for (const uint32_t index : schema.key_columns) {
    if (!list.empty()) list += ", ";
    list += PgConnection::Identifier(schema.columns[index].name);
  }
  return list;
}

// ("a", "b") > ('1'::integer, 'x'::text): a row comparison is one index range.
std::string KeyCondition(const TableSchema& schema, const char* op, const KeyText& key) {
  std::string values;
  for (size_t i = 0; i < key.size(); ++i) {
    if (i > 0) values += ", ";
    values += PgConnection::Literal(key[i]) + "::" + schema.columns[schema.key_columns[i]].source_type;
  }
  // ROW() also makes a single column a row, whose comparison means the same.
  return "ROW(" + KeyList(schema) + ") " + op + " ROW(" + values + ")";
}

std::string Where(const TableSchema& schema, const ChunkRange& range) {
  std::string where;
  if (range.after) where += " WHERE " + KeyCondition(schema, ">", *range.after);
  if (range.up_to) where += (where.empty() ? " WHERE " : " AND ") + KeyCondition(schema, "<=", *range.up_to);
  return where;
}

Status CheckKey(const TableSchema& schema, const std::optional<KeyText>& key) {
  if (!key || key->size() == schema.key_columns.size()) return Status::Ok();
  return Status(Code::kInvalid,
                "key of " + schema.name.ToString() + " has " + std::to_string(schema.key_columns.size()) + " columns");
}

KeyText KeyOfLastRow(const RowBatch& batch) {
  KeyText key;
  const auto image = batch.Image(batch.rows.back().after);
  for (const uint32_t index : batch.schema->key_columns) {
    std::string text;
    CHECK(AppendCellText(batch.schema->columns[index].type, image[index], batch.arena, text));  // keys are not NULL
    key.push_back(std::move(text));
  }
  return key;
}

// "xmin:xmax:xid,xid,...", 64-bit numbers.
struct Snapshot {
  uint64_t end = 0;               // no transaction from here on is visible
  std::vector<uint32_t> running;  // below it and not visible, modulo 2^32
};

Snapshot ParseSnapshot(std::string_view text) {
  Snapshot snapshot;
  uint64_t number = 0;
  int field = 0;
  for (size_t i = 0; i <= text.size(); ++i) {
    const char c = i < text.size() ? text[i] : ',';
    if (c >= '0' && c <= '9') {
      number = number * 10 + static_cast<uint64_t>(c - '0');
      continue;
    }
    if (field == 1) snapshot.end = number;
    if (field >= 2 && i > 0 && text[i - 1] != ':') snapshot.running.push_back(static_cast<uint32_t>(number));
    ++field;
    number = 0;
  }
  return snapshot;
}

// Operators of extension types (citext) live in other schemas; comparing such keys by a cast to text would disagree
// with ORDER BY, which uses the type's own order.
constexpr char kFindOperators[] =
    "SELECT set_config('search_path', 'pg_catalog' || coalesce((SELECT string_agg(', ' || quote_ident(nspname), '' "
    "ORDER BY nspname) FROM pg_namespace WHERE nspname <> 'pg_catalog' AND oid IN (SELECT oprnamespace FROM "
    "pg_operator)), ''), false)";

bool HasIntegerKey(const TableSchema& schema) {
  if (schema.key_columns.size() != 1) return false;
  const TypeKind kind = schema.columns[schema.key_columns[0]].type.kind;
  return kind == TypeKind::kInt16 || kind == TypeKind::kInt32 || kind == TypeKind::kInt64;
}

std::optional<int64_t> Number(std::string_view text) {
  int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

}  // namespace

PostgresScanner::PostgresScanner(const PostgresOptions& options, std::shared_ptr<ReaderMemory> memory)
    : control_(options, kFindOperators), memory_(std::move(memory)) {}

Result<std::unique_ptr<PostgresScanner>> PostgresScanner::Open(const PostgresOptions& options,
                                                               std::shared_ptr<ReaderMemory> memory) {
  std::unique_ptr<PostgresScanner> scanner(new PostgresScanner(options, std::move(memory)));
  ASSIGN_OR_RETURN(PgConnection * session, scanner->control_.Get());
  (void)session;
  return scanner;
}

Result<int64_t> PostgresScanner::EstimateRows(const TableSchema& schema) {
  ASSIGN_OR_RETURN(PgConnection * session, control_.Get());
  ASSIGN_OR_RETURN(
      const PgRows rows,
      session->Query("SELECT CASE WHEN bool_or(reltuples < 0) THEN -1 ELSE sum(reltuples)::bigint END FROM "
                     "pg_class WHERE relkind = 'r' AND (oid = $1::oid OR oid IN (SELECT relid FROM "
                     "pg_partition_tree($1::oid::regclass)))",
                     Deadline::After(kCatalogQueryMax), {std::to_string(schema.source_id)}));
  if (rows.size() == 0 || rows.IsNull(0, 0)) return int64_t{-1};
  return rows.Int(0, 0);
}

Result<std::optional<KeyText>> PostgresScanner::NextBound(const TableSchema& schema,
                                                          const std::optional<KeyText>& after, int64_t rows,
                                                          StopToken stop) {
  TRY(CheckKey(schema, after));
  if (rows < 1) return Status(Code::kInvalid, "a chunk has at least one row");
  if (after && HasIntegerKey(schema)) {
    const std::optional<int64_t> from = Number(after->front());
    const std::optional<int64_t> guess = from ? guesses_[schema.source_id].Next(*from) : std::nullopt;
    if (guess) return std::optional<KeyText>(KeyText{std::to_string(*guess)});
  }
  return CountBound(schema, after, rows, std::move(stop));
}

Result<std::optional<KeyText>> PostgresScanner::CountBound(const TableSchema& schema,
                                                           const std::optional<KeyText>& after, int64_t rows,
                                                           StopToken stop) {
  ASSIGN_OR_RETURN(PgConnection * session, control_.Get());
  const std::string keys = KeyList(schema);
  const std::string table = PgConnection::Qualified(schema.name);
  const bool integer = HasIntegerKey(schema);
  Result<PgRows> found =
      session->Query("SELECT " + keys + (integer ? ", (SELECT max(" + keys + ") FROM " + table + ")" : "") + " FROM " +
                         table + Where(schema, {after, std::nullopt}) + " ORDER BY " + keys + " OFFSET " +
                         std::to_string(rows - 1) + " LIMIT 1",
                     Deadline::After(kChunkMax), {}, stop);
  if (!found.ok()) {
    control_.Reset();
    return std::move(found).status().At("find chunk bound of " + schema.name.ToString());
  }
  if (found->size() == 0) return std::optional<KeyText>();
  KeyText key;
  for (size_t i = 0; i < schema.key_columns.size(); ++i) key.push_back(found->String(0, static_cast<int>(i)));
  if (integer && after) {
    const std::optional<int64_t> from = Number(after->front());
    if (from) guesses_[schema.source_id].Counted(*from, found->Int(0, 0), rows, found->Int(0, 1));
  }
  return std::optional<KeyText>(std::move(key));
}

Status PostgresScanner::WaitVisible(const Position& seen, Deadline deadline, StopToken stop) {
  const auto* position = std::get_if<PostgresPosition>(&seen.at);
  if (position == nullptr || position->xid == 0) return Status::Ok();
  std::chrono::milliseconds retry = kVisibleRetryMin;
  while (true) {
    ASSIGN_OR_RETURN(PgConnection * session, control_.Get());
    ASSIGN_OR_RETURN(const PgRows rows,
                     session->Query("SELECT pg_current_snapshot()", Deadline::After(kCatalogQueryMax)));
    const Snapshot snapshot = ParseSnapshot(rows.Text(0, 0));
    // xids are compared modulo 2^32, as the server does: `seen` is never 2^31 transactions away.
    const bool begun = static_cast<int32_t>(position->xid - static_cast<uint32_t>(snapshot.end)) < 0;
    const bool running =
        std::find(snapshot.running.begin(), snapshot.running.end(), position->xid) != snapshot.running.end();
    if (begun && !running && !memory_->AnyDelivered(snapshot.running)) return Status::Ok();
    if (deadline.Passed()) return Status(Code::kTimeout, "a logged transaction does not become visible");
    if (WaitForStop(stop, retry)) return Status(Code::kCancelled, "stop requested");
    retry = std::min(retry * 2, kVisibleRetryMax);
  }
}

Result<ChunkRows> PostgresScanner::ReadChunk(const SchemaPtr& schema, const ChunkRange& range, size_t bytes_max,
                                             StopToken stop) {
  return Read(schema, range, bytes_max, HasBinaryDecoders(*schema), stop);
}

Result<ChunkRows> PostgresScanner::ReadChunkInText(const SchemaPtr& schema, const ChunkRange& range, StopToken stop) {
  return Read(schema, range, SIZE_MAX, false, stop);
}

Result<ChunkRows> PostgresScanner::Read(const SchemaPtr& schema, const ChunkRange& range, size_t bytes_max, bool binary,
                                        StopToken stop) {
  TRY(CheckKey(*schema, range.after));
  TRY(CheckKey(*schema, range.up_to));
  std::string list;
  std::vector<uint32_t> columns;
  for (uint32_t i = 0; i < schema->columns.size(); ++i) {
    if (schema->columns[i].excluded) continue;
    columns.push_back(i);
    list += (list.empty() ? "" : ", ") + PgConnection::Identifier(schema->columns[i].name);
  }
  ASSIGN_OR_RETURN(PgConnection * session, control_.Get());
  const Deadline deadline = Deadline::After(kChunkMax);
  const std::string sql = "COPY (SELECT " + list + " FROM " + PgConnection::Qualified(schema->name) +
                          Where(*schema, range) + " ORDER BY " + KeyList(*schema) + ") TO STDOUT (FORMAT " +
                          (binary ? "binary)" : "text)");
  const std::string context = "read chunk of " + schema->name.ToString();
  Status status = session->StartCopy(sql, deadline, stop);
  CopyRows rows(schema, std::move(columns), binary);
  bool cut = false;
  bool ended = false;
  while (status.ok() && !ended && !cut) {
    CopyBytes data;
    Result<PgConnection::CopyState> state = session->TryCopyData(data);
    if (!state.ok()) {
      status = std::move(state).status();
    } else if (*state == PgConnection::CopyState::kData) {
      status = rows.Add(data.view());
      cut = status.ok() && rows.batch_bytes() >= bytes_max && !rows.batch().rows.empty();
    } else if (*state == PgConnection::CopyState::kEnd) {
      ended = true;
      status = rows.Finish();
    } else {
      const Result<bool> readable = session->WaitReadable(deadline, stop);
      status = !readable.ok() ? readable.status()
               : *readable    ? Status::Ok()
                              : Status(Code::kTimeout, "the server did not send in time");
    }
  }
  if (status.ok() && cut) status = session->CancelCopy(Deadline::After(kCancelMax));
  if (!status.ok()) {
    control_.Reset();
    return std::move(status).At(context);
  }
  ChunkRows chunk;
  chunk.batch = std::move(rows.batch());
  if (cut) chunk.cut_after = KeyOfLastRow(chunk.batch);
  return chunk;
}

}  // namespace freshet
