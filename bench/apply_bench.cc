// SPDX-License-Identifier: Apache-2.0
// Rows per second of UnitWriter::ApplyRows + Commit: the sink's half of a log catch-up. Batches of 1,000 rows
// of an orders table, units of the size that the argument says; growing and random keys. Needs no server.
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <random>
#include <string>

#include <benchmark/benchmark.h>

#include "storage/unit_writer.h"

namespace freshet {
namespace {

constexpr int64_t kBatchRows = 1000;

SchemaPtr OrdersSchema() {
  auto schema = std::make_shared<TableSchema>();
  schema->name = {"shop", "orders"};
  const TypeKind kinds[] = {TypeKind::kInt64, TypeKind::kInt64,    TypeKind::kString,
                            TypeKind::kInt32, TypeKind::kDateTime, TypeKind::kString};
  for (const TypeKind kind : kinds) {
    Column column;
    column.id = schema->next_column_id++;
    column.name = "c" + std::to_string(column.id);
    column.type.kind = kind;
    schema->columns.push_back(column);
  }
  schema->key_columns = {0};
  return schema;
}

RowBatch OrdersBatch(const SchemaPtr& schema, int64_t first, bool random_keys) {
  std::mt19937_64 random(static_cast<uint64_t>(first));
  RowBatch batch;
  batch.schema = schema;
  for (int64_t i = 0; i < kBatchRows; ++i) {
    const uint32_t image = batch.AppendImage();
    const Cell status = batch.AppendBytes("shipped");
    const Cell note = batch.AppendBytes("a note of some forty characters, or so..");
    const auto cells = batch.Image(image);
    cells[0] = Cell::Int(random_keys ? static_cast<int64_t>(random() >> 1) : first + i);
    cells[1] = Cell::Int((first + i) % 100'000);
    cells[2] = status;
    cells[3] = Cell::Int(i);
    cells[4] = Cell::Int(1'700'000'000'000'000 + i);
    cells[5] = note;
    batch.rows.push_back({RowOp::kInsert, kNoImage, image});
  }
  return batch;
}

// Arguments: batches per unit, random keys.
void ApplyAndCommit(benchmark::State& state) {
  std::string directory = (std::filesystem::temp_directory_path() / "freshet-bench-XXXXXX").string();
  if (mkdtemp(directory.data()) == nullptr) return state.SkipWithError("no temporary folder");
  StoreOptions options;
  options.directory = directory;
  auto store = Store::Open(options);
  if (!store.ok()) return state.SkipWithError(store.status().ToString().c_str());
  const SchemaPtr schema = OrdersSchema();
  auto writer = UnitWriter::Open(**store, JobId{1});
  if (!writer.ok() || !(*store)->CreateDatabase("shop").ok()) return state.SkipWithError("store");
  const auto table = (*store)->CreateTable(JobId{1}, "shop", "orders", schema, true);
  if (!table.ok()) return state.SkipWithError(table.status().ToString().c_str());
  int64_t next = 0;
  for (auto _ : state) {
    for (int64_t i = 0; i < state.range(0); ++i) {
      state.PauseTiming();
      const RowBatch batch = OrdersBatch(schema, next, state.range(1) != 0);
      next += kBatchRows;
      state.ResumeTiming();
      if (!(*writer)->ApplyRows((*table)->id, batch, {}).ok()) return state.SkipWithError("apply");
    }
    const Position position{PostgresPosition{static_cast<uint64_t>(next), 0}};
    if (!(*writer)->Commit(position).ok()) return state.SkipWithError("commit");
  }
  state.counters["rows/s"] = benchmark::Counter(static_cast<double>(next), benchmark::Counter::kIsRate);
  writer->reset();
  store->reset();
  std::filesystem::remove_all(directory);
}

BENCHMARK(ApplyAndCommit)
    ->ArgNames({"batches", "random"})
    ->Args({1, 0})
    ->Args({20, 0})
    ->Args({20, 1})
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace freshet

BENCHMARK_MAIN();
