// SPDX-License-Identifier: Apache-2.0
#include "server/service_gauges.h"

#include <algorithm>

#include "base/log.h"

namespace freshet {
namespace {

// Name and state of every job, through the table that users see too.
std::vector<std::pair<std::string, std::string>> ListJobs(const SystemTable& table) {
  std::vector<std::pair<std::string, std::string>> jobs;
  const auto index = [&](const char* column) {
    return static_cast<size_t>(std::find(table.columns.begin(), table.columns.end(), column) - table.columns.begin());
  };
  const size_t name = index("Name");
  const size_t state = index("Status");
  const Result<SystemTable::Rows> rows = table.read({{"type", "insert"}});
  if (!rows.ok()) {
    Log(LogLevel::kWarn, "job_gauges_failed", {{"error", rows.status().message()}});
    return jobs;
  }
  for (const auto& row : *rows) {
    if (std::max(name, state) < row.size()) jobs.emplace_back(row[name].value_or(""), row[state].value_or(""));
  }
  return jobs;
}

}  // namespace

GaugeReader JobGauges(JobService& jobs) {
  return [&jobs, table = jobs.JobsTable()] {
    GaugeFamily state{"freshet_job_state", "1 for the state that the job is in.", {}};
    GaugeFamily table_state{"freshet_table_state", "1 for the state that the table is in.", {}};
    GaugeFamily rows{"freshet_table_rows_copied", "Rows of the table that the initial copy has stored.", {}};
    GaugeFamily events{"freshet_table_events_applied", "Row changes of the table applied from the log.", {}};
    GaugeFamily lag{
        "freshet_table_lag_ms", "Milliseconds from a change's commit to its being visible; -1 unknown.", {}};
    GaugeFamily chunks{"freshet_table_chunks_done", "Chunks of the initial copy that are done.", {}};
    GaugeFamily queue{"freshet_job_queue_bytes", "Bytes read from the source that wait to be applied.", {}};
    GaugeFamily durable{
        "freshet_job_durable_age_ms", "Milliseconds since all that was applied was last seen on disk; -1 unknown.", {}};
    for (const auto& [name, job_state] : ListJobs(table)) {
      state.samples.push_back({{{"job", name}, {"state", job_state}}, 1});
      const JobFlow flow = jobs.Flow(name);
      queue.samples.push_back({{{"job", name}}, static_cast<double>(flow.queue_bytes)});
      durable.samples.push_back({{{"job", name}}, static_cast<double>(flow.durable_age_ms)});
      for (const TableProgress& progress : jobs.Tables(name)) {
        const std::vector<std::pair<std::string, std::string>> labels{{"job", name},
                                                                      {"table", progress.source.ToString()}};
        auto with_state = labels;
        with_state.emplace_back("state", progress.state);
        table_state.samples.push_back({std::move(with_state), 1});
        rows.samples.push_back({labels, static_cast<double>(progress.rows_copied)});
        events.samples.push_back({labels, static_cast<double>(progress.events_applied)});
        lag.samples.push_back({labels, static_cast<double>(progress.lag_ms)});
        chunks.samples.push_back({labels, static_cast<double>(progress.chunks_done)});
      }
    }
    return std::vector<GaugeFamily>{state, queue, durable, table_state, rows, events, lag, chunks};
  };
}

GaugeReader StoreGauges(std::function<Store::Usage()> usage) {
  return [usage = std::move(usage)] {
    const Store::Usage now = usage();
    const auto gauge = [](const char* name, const char* help, double value) {
      return GaugeFamily{name, help, {{{}, value}}};
    };
    return std::vector<GaugeFamily>{
        gauge("freshet_store_disk_bytes", "Bytes that the store takes on disk.", static_cast<double>(now.disk_bytes)),
        gauge("freshet_store_memtable_bytes", "Bytes of written rows in memory.",
              static_cast<double>(now.memtable_bytes)),
        gauge("freshet_store_block_cache_bytes", "Bytes of cached blocks.", static_cast<double>(now.block_cache_bytes)),
        gauge("freshet_store_stalled_seconds", "Time that writers were stopped by compaction debt.",
              static_cast<double>(now.stalled_us) / 1e6)};
  };
}

}  // namespace freshet
