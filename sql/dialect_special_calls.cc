// SPDX-License-Identifier: Apache-2.0
// Calls whose DuckDB form depends on their arguments: their number, a literal's look, words between them.
#include <algorithm>
#include <array>

#include "sql/dialect_functions.h"
#include "sql/dialect_rewriter.h"

namespace freshet {

namespace {

constexpr size_t kDateLetters = 10;  // 2024-02-29

bool IsDateLiteral(const Token& token) {
  const std::string& text = token.value;
  return token.kind == TokenKind::kString && text.size() == kDateLetters && text[4] == '-' && text[7] == '-';
}

bool IsTimeLiteral(const Token& token) {
  return token.kind == TokenKind::kString && token.value.find(':') != std::string::npos &&
         token.value.find_first_of("- T") == std::string::npos;
}

}  // namespace

bool Rewriter::IsDate(Range value) const {
  const Token& first = tokens_[value.begin];
  if (value.size() == 1) return IsDateLiteral(first) || first.Is("CURRENT_DATE");
  if (value.size() == 2) return first.Is("DATE") && IsDateLiteral(tokens_[value.begin + 1]);
  if (!IsCall(value.begin) || CloseOf(value.begin + 1) + 1 != value.end) return false;
  if (IsAnyOf(first, {"DATE", "CURDATE", "CURRENT_DATE", "LAST_DAY", "UTC_DATE", "MAKEDATE", "FROM_DAYS"})) return true;
  return first.Is("CAST") && tokens_[value.end - 2].Is("DATE") && tokens_[value.end - 3].Is("AS");
}

Result<std::string> Rewriter::SpecialCall(std::string_view name, size_t at, const std::vector<Range>& arguments) {
  if ((name == "greatest" || name == "least") && !arguments.empty()) return ExtremeCall(name, arguments);
  if (name == "ifnull" || name == "nvl" || name == "coalesce" || name == "if") return JsonBesideText(name, arguments);
  if (name == "elt" && arguments.size() >= 2) return EltCall(arguments);
  if (name == "trim" && arguments.size() == 1) return TrimCall(arguments[0]);
  if (name == "sha2" && arguments.size() == 2) {
    const Token& bits = tokens_[arguments[1].begin];
    if (arguments[1].size() != 1 || (bits.value != "256" && bits.value != "0")) {
      return Refuse(at, "SHA2 of another length than 256 bits");
    }
    ASSIGN_OR_RETURN(const std::string text, Rewrite(arguments[0]));
    return "sha256(" + text + ")";
  }
  if (name == "timestampadd" && arguments.size() == 3 && arguments[0].size() == 1) {
    ASSIGN_OR_RETURN(const std::string amount, Rewrite(arguments[1]));
    return AddInterval(arguments[2], '+', amount, tokens_[arguments[0].begin].value);
  }
  if (name == "date_trunc" && arguments.size() == 2) return DateTruncCall(arguments);
  if (arguments.size() == 1 && arguments[0].size() == 1 &&
      (name == "hour" || name == "minute" || name == "second" || name == "microsecond")) {
    const Token& literal = tokens_[arguments[0].begin];
    if (literal.kind != TokenKind::kString) return std::string();
    const std::string typed = (IsTimeLiteral(literal) ? "TIME " : "TIMESTAMP ") + QuoteLiteral(literal.value);
    const FunctionTemplate* function = FindFunctionTemplate(name, 1);
    return function == nullptr ? std::string(name) + "(" + typed + ")" : "(microsecond(" + typed + ") % 1000000)";
  }
  return std::string();
}

// JSON beside a string literal is text, for DuckDB the literal would be JSON. "": there is nothing of both.
Result<std::string> Rewriter::JsonBesideText(std::string_view name, const std::vector<Range>& arguments) {
  const auto is_text = [&](Range argument) {
    return argument.size() == 1 && tokens_[argument.begin].kind == TokenKind::kString;
  };
  const auto is_json = [&](Range argument) {
    return IsAnyOf(tokens_[argument.begin], {"JSON_EXTRACT", "JSON_OBJECT", "JSON_ARRAY", "JSON_KEYS"}) &&
           IsCall(argument.begin) && CloseOf(argument.begin + 1) + 1 == argument.end;
  };
  if (std::none_of(arguments.begin(), arguments.end(), is_text)) return std::string();
  if (std::none_of(arguments.begin(), arguments.end(), is_json)) return std::string();
  std::vector<std::string> values;
  for (const Range& argument : arguments) {
    ASSIGN_OR_RETURN(std::string value, Rewrite(argument));
    values.push_back(is_json(argument) ? "CAST(" + value + " AS VARCHAR)" : std::move(value));
  }
  if (name == "if") {
    if (values.size() != 3) return std::string();
    return "(CASE WHEN " + values[0] + " THEN " + values[1] + " ELSE " + values[2] + " END)";
  }
  std::string list;
  for (const std::string& value : values) list += (list.empty() ? "" : ", ") + value;
  return "COALESCE(" + list + ")";
}

// Any NULL makes NULL; DuckDB passes over them.
Result<std::string> Rewriter::ExtremeCall(std::string_view name, const std::vector<Range>& arguments) {
  std::string nulls;
  std::string list;
  for (const Range& argument : arguments) {
    ASSIGN_OR_RETURN(const std::string value, Rewrite(argument));
    nulls += (nulls.empty() ? "(" : " OR (") + value + ") IS NULL";
    list += (list.empty() ? "" : ", ") + value;
  }
  return "(CASE WHEN " + nulls + " THEN NULL ELSE " + std::string(name) + "(" + list + ") END)";
}

Result<std::string> Rewriter::EltCall(const std::vector<Range>& arguments) {
  ASSIGN_OR_RETURN(const std::string number, Rewrite(arguments[0]));
  std::string text = "(CASE " + number;
  for (size_t i = 1; i < arguments.size(); ++i) {
    ASSIGN_OR_RETURN(const std::string value, Rewrite(arguments[i]));
    text += " WHEN " + std::to_string(i) + " THEN " + value;
  }
  return text + " END)";
}

// TRIM([BOTH | LEADING | TRAILING] [what] FROM text): whole repetitions of what, not its letters as in DuckDB.
Result<std::string> Rewriter::TrimCall(Range inside) {
  size_t from = inside.end;
  int depth = 0;
  for (size_t i = inside.begin; i < inside.end; ++i) {
    if (tokens_[i].IsSymbol("(")) ++depth;
    if (tokens_[i].IsSymbol(")")) --depth;
    if (depth == 0 && tokens_[i].Is("FROM")) from = i;
  }
  if (from == inside.end) return std::string();
  const Token& side = tokens_[inside.begin];
  const bool sided = IsAnyOf(side, {"BOTH", "LEADING", "TRAILING"});
  const size_t what_begin = inside.begin + (sided ? 1 : 0);
  ASSIGN_OR_RETURN(const std::string text, Rewrite({from + 1, inside.end}));
  std::string what = "' '";
  if (what_begin < from) {
    ASSIGN_OR_RETURN(what, Rewrite({what_begin, from}));
  }
  const bool one_letter = what.size() == 3 && what.front() == '\'';  // 'x': DuckDB's own is the same and fast
  std::string trimmed = text;
  if (!side.Is("TRAILING")) {
    trimmed = one_letter ? "ltrim(" + trimmed + ", " + what + ")"
                         : "regexp_replace(" + trimmed + ", '^(?:' || regexp_escape(" + what + ") || ')+', '')";
  }
  if (!side.Is("LEADING")) {
    trimmed = one_letter ? "rtrim(" + trimmed + ", " + what + ")"
                         : "regexp_replace(" + trimmed + ", '(?:' || regexp_escape(" + what + ") || ')+$', '')";
  }
  return trimmed;
}

// Doris' DATE_TRUNC(time, 'unit'), and DuckDB's own order.
Result<std::string> Rewriter::DateTruncCall(const std::vector<Range>& arguments) {
  const auto is_unit = [&](Range argument) {
    const Token& token = tokens_[argument.begin];
    static constexpr std::array<std::string_view, 9> kUnits = {"second", "minute",  "hour", "day",        "week",
                                                               "month",  "quarter", "year", "microsecond"};
    return argument.size() == 1 && token.kind == TokenKind::kString &&
           std::find(kUnits.begin(), kUnits.end(), ToLower(token.value)) != kUnits.end();
  };
  const bool unit_first = is_unit(arguments[0]);
  if (!unit_first && !is_unit(arguments[1])) return std::string();
  ASSIGN_OR_RETURN(const std::string unit, Rewrite(arguments[unit_first ? 0 : 1]));
  const Range time = arguments[unit_first ? 1 : 0];
  ASSIGN_OR_RETURN(const std::string value, Rewrite(time));
  // DuckDB's result is a date from days on.
  return "CAST(date_trunc(" + unit + ", " + CastValue(value, "TIMESTAMP", false) + ") AS " +
         (IsDate(time) ? "DATE)" : "TIMESTAMP)");
}

// A date and whole days or more make a date, anything else a time. Of columns nothing is known here: a time.
Result<std::string> Rewriter::AddInterval(Range date, char sign, const std::string& amount, std::string_view unit) {
  ASSIGN_OR_RETURN(const std::string value, Rewrite(date));
  const std::string sum =
      "(" + CastValue(value, "TIMESTAMP", false) + " " + sign + " INTERVAL (" + amount + ") " + std::string(unit) + ")";
  const std::string lower = ToLower(unit);
  const bool of_days = lower == "day" || lower == "week" || lower == "month" || lower == "quarter" || lower == "year";
  return of_days && IsDate(date) ? "CAST(" + sum + " AS DATE)" : sum;
}

// column -> 'path', column ->> 'path': functions, because DuckDB's own operators bind looser than comparisons.
Result<size_t> Rewriter::StepArrow(size_t at, size_t end, std::string& out) {
  size_t left = at - 1;
  if (at == 0 || at + 1 >= end || tokens_[at + 1].kind != TokenKind::kString || !tokens_[left].IsIdentifier()) {
    return Refuse(at, "-> other than between a column and a path in quotes; use JSON_EXTRACT");
  }
  while (left >= 2 && tokens_[left - 1].IsSymbol(".")) left -= 2;
  ASSIGN_OR_RETURN(const std::string column, Rewrite({left, at}));
  if (!std::string_view(out).ends_with(column)) return Refuse(at, "-> after this expression; use JSON_EXTRACT");
  ASSIGN_OR_RETURN(const std::string path, Rewrite({at + 1, at + 2}));
  out.resize(out.size() - column.size());
  out += (tokens_[at].value == "->" ? "json_extract(" : "json_extract_string(") + column + ", " + path + ")";
  return at + 2;
}

}  // namespace freshet
