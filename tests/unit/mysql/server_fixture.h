// SPDX-License-Identifier: Apache-2.0
// MysqlServerTest: a connector on a real server, its log followed into a plain map of rows, scans of the same shape.
// Mirror keeps rows as a sink would. For the MySQL source's server tests.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "cdc/mysql/mysql_connector.h"
#include "tests/unit/mysql/mariadb_server.h"

namespace freshet {

// One printable form per cell that differs whenever kind or value do.
inline std::string Show(const RowBatch& batch, const Cell& cell) {
  switch (cell.kind) {
    case CellKind::kNull: return "null";
    case CellKind::kUnchanged: return "unchanged";
    case CellKind::kInt: return "i" + std::to_string(cell.AsInt());
    case CellKind::kUint: return "u" + std::to_string(cell.AsUint());
    case CellKind::kDouble: return "d" + std::to_string(cell.bits);
    case CellKind::kBytes: return "b" + std::string(batch.Bytes(cell));
  }
  return "?";
}

using Rows = std::map<std::string, std::vector<std::string>>;

// Keeps rows by key as a sink would: unchanged cells keep what was there.
class Mirror {
 public:
  void Apply(const RowBatch& batch) {
    for (const RowChange& change : batch.rows) {
      std::vector<std::string> old;
      const uint32_t found_by = change.before != kNoImage ? change.before : change.after;
      const std::string old_key = Key(batch, found_by);
      if (auto found = rows.find(old_key); found != rows.end()) old = found->second;
      if (change.op == RowOp::kDelete || change.before != kNoImage) rows.erase(old_key);
      if (change.op == RowOp::kDelete) continue;
      std::vector<std::string>& row = rows[Key(batch, change.after)];
      row.clear();
      for (size_t i = 0; i < batch.columns(); ++i) {
        const Cell& cell = batch.Image(change.after)[i];
        row.push_back(cell.kind == CellKind::kUnchanged && i < old.size() ? old[i] : Show(batch, cell));
      }
    }
  }
  Rows rows;

 private:
  static std::string Key(const RowBatch& batch, uint32_t image) {
    std::string key;
    for (const uint32_t column : batch.schema->key_columns) key += Show(batch, batch.Image(image)[column]) + "|";
    return key;
  }
};

class MysqlServerTest : public ::testing::Test {
 protected:
  void Connect(const MysqlOptions& options) {
    auto made = MysqlConnector::Make(options);
    ASSERT_TRUE(made.ok());
    connector = std::move(made).value();
  }
  SchemaPtr Describe(const std::string& table) {
    auto described = connector->DescribeTables({{"shop", table}});
    EXPECT_TRUE(described.ok()) << described.status().ToString();
    EXPECT_TRUE(described.value()[0].schema) << described.value()[0].problem.ToString();
    return described.value()[0].schema;
  }
  Position Now() {
    auto position = connector->CurrentPosition();
    EXPECT_TRUE(position.ok()) << position.status().ToString();
    return position.value();
  }
  // Everything up to the log's end as of the call.
  Status Follow(Source& source, Mirror& mirror, std::vector<SchemaChange>* changes = nullptr) {
    const Position end = Now();
    const Deadline deadline = Deadline::After(std::chrono::seconds(20));
    while (!at.Covers(end)) {
      if (deadline.Passed()) return Status(Code::kTimeout, "no end, at " + at.ToJson());
      ASSIGN_OR_RETURN(std::optional<ChangeEvent> event, source.Next(deadline));
      if (!event) continue;
      if (!event->at.empty()) at = event->at;
      if (const RowBatch* batch = std::get_if<RowBatch>(&event->body)) mirror.Apply(*batch);
      if (auto* change = std::get_if<SchemaChange>(&event->body); change != nullptr && changes != nullptr) {
        changes->push_back(*change);
      }
    }
    return Status::Ok();
  }
  std::unique_ptr<Source> Open(const Position& from, std::vector<SchemaPtr> schemas) {
    at = from;
    auto source = connector->OpenSource(from, std::move(schemas), TableFilter());
    EXPECT_TRUE(source.ok()) << source.status().ToString();
    return source.ok() ? std::move(source).value() : nullptr;
  }
  Rows Scan(const SchemaPtr& schema, size_t bytes_max = 1 << 20) {
    auto scanner = connector->OpenScanner();
    EXPECT_TRUE(scanner.ok()) << scanner.status().ToString();
    EXPECT_TRUE((*scanner)->WaitVisible(at, Deadline::After(std::chrono::seconds(5)), {}).ok());
    Mirror mirror;
    ChunkRange range;
    while (true) {
      auto chunk = (*scanner)->ReadChunk(schema, range, bytes_max, {});
      EXPECT_TRUE(chunk.ok()) << chunk.status().ToString();
      if (!chunk.ok()) break;
      mirror.Apply(chunk->batch);
      if (!chunk->cut_after) break;
      range.after = chunk->cut_after;
    }
    return mirror.rows;
  }

  std::unique_ptr<Connector> connector;
  Position at;
};

}  // namespace freshet
