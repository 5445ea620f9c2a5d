// SPDX-License-Identifier: Apache-2.0
#include "server/mirror_progress.h"

#include <algorithm>
#include <cstdio>

namespace freshet {
namespace {

constexpr size_t kOtherLines = 4;  // of a screen: the header, the rest of the tables, the cursor, one above
constexpr size_t kBarCells = 20;
constexpr size_t kPercentWidth = 7;
constexpr size_t kBarWidth = kBarCells + 2 + kPercentWidth;
constexpr size_t kEtaWidth = 12;
constexpr size_t kNumbersWidth = 2 + 13 + 12 + 10 + 12;
constexpr size_t kNameWidthMin = 12;
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

bool StartsCharacter(char byte) {
  return (static_cast<unsigned char>(byte) & 0xC0) != 0x80;  // UTF-8
}

size_t Width(std::string_view text) {
  return static_cast<size_t>(std::count_if(text.begin(), text.end(), StartsCharacter));
}

std::string Padded(std::string text, size_t width) {
  const size_t used = Width(text);
  if (used < width) text.append(width - used, ' ');
  return text;
}

// At most `width` characters; what does not fit ends in "..".
std::string Cut(std::string text, size_t width) {
  while (text.ends_with(' ')) text.pop_back();
  if (Width(text) <= width) return text;
  size_t end = 0;
  for (size_t characters = 0; end < text.size(); ++end) {
    if (StartsCharacter(text[end]) && ++characters + 2 > width) break;
  }
  text.resize(end);
  return text + std::string("..").substr(0, width);
}

std::string PaddedLeft(const std::string& text, size_t width) {
  return text.size() < width ? std::string(width - text.size(), ' ') + text : text;
}

std::string Percent(double fraction) {
  return fraction < 0 ? std::string(5, ' ') : PaddedLeft(std::to_string(static_cast<int>(fraction * 100)) + "%", 5);
}

std::string Bar(double fraction) {
  if (fraction < 0) return std::string(kBarCells + 2, ' ') + Percent(fraction);
  const auto full = static_cast<size_t>(fraction * static_cast<double>(kBarCells));
  return "[" + std::string(full, '#') + std::string(kBarCells - full, '.') + "]" + Percent(fraction);
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

std::string MirrorProgress::Update(const std::vector<TableProgress>& tables, Time now, std::optional<Screen> screen) {
  for (const TableProgress& table : tables) MeasureRate(table, seen_[table.source], now);
  return screen ? Redraw(tables, *screen) : ChangedLines(tables, now);
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

void MirrorProgress::StartBelow() {
  drawn_.clear();
}

std::vector<std::string> MirrorProgress::TableLines(const std::vector<TableProgress>& tables, Screen screen) {
  // Unfinished ones first when there are more than fit.
  const size_t shown_max = screen.rows > kOtherLines + 1 ? screen.rows - kOtherLines : 1;
  std::vector<const TableProgress*> shown;
  for (const TableProgress& table : tables) shown.push_back(&table);
  if (shown.size() > shown_max) {
    std::stable_sort(shown.begin(), shown.end(),
                     [](auto* a, auto* b) { return a->state != "READY" && b->state == "READY"; });
    shown.resize(shown_max);
  }
  size_t widest = 5;
  for (const TableProgress* table : shown) widest = std::max(widest, Width(table->source.ToString()));
  // A narrow screen costs the bar first, then the ends of long names.
  const bool bar = kNumbersWidth + kBarWidth + kEtaWidth + widest < screen.columns;
  const size_t beside = kNumbersWidth + (bar ? kBarWidth : kPercentWidth) + kEtaWidth + 1;
  const size_t names = std::min(widest, std::max(kNameWidthMin, screen.columns > beside ? screen.columns - beside : 0));
  std::vector<std::string> lines;
  const auto add = [&](const std::string& line) { lines.push_back(Cut(line, screen.columns - 1)); };
  add(Padded("table", names) + "  state        " + PaddedLeft("rows", 12) + PaddedLeft("rows/s", 10) +
      PaddedLeft("changes", 12));
  for (const TableProgress* table : shown) {
    const double rate = seen_[table->source].rows_per_second;
    const bool copying = table->state == "COPYING";
    const double fraction = Fraction(*table);
    add(Padded(Cut(table->source.ToString(), names), names) + "  " + Padded(table->state, 13) +
        PaddedLeft(std::to_string(table->rows_copied), 12) +
        PaddedLeft(copying ? std::to_string(static_cast<int64_t>(rate)) : "", 10) +
        PaddedLeft(std::to_string(table->events_applied), 12) + "  " + (bar ? Bar(fraction) : Percent(fraction)) + " " +
        Eta(*table, rate));
  }
  if (shown.size() < tables.size()) add("and " + std::to_string(tables.size() - shown.size()) + " more tables");
  return lines;
}

std::string MirrorProgress::Redraw(const std::vector<TableProgress>& tables, Screen screen) {
  // After a change of size nobody knows where the old lines are.
  if (!(screen == screen_)) drawn_.clear();
  screen_ = screen;
  std::vector<std::string> lines = TableLines(tables, screen);
  if (lines == drawn_) return "";
  std::string out;
  if (!drawn_.empty()) out += "\x1b[" + std::to_string(drawn_.size()) + "A";
  for (const std::string& line : lines) out += "\x1b[2K" + line + "\n";
  out += "\x1b[J";
  drawn_ = std::move(lines);
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
