// SPDX-License-Identifier: Apache-2.0
#include "sync/quarantine.h"

#include <charconv>
#include <cinttypes>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "cdc/change/text_cell.h"

namespace freshet {

using nlohmann::ordered_json;

namespace {

std::string Digits(uint64_t number) {
  char text[24];
  std::snprintf(text, sizeof text, "%020" PRIu64, number);
  return text;
}

std::string Dump(const ordered_json& value) {
  return value.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

Status Damaged() {
  return Status(Code::kCorrupt, "quarantine record does not parse");
}

}  // namespace

std::string QuarantineKeyPrefix(JobId job) {
  return "job/" + Digits(job.value) + "/";
}

std::string QuarantineKey(JobId job, uint64_t sequence) {
  return QuarantineKeyPrefix(job) + Digits(sequence);
}

std::string EncodeQuarantine(const QuarantineRecord& record) {
  ordered_json value = {
      {"job", record.job.value},
      {"task", record.task.value},
      {"table", record.table},
      {"position", record.position.empty() ? ordered_json(nullptr) : ordered_json(record.position.ToJson())},
      {"reason", record.reason},
      {"row", record.row},  // as text: parsed, its numbers would lose digits
      {"created_us", record.created_us}};
  if (record.text) value["text"] = {{"header", record.text->header}, {"utf8", record.text->is_utf8}};
  return Dump(value);
}

std::string ShownRow(const QuarantineRecord& record) {
  return record.text ? Dump(record.row) : record.row;
}

Result<QuarantineRecord> DecodeQuarantine(std::string_view text) {
  const ordered_json value = ordered_json::parse(text, nullptr, false);
  if (!value.is_object()) return Damaged();
  try {
    QuarantineRecord record;
    record.job = JobId{value.at("job").get<uint64_t>()};
    record.task = TaskId{value.value("task", uint64_t{0})};
    record.table = value.at("table").get<std::string>();
    const ordered_json position = value.value("position", ordered_json());
    if (position.is_string()) {
      ASSIGN_OR_RETURN(record.position, Position::FromJson(position.get<std::string>()));
    }
    record.reason = value.at("reason").get<std::string>();
    const ordered_json& row = value.at("row");
    record.row = row.is_string() ? row.get<std::string>() : Dump(row);
    record.created_us = value.value("created_us", int64_t{0});
    if (const auto kept = value.find("text"); kept != value.end()) {
      record.text = QuarantineRecord::Text{kept->value("header", ""), kept->value("utf8", true)};
    }
    return record;
  } catch (const ordered_json::exception&) {
    return Damaged();
  }
}

std::string RowAsJson(const RowBatch& batch, uint32_t image) {
  ordered_json row = ordered_json::object();
  const std::span<const Cell> cells = batch.Image(image);
  for (size_t i = 0; i < cells.size(); ++i) {
    const Column& column = batch.schema->columns[i];
    if (cells[i].kind == CellKind::kUnchanged) continue;
    std::string text;
    const bool is_value = AppendCellText(column.type, cells[i], batch.arena, text);
    row[column.name] = is_value ? ordered_json(std::move(text)) : ordered_json(nullptr);
  }
  return Dump(row);
}

Result<Quarantine> Quarantine::Load(Store& store, JobId job, const Clock& clock) {
  ASSIGN_OR_RETURN(const uint64_t newest, NewestSequence(store, job));
  return Quarantine(job, clock, newest + 1);
}

void Quarantine::Add(QuarantineRecord record, std::vector<RecordWrite>& records) {
  record.job = job_;
  record.created_us = clock_->WallUs();
  const uint64_t sequence = next_sequence_++;
  records.push_back({RecordFamily::kQuarantine, QuarantineKey(job_, sequence), EncodeQuarantine(record)});
  if (sequence <= kQuarantineRowsKeptMax) return;
  records.push_back({RecordFamily::kQuarantine, QuarantineKey(job_, sequence - kQuarantineRowsKeptMax), std::nullopt});
}

uint64_t SequenceOf(std::string_view key) {
  uint64_t sequence = 0;
  const size_t slash = key.rfind('/');
  std::from_chars(key.data() + (slash == key.npos ? 0 : slash + 1), key.data() + key.size(), sequence);
  return sequence;
}

Result<uint64_t> NewestSequence(const Store& store, JobId job) {
  ASSIGN_OR_RETURN(const auto newest, store.ScanRecords(RecordFamily::kQuarantine, QuarantineKeyPrefix(job), true, 1));
  return newest.empty() ? 0 : SequenceOf(newest[0].first);
}

std::string HiddenFromKey(JobId job) {
  return "ahead/" + Digits(job.value);
}

Result<uint64_t> HiddenFrom(const Store& store, JobId job) {
  ASSIGN_OR_RETURN(const auto mark, store.GetRecord(RecordFamily::kQuarantine, HiddenFromKey(job)));
  return mark ? SequenceOf(*mark) : kNothingHidden;
}

Result<std::vector<std::pair<std::string, std::string>>> ScanQuarantine(const Store& store, JobId job) {
  ASSIGN_OR_RETURN(auto kept, store.ScanRecords(RecordFamily::kQuarantine, QuarantineKeyPrefix(job)));
  // After the scan: what it has of an uncommitted object was written with the mark.
  ASSIGN_OR_RETURN(const uint64_t hidden, HiddenFrom(store, job));
  std::erase_if(kept, [hidden](const auto& record) { return SequenceOf(record.first) >= hidden; });
  return kept;
}

Result<std::vector<RecordWrite>> QuarantineDeletions(const Store& store, JobId job) {
  ASSIGN_OR_RETURN(const auto kept, store.ScanRecords(RecordFamily::kQuarantine, QuarantineKeyPrefix(job)));
  std::vector<RecordWrite> deletions;
  for (const auto& [key, value] : kept) deletions.push_back({RecordFamily::kQuarantine, key, std::nullopt});
  deletions.push_back({RecordFamily::kQuarantine, HiddenFromKey(job), std::nullopt});
  return deletions;
}

}  // namespace freshet
