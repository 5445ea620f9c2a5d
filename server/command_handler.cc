// SPDX-License-Identifier: Apache-2.0
#include "server/command_handler.h"

#include "base/cursor.h"

namespace freshet {

using protocol::Command;

std::string_view CommandName(Command command) {
  switch (command) {
    case Command::kQuit: return "quit";
    case Command::kInitDb: return "init_db";
    case Command::kQuery: return "query";
    case Command::kFieldList: return "field_list";
    case Command::kStatistics: return "statistics";
    case Command::kProcessKill: return "process_kill";
    case Command::kPing: return "ping";
    case Command::kChangeUser: return "change_user";
    case Command::kStmtPrepare: return "stmt_prepare";
    case Command::kStmtExecute: return "stmt_execute";
    case Command::kStmtSendLongData: return "stmt_send_long_data";
    case Command::kStmtClose: return "stmt_close";
    case Command::kStmtReset: return "stmt_reset";
    case Command::kSetOption: return "set_option";
    case Command::kStmtFetch: return "stmt_fetch";
    case Command::kResetConnection: return "reset_connection";
  }
  return "unknown";
}

CommandHandler::CommandHandler(Setup setup)
    : setup_(std::move(setup)),
      writer_(*setup_.channel, *setup_.metrics, (setup_.capabilities & protocol::kClientDeprecateEof) != 0),
      prepared_(*setup_.channel, writer_, *setup_.executor),
      multi_statements_((setup_.capabilities & protocol::kClientMultiStatements) != 0) {}

Status CommandHandler::Handle(Command command, std::string_view body) {
  TRY(Dispatch(command, body));
  setup_.metrics->CommandDone(CommandName(command));
  return setup_.channel->Flush();
}

Status CommandHandler::Dispatch(Command command, std::string_view body) {
  switch (command) {
    case Command::kQuery: return Query(body);
    case Command::kInitDb: return InitDb(body);
    case Command::kPing: return writer_.Ok();
    case Command::kFieldList: return FieldList(body);
    case Command::kStatistics: return setup_.channel->Write("freshet");
    case Command::kProcessKill: return ProcessKill(body);
    case Command::kStmtPrepare: return prepared_.Prepare(body);
    case Command::kStmtExecute: return prepared_.Execute(body);
    case Command::kStmtSendLongData: return prepared_.SendLongData(body);
    case Command::kStmtClose: return prepared_.Close(body);
    case Command::kStmtReset: return prepared_.Reset(body);
    case Command::kSetOption: return SetOption(body);
    case Command::kResetConnection: return ResetConnection();
    case Command::kStmtFetch:
      return writer_.Error({1235, "42000", "cursors are not supported: rows come with the execution"});
    case Command::kQuit:
    case Command::kChangeUser: break;
  }
  return writer_.Error(UnknownCommand());
}

Status CommandHandler::Query(std::string_view text) {
  const std::vector<std::string_view> statements = SplitStatements(text);
  if (statements.empty()) return writer_.Error(QueryWasEmpty());
  if (statements.size() > 1 && !multi_statements_) {
    return writer_.Error({1064, "42000", "several statements in one query need the client's multi-statement option"});
  }
  for (size_t i = 0; i < statements.size(); ++i) {
    const bool more = i + 1 < statements.size();
    Executor::Scope scope(*setup_.executor);
    CursorResult cursor = setup_.executor->Run(statements[i]);
    if (!cursor.ok()) return writer_.Error(cursor.status());
    ASSIGN_OR_RETURN(const bool sent, writer_.Send(*setup_.executor, cursor->get(), ResultWriter::Form::kText, more));
    if (!sent) return Status();
  }
  return Status();
}

Status CommandHandler::InitDb(std::string_view name) {
  Status used = setup_.executor->UseDatabase(std::string(name));
  return used.ok() ? writer_.Ok() : writer_.Error(used);
}

// field-list := table NUL  wildcard     (the wildcard is for servers older than any we know)
Status CommandHandler::FieldList(std::string_view body) {
  ByteCursor cursor(body);
  const std::string table(cursor.TakeCString());
  if (!cursor.ok()) return writer_.Error(MalformedPacket());
  Executor::Scope scope(*setup_.executor);
  Result<std::vector<ResultColumn>> columns = setup_.executor->DescribeTableColumns(table);
  return columns.ok() ? writer_.FieldList(*columns) : writer_.Error(columns.status());
}

Status CommandHandler::SetOption(std::string_view body) {
  ByteCursor cursor(body);
  const uint16_t option = cursor.U16Le();
  if (!cursor.ok() || option > 1) return writer_.Error(UnknownCommand());
  multi_statements_ = option == 0;  // 0: on, 1: off
  // The answer is an EOF, deprecated or not; an OK with its header reads the same to newer clients.
  return writer_.FieldList({});
}

Status CommandHandler::ProcessKill(std::string_view body) {
  ByteCursor cursor(body);
  const uint32_t id = cursor.U32Le();
  if (!cursor.ok()) return writer_.Error(MalformedPacket());
  Status killed = setup_.connections->Kill(id, KillKind::kConnection, setup_.user);
  return killed.ok() ? writer_.Ok() : writer_.Error(killed);
}

Status CommandHandler::ResetConnection() {
  prepared_.Clear();
  Status reset = setup_.executor->Reset();
  return reset.ok() ? writer_.Ok() : writer_.Error(reset);
}

}  // namespace freshet
