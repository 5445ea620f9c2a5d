// SPDX-License-Identifier: Apache-2.0
// QueryContext: what the table functions of one DuckDB connection see while a statement is planned: the read
// view (one per run, so that all its tables are from one moment), key ranges and options. Registered by
// connection id, because a bind callback is given nothing else of its caller. QueryContexts: the registry.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "base/mutex.h"
#include "sql/engine.h"
#include "sql/lookup_join.h"
#include "storage/read_view.h"

namespace freshet {

// The first error of a statement's scans, with its code: DuckDB would pass on only the text. Any thread.
class ScanError {
 public:
  void Set(const Status& status) {
    MutexLock lock(mutex_);
    if (status_.ok()) status_ = status.Copy();
  }
  Status Get() const {
    MutexLock lock(mutex_);
    return status_.Copy();
  }

 private:
  mutable Mutex mutex_;
  Status status_ GUARDED_BY(mutex_);
};

// The moment at which the next run of a mapping's statement reads the tables: it is planned once and runs often. Any
// thread.
class RunMoment {
 public:
  void Set(std::shared_ptr<const ReadView> view) {
    MutexLock lock(mutex_);
    view_ = std::move(view);
  }
  std::shared_ptr<const ReadView> Get() const {
    MutexLock lock(mutex_);
    return view_;
  }

 private:
  mutable Mutex mutex_;
  std::shared_ptr<const ReadView> view_ GUARDED_BY(mutex_);
};

class MappingInput;

struct FileSet;

struct QueryContext {
  std::shared_ptr<const ReadView> view;  // of a statement that runs once
  std::shared_ptr<RunMoment> moment;     // of a mapping; null for others
  std::map<TableId, LookupKey> lookups;  // tables that the mapping's input tells the needed keys of
  std::shared_ptr<const ReadView> View() const { return moment != nullptr ? moment->Get() : view; }
  std::map<TableId, KeyRange> key_ranges;
  bool null_unrepresentable = false;
  bool defining_views = false;  // tables that are not ready may be named, not read
  int threads = 1;
  std::shared_ptr<ScanError> error = std::make_shared<ScanError>();
  // information_schema and performance_schema rows: of this session.
  std::map<std::string, std::string> variables;
  // The rows that a mapping runs over; null outside mappings.
  std::shared_ptr<MappingInput> mapping_input;
  std::vector<std::shared_ptr<const FileSet>> files;  // of the statement's s3(..) calls, by number
  std::vector<std::shared_ptr<RowStream>> streams;    // of its cdc_stream(..) calls, by number; each is read once
  std::string user;
  uint32_t connection_id = 0;
};

class QueryContexts {
 public:
  void Set(uint64_t duckdb_connection_id, std::shared_ptr<const QueryContext> context) {
    MutexLock lock(mutex_);
    contexts_[duckdb_connection_id] = std::move(context);
  }
  void Remove(uint64_t duckdb_connection_id) {
    MutexLock lock(mutex_);
    contexts_.erase(duckdb_connection_id);
  }
  // Null when none is set.
  std::shared_ptr<const QueryContext> Find(uint64_t duckdb_connection_id) const {
    MutexLock lock(mutex_);
    const auto found = contexts_.find(duckdb_connection_id);
    return found == contexts_.end() ? nullptr : found->second;
  }

 private:
  mutable Mutex mutex_;
  std::map<uint64_t, std::shared_ptr<const QueryContext>> contexts_ GUARDED_BY(mutex_);
};

}  // namespace freshet
