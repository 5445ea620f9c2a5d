// SPDX-License-Identifier: Apache-2.0
#include "sync/stream_query.h"

#include <algorithm>

#include "base/log.h"
#include "sync/insert_options.h"
#include "sync/job_options.h"

namespace freshet {

namespace {

constexpr std::chrono::milliseconds kReadWait{250};
constexpr size_t kBatchRowsMax = 4096;

class LogRows : public RowStream {
 public:
  LogRows(std::unique_ptr<Connector> connector, SchemaPtr schema, StopToken stop)
      : connector_(std::move(connector)), schema_(std::move(schema)), stop_(std::move(stop)) {}
  ~LogRows() override {
    source_.reset();
    if (!started_) return;
    if (const Status status = connector_->ReleaseLog(); !status.ok()) {
      Log(LogLevel::kWarn, "release_log_failed", {{"error", status.message()}});
    }
  }

  Status Open(const LogStart& start) {
    // What is new from now on has no end but time's.
    if (start.mode != LogStart::Mode::kNow) {
      ASSIGN_OR_RETURN(end_, connector_->CurrentPosition());
    }
    started_ = true;
    ASSIGN_OR_RETURN(at_, connector_->StartLog(start, {schema_->name}));
    ASSIGN_OR_RETURN(source_, connector_->OpenSource(at_, {schema_}, TableFilter()));
    deadline_ = Deadline::After(kStreamQueryMax);
    return Status::Ok();
  }

  SchemaPtr schema() const override { return schema_; }

  Result<RowBatch> Next() override {
    RowBatch rows;
    rows.schema = schema_;
    while (rows.rows.size() < kBatchRowsMax && !AtEnd() && !deadline_.Passed()) {
      if (stop_.stop_requested()) return Status(Code::kCancelled, "Query execution was interrupted");
      ASSIGN_OR_RETURN(const std::optional<ChangeEvent> event, source_->Next(Deadline::After(kReadWait)));
      if (!event && !rows.rows.empty()) break;  // a LIMIT may have enough of them
      if (!event) continue;
      if (!event->at.empty()) at_ = event->at;
      if (const auto* batch = std::get_if<RowBatch>(&event->body)) TRY(Append(*batch, rows));
      if (const auto* change = std::get_if<SchemaChange>(&event->body)) TRY(CheckShape(*change));
    }
    return rows;
  }

 private:
  bool AtEnd() const { return end_ && at_.Covers(*end_); }

  Status Append(const RowBatch& batch, RowBatch& rows) const {
    if (batch.schema->name != schema_->name) return Status::Ok();
    for (const RowChange& change : batch.rows) {
      if (change.after == kNoImage) continue;
      const uint32_t image = rows.AppendImage();
      for (size_t i = 0; i < schema_->columns.size(); ++i) {
        Cell cell = batch.Image(change.after)[i];
        if (cell.kind == CellKind::kUnchanged && change.before != kNoImage) cell = batch.Image(change.before)[i];
        if (cell.kind == CellKind::kUnchanged) {
          return Status(Code::kUnsupported, "the log has only a part of a row of " + schema_->name.ToString() +
                                                "; a job completes such rows: CREATE JOB .. DO INSERT INTO ..");
        }
        rows.Image(image)[i] = cell.kind == CellKind::kBytes ? rows.AppendBytes(batch.Bytes(cell)) : cell;
      }
      rows.rows.push_back({RowOp::kInsert, kNoImage, image});
    }
    return Status::Ok();
  }

  Status CheckShape(const SchemaChange& change) const {
    if (change.old_schema == nullptr || change.old_schema->name != schema_->name) return Status::Ok();
    if (change.kind == SchemaChangeKind::kTruncateTable) return Status::Ok();
    return Status(Code::kUnsupported, "table " + schema_->name.ToString() +
                                          " was changed by DDL within the part of the log that was asked for");
  }

  const std::unique_ptr<Connector> connector_;
  const SchemaPtr schema_;
  const StopToken stop_;
  Deadline deadline_ = Deadline::After(kStreamQueryMax);
  std::unique_ptr<Source> source_;
  Position at_;
  std::optional<Position> end_;
  bool started_ = false;
};

Result<LogStart> StartOf(const Properties& arguments, const ParsedJob& parsed) {
  const std::string* offset = FindProperty(arguments, "offset");
  if (offset == nullptr) return Status(Code::kInvalid, "offset is required");
  switch (parsed.options.offset) {
    case OffsetMode::kLatest: return LogStart{LogStart::Mode::kNow, {}, 0};
    case OffsetMode::kEarliest: return LogStart{LogStart::Mode::kEarliest, {}, 0};
    case OffsetMode::kPosition: return LogStart{LogStart::Mode::kPosition, parsed.options.start, 0};
    case OffsetMode::kTime: return LogStart{LogStart::Mode::kTime, {}, parsed.options.start_time_us};
    case OffsetMode::kInitial:
    case OffsetMode::kSnapshot: break;
  }
  return Status(Code::kInvalid, "Unsupported offset: " + *offset);
}

Result<std::unique_ptr<RowStream>> OpenStream(Store& store, const ConnectorFactory& connectors,
                                              const Properties& arguments, StopToken stop) {
  ASSIGN_OR_RETURN(const StreamSource stream, ParseStreamArguments(arguments));
  Result<ParsedJob> parsed = ParseInsertJob({"", "", {}, "cdc_stream", arguments, ""}, {});
  const std::string* offset = FindProperty(arguments, "offset");
  if (!parsed.ok() && offset != nullptr && parsed.status().message().starts_with("Invalid value for key 'offset'")) {
    return Status(Code::kInvalid, "Unsupported offset: " + *offset);
  }
  TRY(parsed.status());
  ASSIGN_OR_RETURN(const LogStart start, StartOf(arguments, *parsed));
  ASSIGN_OR_RETURN(const uint64_t id, store.NextId());  // names of its own at the source
  BindToJob(JobId{id}, parsed->source);
  ASSIGN_OR_RETURN(std::unique_ptr<Connector> connector, connectors(parsed->source));
  TRY(connector->Preflight());
  const TableName name{parsed->source.schemas.front(), stream.table};
  ASSIGN_OR_RETURN(std::vector<TableDescription> described, connector->DescribeTables({name}));
  CHECK(described.size() == 1);
  if (described[0].schema == nullptr) {
    if (described[0].problem.code() != Code::kNotFound) return described[0].problem.Copy();
    return Status(Code::kNotFound, "Table does not exist: " + stream.table);
  }
  auto rows = std::make_unique<LogRows>(std::move(connector), described[0].schema, std::move(stop));
  TRY(rows->Open(start));
  return std::unique_ptr<RowStream>(std::move(rows));
}

}  // namespace

StreamFunction MakeStreamFunction(Store& store, ConnectorFactory connectors) {
  return [&store, connectors = std::move(connectors)](const Properties& arguments, StopToken stop) {
    return OpenStream(store, connectors, arguments, std::move(stop));
  };
}

}  // namespace freshet
