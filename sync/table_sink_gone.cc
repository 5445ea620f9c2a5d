// SPDX-License-Identifier: Apache-2.0
// TableSink: tables that the source dropped without a word in its log. The drop has a place all the same: the end
// of the log when it was found.
#include <algorithm>

#include "sync/table_sink.h"

namespace freshet {

Status TableSink::NoteGone(GoneTable table) {
  gone_.push_back(std::move(table));
  if (!writer_->position().Covers(gone_.back().before)) return Status::Ok();
  TRY(DropGone(writer_->position()));
  return FinishCommit({}, 0);
}

Status TableSink::DropGone(const Position& applied) {
  for (const GoneTable& gone : gone_) {
    if (!applied.Covers(gone.before)) continue;
    Table* table = Find(gone.source_schema->name);
    if (table == nullptr || table->record.source_schema->source_id != gone.source_schema->source_id) continue;
    SchemaChange change;
    change.kind = SchemaChangeKind::kDropTable;
    change.old_schema = table->record.source_schema;
    change.reason = "the table is gone on the source";
    TRY(ApplyChange(change));
  }
  return Status::Ok();
}

// After the commit: a unit that is rolled back drops its tables when it is applied again.
void TableSink::ForgetGone() {
  std::erase_if(gone_, [this](const GoneTable& gone) { return writer_->position().Covers(gone.before); });
}

}  // namespace freshet
