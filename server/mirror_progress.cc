// SPDX-License-Identifier: Apache-2.0
#include "server/mirror_progress.h"

#include <algorithm>
#include <cstdio>

namespace freshet {
namespace {

constexpr size_t kDrawnTablesMax = 20;  // fits a terminal of 24 lines
constexpr size_t kBarWidth = 20;
constexpr std::chrono::seconds kLineInterval{1};
constexpr std::chrono::milliseconds kRateInterval{500};
constexpr double kRateWeight = 0.4;  // of the newest measurement: steady, but not stale

// -1: unknown.
double Fraction(const TableProgress& table) {
  if (table.state == "READY") return 1;
  if (table.rows_estimated > 0) {
    return std::min(0.99, static_cast<double>(table.rows_copied) / static_cast<double>(table.rows_estimated));
  }
  if (table.chunks_total > 0) {
    return std::min(0.99, static_cast<double>(table.chunks_done) / static_cast<double>(table.chunks_total));
  }
  return -1;
}

std::string Eta(const TableProgress& table, double rows_per_second) {
  const int64_t left = table.rows_estimated - table.rows_copied;
  if (table.state != "COPYING" || table.rows_estimated <= 0 || left <= 0 || rows_per_second < 1) return "";
  const auto seconds = static_cast<int64_t>(static_cast<double>(left) / rows_per_second) + 1;
  if (seconds < 60) return std::to_string(seconds) + " s";
  if (seconds < 3600) return std::to_string(seconds / 60) + " min";
  return std::to_string(seconds / 3600) + " h " + std::to_string(seconds / 60 % 60) + " min";
}

std::string Padded(std::string text, size_t width) {
  text.resize(std::max(width, text.size()), ' ');
  return text;
}

std::string PaddedLeft(const std::string& text, size_t width) {
  return text.size() < width ? std::string(width - text.size(), ' ') + text : text;
}

std::string Bar(double fraction) {
  if (fraction < 0) return std::string(kBarWidth + 2 + 5, ' ');
  const auto full = static_cast<size_t>(fraction * static_cast<double>(kBarWidth));
  return "[" + std::string(full, '#') + std::string(kBarWidth - full, '.') + "]" +
         PaddedLeft(std::to_string(static_cast<int>(fraction * 100)) + "%", 5);
}

// What changes of a table, without rates: those change always.
std::string Facts(const TableProgress& table) {
  std::string line = table.source.ToString() + " " + table.state + " rows=" + std::to_string(table.rows_copied);
  if (table.rows_estimated > 0) line += " of about " + std::to_string(table.rows_estimated);
  if (table.events_applied > 0) line += " changes=" + std::to_string(table.events_applied);
  if (!table.last_error.empty()) line += " error: " + table.last_error;
  return line;
}

}  // namespace

std::string MirrorProgress::Update(const std::vector<TableProgress>& tables, Time now) {
  for (const TableProgress& table : tables) MeasureRate(table, seen_[table.source], now);
  return terminal_ ? Redraw(tables) : ChangedLines(tables, now);
}

void MirrorProgress::MeasureRate(const TableProgress& table, Seen& seen, Time now) {
  if (!seen.any) {
    seen.any = true;
    seen.rate_from = now;
    seen.rate_rows = table.rows_copied;
    return;
  }
  if (now - seen.rate_from < kRateInterval) return;
  const double seconds = std::chrono::duration<double>(now - seen.rate_from).count();
  const double rate = static_cast<double>(table.rows_copied - seen.rate_rows) / seconds;
  const double weight = seen.rows_per_second == 0 ? 1 : kRateWeight;
  seen.rows_per_second += weight * (rate - seen.rows_per_second);
  seen.rate_from = now;
  seen.rate_rows = table.rows_copied;
}

std::string MirrorProgress::ChangedLines(const std::vector<TableProgress>& tables, Time now) {
  std::string out;
  for (const TableProgress& table : tables) {
    Seen& seen = seen_[table.source];
    const std::string line = Facts(table);
    if (line == seen.line || (!seen.line.empty() && now - seen.printed < kLineInterval)) continue;
    seen.line = line;
    seen.printed = now;
    out += line;
    if (table.state == "COPYING" && seen.rows_per_second >= 1) {
      out += " (" + std::to_string(static_cast<int64_t>(seen.rows_per_second)) + " rows/s";
      const std::string eta = Eta(table, seen.rows_per_second);
      out += eta.empty() ? ")" : ", " + eta + " left)";
    }
    out += '\n';
  }
  return out;
}

std::string MirrorProgress::Redraw(const std::vector<TableProgress>& tables) {
  // Unfinished ones first when there are more than fit.
  std::vector<const TableProgress*> shown;
  for (const TableProgress& table : tables) shown.push_back(&table);
  if (shown.size() > kDrawnTablesMax) {
    std::stable_sort(shown.begin(), shown.end(),
                     [](auto* a, auto* b) { return a->state != "READY" && b->state == "READY"; });
    shown.resize(kDrawnTablesMax);
  }
  size_t width = 5;
  for (const TableProgress* table : shown) width = std::max(width, table->source.ToString().size());
  std::string out;
  if (drawn_lines_ > 0) out += "\x1b[" + std::to_string(drawn_lines_) + "A";
  const auto line = [&](const std::string& text) { out += "\x1b[2K" + text + "\n"; };
  line(Padded("table", width) + "  state        " + PaddedLeft("rows", 12) + PaddedLeft("rows/s", 10) +
       PaddedLeft("changes", 12) + "  ");
  for (const TableProgress* table : shown) {
    const double rate = seen_[table->source].rows_per_second;
    const bool copying = table->state == "COPYING";
    line(Padded(table->source.ToString(), width) + "  " + Padded(table->state, 13) +
         PaddedLeft(std::to_string(table->rows_copied), 12) +
         PaddedLeft(copying ? std::to_string(static_cast<int64_t>(rate)) : "", 10) +
         PaddedLeft(std::to_string(table->events_applied), 12) + "  " + Bar(Fraction(*table)) + " " +
         Eta(*table, rate));
  }
  size_t lines = shown.size() + 1;
  if (shown.size() < tables.size()) {
    line("and " + std::to_string(tables.size() - shown.size()) + " more tables");
    ++lines;
  }
  out += "\x1b[J";
  drawn_lines_ = lines;
  return out;
}

std::string VerdictTable(const std::vector<TableVerdict>& verdicts) {
  std::vector<std::vector<std::string>> rows{{"table", "source rows", "mirror rows", "hash", "equal"}};
  for (const TableVerdict& verdict : verdicts) {
    const std::string hash = verdict.source_hash == verdict.mirror_hash
                                 ? verdict.source_hash
                                 : verdict.source_hash + " / " + verdict.mirror_hash;
    rows.push_back({verdict.table.ToString(), std::to_string(verdict.source_rows), std::to_string(verdict.mirror_rows),
                    hash,
                    verdict.equal            ? "yes"
                    : verdict.detail.empty() ? "NO"
                                             : "NO: " + verdict.detail});
  }
  std::vector<size_t> widths(rows[0].size(), 0);
  for (const auto& row : rows) {
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string out;
  for (const auto& row : rows) {
    for (size_t i = 0; i < row.size(); ++i) {
      const bool number = i == 1 || i == 2;
      out += i + 1 == row.size() ? row[i] : (number ? PaddedLeft(row[i], widths[i]) : Padded(row[i], widths[i])) + "  ";
    }
    out += '\n';
  }
  return out;
}

}  // namespace freshet
