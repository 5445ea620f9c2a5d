// SPDX-License-Identifier: Apache-2.0
// RowBinder: table maps and row events + the mirrored tables -> row batches with canonical cells. One pass from
// event bytes to cells. Not aware of transactions: EventBinder tells it when a batch must end. Reader thread only.
#pragma once

#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "cdc/change/row_batch.h"
#include "cdc/mysql/column_plan.h"
#include "cdc/mysql/mirrored_tables.h"
#include "cdc/mysql/rows_event.h"

namespace freshet {

// A batch is handed over when it holds this much: large enough to amortise its two allocations, small enough
// that a few of them fit every memory budget.
inline constexpr size_t kBatchBytesMax = 1 << 20;

class RowBinder {
 public:
  explicit RowBinder(const MirroredTables& tables) : tables_(tables) {}

  Status OnTableMap(std::string_view body);
  // A format description was read: table ids are valid within one log file.
  void OnFormat(bool mariadb);

  // What the caller has to do after OnRows.
  struct Outcome {
    SchemaPtr stop;  // set: stop this table, for `stop_reason`; the event's rows were dropped
    std::string stop_reason;
    SchemaPtr touched;  // the mirrored table that the event changed; null when it is not mirrored
  };
  // Appends the event's rows to the open batch. Batches that had to end first are in TakeFull().
  Result<Outcome> OnRows(BinlogEventType type, std::string_view body);

  // A finished batch, in order; nullopt when there is none.
  std::optional<RowBatch> TakeFull();
  // Ends the open batch; it is then in TakeFull().
  void EndBatch();

 private:
  struct Binding {
    std::string map_body;  // the event that made it: an equal one needs no new parse
    TableMap map;
    uint64_t tables_version = 0;
    SchemaPtr schema;     // null: not mirrored
    std::string problem;  // not empty: the map does not fit the schema
    std::vector<ColumnPlan> plans;
    std::vector<int> key_slots;  // per column: place in the key, -1 outside it
  };
  // The key's values as logged, with their length prefixes; data() null when absent or NULL.
  using RawKey = std::vector<std::string_view>;

  void Bind(Binding& binding);
  Result<Outcome> AppendRows(Binding& binding, const RowsEventView& rows);
  Status AppendInsert(const Binding& binding, const RowsEventView& rows, const char*& at);
  Status AppendDelete(const Binding& binding, const RowsEventView& rows, const char*& at);
  Status AppendUpdate(const Binding& binding, const RowsEventView& rows, const char*& at);
  // Reads one image. `image` kNoImage: nothing is decoded, only the key's raw values are noted.
  Status ReadImage(const Binding& binding, std::string_view present, const char*& at, const char* end, uint32_t image,
                   RawKey& key);
  Status FillKey(const Binding& binding, uint32_t image, const RawKey& key);
  std::string Unloggable(const Binding& binding, const RowsEventView& rows) const;
  Status FillDefaults(const Binding& binding, std::string_view present, uint32_t image);
  void StartBatch(const SchemaPtr& schema);

  const MirroredTables& tables_;
  CharsetCache charsets_;
  std::unordered_map<uint64_t, Binding> bindings_;
  std::optional<RowBatch> batch_;
  std::vector<RowBatch> full_;
  size_t full_taken_ = 0;
  std::string unpacked_;
  bool mariadb_ = false;
  RawKey before_key_;
  RawKey after_key_;
  const char* rows_end_ = nullptr;
};

}  // namespace freshet
