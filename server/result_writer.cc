// SPDX-License-Identifier: Apache-2.0
#include "server/result_writer.h"

#include "server/protocol.h"
#include "server/reply.h"
#include "server/result_set.h"
#include "server/wire.h"

namespace freshet {
namespace {

uint16_t StatusFlags(bool more) {
  uint16_t flags = protocol::kStatusAutocommit;
  if (more) flags |= protocol::kStatusMoreResultsExist;
  return flags;
}

}  // namespace

Status ResultWriter::Ok(bool more) {
  return channel_.Write(OkPayload(StatusFlags(more)));
}

Status ResultWriter::Error(const ServerError& error) {
  metrics_.CommandFailed(error.number);
  return channel_.Write(ErrPayload(error));
}

Status ResultWriter::DefinitionsEnd() {
  return deprecate_eof_ ? Status() : channel_.Write(EofPayload(StatusFlags(false)));
}

Status ResultWriter::Columns(const std::vector<ResultColumn>& columns) {
  for (const ResultColumn& column : columns) TRY(channel_.Write(ColumnPayload(column)));
  return DefinitionsEnd();
}

Status ResultWriter::Parameters(size_t count) {
  const std::string definition = ColumnPayload({.name = "?", .is_binary = true});
  for (size_t i = 0; i < count; ++i) TRY(channel_.Write(definition));
  return DefinitionsEnd();
}

Status ResultWriter::FieldList(const std::vector<ResultColumn>& columns) {
  for (const ResultColumn& column : columns) TRY(channel_.Write(FieldListPayload(column)));
  return channel_.Write(EndOfRowsPayload(StatusFlags(false), deprecate_eof_));
}

Result<bool> ResultWriter::Send(const Executor& executor, ResultCursor* cursor, Form form, bool more) {
  if (cursor == nullptr) {
    const StatementOutcome& outcome = executor.outcome();
    TRY(channel_.Write(OkPayload(StatusFlags(more), outcome.affected_rows, outcome.info)));
    return true;
  }
  const std::vector<ResultColumn>& columns = cursor->columns();
  std::string count;
  PutLenencInt(count, columns.size());
  TRY(channel_.Write(count));
  TRY(Columns(columns));
  RowValues row;
  while (true) {
    Result<bool> got = executor.cancelled() ? Result<bool>(Status(Code::kCancelled, "Query execution was interrupted"))
                                            : cursor->Next(row);
    if (got.ok() && !*got) break;
    Result<std::string> payload = !got.ok()             ? Result<std::string>(std::move(got).status())
                                  : form == Form::kText ? Result<std::string>(TextRowPayload(row))
                                                        : BinaryRowPayload(columns, row);
    if (!payload.ok()) {
      TRY(Error(payload.status()));
      return false;
    }
    TRY(channel_.Write(*payload));
  }
  TRY(channel_.Write(EndOfRowsPayload(StatusFlags(more), deprecate_eof_)));
  return true;
}

}  // namespace freshet
