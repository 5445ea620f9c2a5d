// SPDX-License-Identifier: Apache-2.0
#include "server/prepared_statements.h"

#include "base/cursor.h"
#include "server/protocol.h"
#include "server/wire.h"

namespace freshet {
namespace {

constexpr size_t kStatementsMax = 16382;  // of one connection, MySQL's own default
constexpr size_t kParametersMax = 65535;  // the protocol counts them in two bytes
constexpr size_t kExecuteHeaderBytes = 4 + 1 + 4;
constexpr size_t kLongDataBytesMax = protocol::kMaxAllowedPacket;

}  // namespace

PreparedStatements::Prepared* PreparedStatements::Find(uint32_t id) {
  const auto found = statements_.find(id);
  return found == statements_.end() ? nullptr : &found->second;
}

void PreparedStatements::DropLongData(Prepared& prepared) {
  for (const auto& [index, bytes] : prepared.long_data) long_data_bytes_ -= bytes.size();
  prepared.long_data.clear();
  prepared.long_data_failed = false;
}

void PreparedStatements::Clear() {
  statements_.clear();
  long_data_bytes_ = 0;
}

// prepared-ok := 0x00 u32 statement-id  u16 columns  u16 parameters  0x00  u16 warnings
Status PreparedStatements::Prepare(std::string_view sql) {
  if (statements_.size() >= kStatementsMax) return writer_.Error(TooManyPreparedStatements());
  const std::string text(sql);
  Executor::Scope scope(executor_);
  Result<Executor::Prepared> described = executor_.Prepare(text);
  if (!described.ok()) return writer_.Error(described.status());
  if (described->parameters > kParametersMax) {
    return writer_.Error({1390, "HY000", "Prepared statement contains too many placeholders"});
  }
  const uint32_t id = ++last_id_;
  statements_[id] = Prepared{text, described->parameters, described->takes_values, {}, {}, false};
  std::string out(1, '\0');
  PutUint(out, id, 4);
  PutUint(out, described->columns.size(), 2);
  PutUint(out, described->parameters, 2);
  PutUint(out, 0, 1);
  PutUint(out, 0, 2);
  TRY(channel_.Write(out));
  if (described->parameters > 0) TRY(writer_.Parameters(described->parameters));
  if (!described->columns.empty()) TRY(writer_.Columns(described->columns));
  return Status();
}

Status PreparedStatements::Execute(std::string_view payload) {
  ByteCursor cursor(payload);
  const uint32_t id = cursor.U32Le();
  cursor.Skip(kExecuteHeaderBytes - 4);  // cursor flags: rows are always sent at once; one iteration
  if (!cursor.ok()) return writer_.Error(MalformedPacket());
  Prepared* prepared = Find(id);
  if (prepared == nullptr) return writer_.Error(UnknownStatementHandler(id));
  if (prepared->long_data_failed) {
    DropLongData(*prepared);
    return writer_.Error(PacketTooLarge());
  }
  Result<std::vector<PreparedValue>> values =
      ParseParameters(cursor.TakeRest(), prepared->parameters, prepared->types, prepared->long_data);
  DropLongData(*prepared);
  if (!values.ok()) {
    return writer_.Error(values.code() == Code::kInvalid ? MalformedPacket() : ErrorOf(values.status()));
  }
  return Run(*prepared, *values);
}

Status PreparedStatements::Run(Prepared& prepared, const std::vector<PreparedValue>& values) {
  Executor::Scope scope(executor_);
  CursorResult cursor =
      prepared.takes_values ? executor_.RunPrepared(prepared.sql, values) : executor_.Run(prepared.sql);
  if (!cursor.ok()) return writer_.Error(cursor.status());
  return writer_.Send(executor_, cursor->get(), ResultWriter::Form::kBinary, false).status();
}

// long-data := u32 statement-id  u16 parameter  bytes
Status PreparedStatements::SendLongData(std::string_view payload) {
  ByteCursor cursor(payload);
  Prepared* prepared = Find(cursor.U32Le());
  const size_t index = cursor.U16Le();
  if (!cursor.ok() || prepared == nullptr || index >= prepared->parameters) {
    if (prepared != nullptr) prepared->long_data_failed = true;
    return Status();
  }
  const std::string_view bytes = cursor.TakeRest();
  if (long_data_bytes_ + bytes.size() > kLongDataBytesMax) {
    prepared->long_data_failed = true;
    return Status();
  }
  prepared->long_data[index] += bytes;
  long_data_bytes_ += bytes.size();
  return Status();
}

Status PreparedStatements::Close(std::string_view payload) {
  ByteCursor cursor(payload);
  const uint32_t id = cursor.U32Le();
  if (Prepared* prepared = Find(id)) {
    DropLongData(*prepared);
    statements_.erase(id);
  }
  return Status();
}

Status PreparedStatements::Reset(std::string_view payload) {
  ByteCursor cursor(payload);
  const uint32_t id = cursor.U32Le();
  Prepared* prepared = Find(id);
  if (prepared == nullptr) return writer_.Error(UnknownStatementHandler(id));
  DropLongData(*prepared);
  return writer_.Ok();
}

}  // namespace freshet
