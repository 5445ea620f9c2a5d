// SPDX-License-Identifier: Apache-2.0
// Query events of EventBinder: transaction control, DDL, statements that were logged as text.
#include <strings.h>

#include <algorithm>

#include "cdc/mysql/event_binder.h"
#include "cdc/mysql/rows_event.h"
#include "cdc/mysql/statement_words.h"

namespace freshet {
namespace {

constexpr uint64_t kSqlModeAnsiQuotes = 4;
constexpr uint64_t kSqlModeNoBackslashEscapes = 0x100000;

// Character set of a collation id, for those that a client connection uses in practice and that are not UTF-8.
const char* ClientCharset(uint16_t collation) {
  switch (collation) {
    case 8:
    case 5:
    case 15:
    case 31:
    case 47:
    case 48:
    case 49:
    case 94: return "latin1";
    case 28:
    case 87: return "gbk";
    case 24:
    case 86: return "gb2312";
    case 1:
    case 84: return "big5";
    case 13:
    case 88: return "sjis";
    case 95:
    case 96: return "cp932";
    case 12:
    case 91: return "ujis";
    case 19:
    case 85: return "euckr";
    case 9:
    case 77: return "latin2";
    case 51:
    case 14:
    case 23:
    case 50:
    case 52: return "cp1251";
    case 26:
    case 34:
    case 44:
    case 66:
    case 99: return "cp1250";
    case 7:
    case 74: return "koi8r";
    default: return "";
  }
}

}  // namespace

Result<std::string> EventBinder::StatementText(const QueryEventView& query) {
  const std::string charset = ClientCharset(query.client_collation);
  if (charset.empty()) return std::string(query.sql);
  ASSIGN_OR_RETURN(const Charset* converter, charsets_.Get(charset));
  std::string text;
  converter->Append(query.sql, text);
  return text;
}

Status EventBinder::OnQuery(const BinlogEventView& event, const FormatDescription& format) {
  ASSIGN_OR_RETURN(QueryEventView query, ParseQuery(event.body));
  if (event.header.type == BinlogEventType::kMariadbQueryCompressed) {
    TRY(UnpackMariadb(query.sql, unpacked_query_));
    query.sql = unpacked_query_;
  }
  if (query.sql == "BEGIN") return Begin();
  if (query.sql == "COMMIT" && in_transaction_) {
    EndGroup(event.header.timestamp_s);
    return Status::Ok();
  }
  LoggedStatement statement;
  ASSIGN_OR_RETURN(statement.sql, StatementText(query));
  statement.database = std::string(query.database);
  statement.ansi_quotes = (query.sql_mode & kSqlModeAnsiQuotes) != 0;
  statement.no_backslash_escapes = (query.sql_mode & kSqlModeNoBackslashEscapes) != 0;
  statement.mariadb = format.mariadb;
  const bool was_in_transaction = in_transaction_;
  bool handled = false;
  TRY(OnTransactionQuery(statement, &handled));
  if (handled) return Status::Ok();
  const bool rows_follow = CutStartTransaction(statement.sql);
  TRY(Begin());
  TRY(OnStatement(statement));
  if (!was_in_transaction && !rows_follow) EndGroup(event.header.timestamp_s);
  return Status::Ok();
}

Status EventBinder::OnTransactionQuery(const LoggedStatement& statement, bool* handled) {
  *handled = true;
  switch (ClassifyStatement(statement.sql)) {
    case StatementClass::kBegin: return Begin();
    case StatementClass::kXaStart: xa_.Open(); return Begin();
    case StatementClass::kSavepoint:
    case StatementClass::kXaEnd: return Status::Ok();
    case StatementClass::kRollbackToSavepoint:
      if (xa_.is_open()) {
        xa_.LoseOpen("an XA transaction was committed of which a part was rolled back after its rows were logged");
        return Status::Ok();
      }
      FlushRows();
      StopTouched("a transaction was partly rolled back after its rows were logged");
      return Status::Ok();
    case StatementClass::kXaCommit: return OnXaEnd(statement, /*commit=*/true);
    case StatementClass::kXaRollback: return OnXaEnd(statement, /*commit=*/false);
    case StatementClass::kCommit:
      TRY(Begin());
      EndGroup(0);
      return Status::Ok();
    case StatementClass::kRollback:
      TRY(Begin());
      FlushRows();
      StopTouched("a transaction was rolled back after its rows were logged");
      EndGroup(0);
      return Status::Ok();
    case StatementClass::kChangesRows:
    case StatementClass::kOther: break;
  }
  *handled = false;
  return Status::Ok();
}

Status EventBinder::OnStatement(const LoggedStatement& statement) {
  FlushRows();
  if (ClassifyStatement(statement.sql) == StatementClass::kChangesRows) {
    StopForStatement(statement);
    return Status::Ok();
  }
  ASSIGN_OR_RETURN(std::vector<SchemaChange> changes, follower_(statement, tables_.ActiveSchemas()));
  for (SchemaChange& change : changes) {
    if (!tables_.Apply(change)) continue;
    ready_.push_back({Position(), std::move(change)});
  }
  return Status::Ok();
}

// A statement's effect on rows cannot be known from its text. Every mirrored table that it names stops; when
// it names none but runs in a mirrored database (a view, a procedure), all of that database stop.
void EventBinder::StopForStatement(const LoggedStatement& statement) {
  const std::vector<std::string> names = StatementNames(statement.sql);
  const auto named = [&](const std::string& wanted) {
    return std::any_of(names.begin(), names.end(),
                       [&](const std::string& name) { return strcasecmp(name.c_str(), wanted.c_str()) == 0; });
  };
  const std::string reason =
      "rows were changed by a statement that was logged as text: use binlog_format=ROW in "
      "every session, then RESYNC the table";
  const std::vector<SchemaPtr> schemas = tables_.ActiveSchemas();
  bool any = false;
  for (const SchemaPtr& schema : schemas) {
    if (!named(schema->name.table)) continue;
    StopTable(schema, reason);
    any = true;
  }
  for (const SchemaPtr& schema : schemas) {
    if (any) return;
    if (schema->name.schema == statement.database || named(schema->name.schema)) StopTable(schema, reason);
  }
}

}  // namespace freshet
