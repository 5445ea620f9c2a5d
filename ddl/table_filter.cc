// SPDX-License-Identifier: Apache-2.0
//   list    := entry ("," entry)*            blanks around an entry are dropped
//   entry   := "/" regex "/" | [pattern "."] pattern
//   pattern := name or glob: * any run, ? one byte, [a-z] [!a-z] a class; "\" takes the next byte literally
#include "ddl/table_filter.h"

#include <algorithm>
#include <optional>
#include <regex>

namespace freshet {
namespace {

constexpr size_t kEntriesMax = 10'000;    // a list longer than this is a generated mistake
constexpr size_t kEntryBytesMax = 1'024;  // bounds the regex compiler's and matcher's recursion

struct Pattern {
  std::string glob;  // escapes kept
  bool exact = true;
  std::string literal;  // unescaped; meaningful when exact
};

struct Entry {
  std::optional<Pattern> schema;
  Pattern table;
  std::optional<std::regex> regex;  // tried on "table" and on "schema.table"
};

std::string_view Trim(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\r\n";
  const size_t first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

// Does the class that starts at glob[0] == '[' hold `c`? Sets `size` to the class's length, 0 when unclosed.
bool ClassHolds(std::string_view glob, char c, size_t& size) {
  size_t i = 1;
  const bool negated = i < glob.size() && (glob[i] == '!' || glob[i] == '^');
  if (negated) ++i;
  bool found = false;
  const size_t first = i;
  while (i < glob.size() && (glob[i] != ']' || i == first)) {
    if (i + 2 < glob.size() && glob[i + 1] == '-' && glob[i + 2] != ']') {
      found |= glob[i] <= c && c <= glob[i + 2];
      i += 3;
    } else {
      found |= glob[i++] == c;
    }
  }
  size = i < glob.size() ? i + 1 : 0;
  return found != negated;
}

// One glob element at glob[0] against one byte; `size` is the element's length.
bool ElementMatches(std::string_view glob, char c, size_t& size) {
  size = 1;
  if (glob[0] == '?') return true;
  if (glob[0] == '[') return ClassHolds(glob, c, size);
  if (glob[0] == '\\' && glob.size() > 1) {
    size = 2;
    return glob[1] == c;
  }
  return glob[0] == c;
}

// Linear back-tracking to the last star only, so that no pattern is exponential.
bool GlobMatches(std::string_view glob, std::string_view text) {
  size_t g = 0, t = 0;
  std::optional<size_t> star;
  size_t star_text = 0;
  while (t < text.size()) {
    size_t size = 0;
    if (g < glob.size() && glob[g] == '*') {
      star = ++g;
      star_text = t;
    } else if (g < glob.size() && ElementMatches(glob.substr(g), text[t], size)) {
      g += size;
      ++t;
    } else if (star) {
      g = *star;
      t = ++star_text;
    } else {
      return false;
    }
  }
  while (g < glob.size() && glob[g] == '*') ++g;
  return g == glob.size();
}

Status Malformed(std::string_view entry, std::string_view why) {
  return Status(Code::kInvalid, "table list entry '" + std::string(entry.substr(0, 200)) + "': " + std::string(why));
}

Result<Pattern> ParsePattern(std::string_view text, std::string_view entry) {
  if (text.empty()) return Malformed(entry, "empty name");
  Pattern pattern;
  pattern.glob.assign(text);
  for (size_t i = 0; i < text.size();) {
    size_t size = 1;
    if (text[i] == '[') {
      (void)ClassHolds(text.substr(i), 'a', size);
      if (size == 0) return Malformed(entry, "'[' without ']'");
    } else if (text[i] == '\\') {
      if (i + 1 == text.size()) return Malformed(entry, "'\\' at the end");
      size = 2;
    }
    if (text[i] == '[' || text[i] == '*' || text[i] == '?') pattern.exact = false;
    pattern.literal += text[i + size - 1];
    i += size;
  }
  return pattern;
}

// First '.' that is neither escaped nor inside a class.
size_t FindDot(std::string_view text) {
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '.') return i;
    if (text[i] == '\\') {
      ++i;
    } else if (text[i] == '[') {
      size_t size = 1;
      (void)ClassHolds(text.substr(i), 'a', size);
      i += size == 0 ? 0 : size - 1;
    }
  }
  return std::string_view::npos;
}

Result<Entry> ParseRegex(std::string_view text) {
  std::string pattern;
  const std::string_view body = text.substr(1, text.size() - 2);
  for (size_t i = 0; i < body.size(); ++i) {
    if (body[i] == '\\' && i + 1 < body.size() && (body[i + 1] == ',' || body[i + 1] == '/')) ++i;
    pattern += body[i];
  }
  Entry entry;
  try {
    entry.regex.emplace(pattern, std::regex::ECMAScript | std::regex::optimize);
  } catch (const std::regex_error& error) {
    return Malformed(text, error.what());
  }
  return entry;
}

Result<Entry> ParseEntry(std::string_view text) {
  if (text.size() > kEntryBytesMax) return Malformed(text, "longer than 1024 bytes");
  if (text.size() >= 3 && text.front() == '/' && text.back() == '/') return ParseRegex(text);
  Entry entry;
  const size_t dot = FindDot(text);
  if (dot != std::string_view::npos) {
    ASSIGN_OR_RETURN(entry.schema, ParsePattern(text.substr(0, dot), text));
    if (FindDot(text.substr(dot + 1)) != std::string_view::npos) return Malformed(text, "more than one '.'");
    text.remove_prefix(dot + 1);
  }
  ASSIGN_OR_RETURN(entry.table, ParsePattern(text, text));
  return entry;
}

bool PatternMatches(const Pattern& pattern, std::string_view text) {
  return pattern.exact ? pattern.literal == text : GlobMatches(pattern.glob, text);
}

bool EntryMatches(const Entry& entry, const TableName& name) {
  if (entry.regex) {
    try {
      return std::regex_match(name.table, *entry.regex) || std::regex_match(name.ToString(), *entry.regex);
    } catch (const std::regex_error&) {  // too complex for this name: no match can be claimed
      return false;
    }
  }
  return (!entry.schema || PatternMatches(*entry.schema, name.schema)) && PatternMatches(entry.table, name.table);
}

bool AnyMatches(const std::vector<Entry>& entries, const TableName& name) {
  for (const Entry& entry : entries) {
    if (EntryMatches(entry, name)) return true;
  }
  return false;
}

Result<std::vector<Entry>> ParseList(std::string_view list) {
  std::vector<Entry> entries;
  size_t begin = 0;
  bool regex = false;
  for (size_t i = 0; i <= list.size(); ++i) {
    if (i + 1 < list.size() && list[i] == '\\') {
      ++i;
      continue;
    }
    if (i < list.size() && list[i] == '/') regex = Trim(list.substr(begin, i - begin)).empty() ? true : false;
    // A comma inside /regex/ (a repeat count) belongs to it.
    if (i < list.size() && (list[i] != ',' || regex)) continue;
    const std::string_view text = Trim(list.substr(begin, std::min(i, list.size()) - begin));
    begin = i + 1;
    if (text.empty()) continue;
    if (regex) return Malformed(text, "'/' without a closing '/'");
    ASSIGN_OR_RETURN(Entry entry, ParseEntry(text));
    if (entries.size() == kEntriesMax) return Status(Code::kInvalid, "table list has more than 10000 entries");
    entries.push_back(std::move(entry));
  }
  return entries;
}

}  // namespace

struct TableFilter::Rules {
  std::vector<Entry> include;
  std::vector<Entry> exclude;
  std::vector<std::string> exact_names;
};

TableFilter::TableFilter() : rules_(std::make_shared<const Rules>()) {}
TableFilter::~TableFilter() = default;
TableFilter::TableFilter(const TableFilter&) = default;
TableFilter& TableFilter::operator=(const TableFilter&) = default;

Result<TableFilter> TableFilter::Parse(std::string_view include, std::string_view exclude) {
  auto rules = std::make_shared<Rules>();
  ASSIGN_OR_RETURN(rules->include, ParseList(include));
  ASSIGN_OR_RETURN(rules->exclude, ParseList(exclude));
  for (const Entry& entry : rules->include) {
    if (entry.regex || !entry.table.exact || (entry.schema && !entry.schema->exact)) continue;
    rules->exact_names.push_back(entry.schema ? entry.schema->literal + "." + entry.table.literal
                                              : entry.table.literal);
  }
  TableFilter filter;
  filter.rules_ = std::move(rules);
  return filter;
}

bool TableFilter::Matches(const TableName& name) const {
  if (AnyMatches(rules_->exclude, name)) return false;
  return rules_->include.empty() || AnyMatches(rules_->include, name);
}

const std::vector<std::string>& TableFilter::exact_names() const {
  return rules_->exact_names;
}

}  // namespace freshet
