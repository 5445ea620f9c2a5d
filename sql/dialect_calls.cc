// SPDX-License-Identifier: Apache-2.0
#include <charconv>

#include "sql/dialect_functions.h"
#include "sql/dialect_rewriter.h"

namespace freshet {

namespace {

constexpr int kCallDepthMax = 200;  // see dialect_rewriter.cc: the parentheses check bounds it already

std::string Join(const std::vector<std::string>& parts, std::string_view separator) {
  std::string joined;
  for (const std::string& part : parts) {
    if (!joined.empty()) joined += separator;
    joined += part;
  }
  return joined;
}

}  // namespace

std::vector<Rewriter::Range> Rewriter::Arguments(size_t open, size_t close) const {
  std::vector<Range> arguments;
  int depth = 0;
  size_t begin = open + 1;
  for (size_t i = open + 1; i < close; ++i) {
    if (tokens_[i].IsSymbol("(") || tokens_[i].IsSymbol("[") || tokens_[i].IsSymbol("{")) ++depth;
    if (tokens_[i].IsSymbol(")") || tokens_[i].IsSymbol("]") || tokens_[i].IsSymbol("}")) --depth;
    if (depth == 0 && tokens_[i].IsSymbol(",")) {
      arguments.push_back({begin, i});
      begin = i + 1;
    }
  }
  if (begin < close || !arguments.empty()) arguments.push_back({begin, close});
  return arguments;
}

std::string Rewriter::SessionFact(std::string_view name) const {
  if (name == "current_user") return QuoteLiteral(context_.user);
  for (std::string_view word : {"current_timestamp", "localtime", "localtimestamp", "current_date", "current_time",
                                "utc_timestamp", "utc_date"}) {
    if (name == word) return std::string(FindFunctionTemplate(name, 0)->text);
  }
  return {};
}

Result<std::string> Rewriter::Call(size_t at, size_t close) {
  const std::string name = ToLower(tokens_[at].value);
  if (context_.system_tables.contains(name)) {
    return SystemTableCall(name, at + 1, close);
  }
  if (context_.file_functions.contains(name)) return FileCall(at, close);
  const std::vector<Range> arguments = Arguments(at + 1, close);
  if (arguments.empty()) {
    if (name == "database" || name == "schema") {
      return context_.database.empty() ? std::string("CAST(NULL AS VARCHAR)") : QuoteLiteral(context_.database);
    }
    if (name == "user" || name == "current_user" || name == "session_user" || name == "system_user") {
      return QuoteLiteral(context_.user);
    }
    if (name == "version") return QuoteLiteral(context_.version);
    if (name == "connection_id") return std::to_string(context_.connection_id);
  }
  if (++depth_ > kCallDepthMax) return Refuse(at, "calls nested deeper than " + std::to_string(kCallDepthMax));
  struct Leave {
    int& depth;
    ~Leave() { --depth; }
  } leave{depth_};
  if (name == "cast" || name == "try_cast") return CastCall(arguments);
  if (name == "convert") return ConvertCall(arguments);
  if (name == "group_concat") return GroupConcatCall({at + 2, close});
  if (arguments.size() == 2 && (name == "date_add" || name == "adddate")) return DateArithmeticCall(arguments, '+');
  if (arguments.size() == 2 && (name == "date_sub" || name == "subdate")) return DateArithmeticCall(arguments, '-');
  if (arguments.size() == 2 && (name == "date_format" || name == "str_to_date" || name == "from_unixtime")) {
    return DateFormatCall(name, arguments);
  }
  if (arguments.size() == 3 && name == "timestampdiff") return TimestampDiffCall(arguments);
  if (name == "yearweek" || (name == "week" && arguments.size() == 2)) {
    return Refuse(at, "week modes; use WEEK(d) (mode 0) or WEEKOFYEAR(d) (ISO, mode 3)");
  }
  if (name == "concat" && !arguments.empty()) {
    std::vector<std::string> parts;
    for (const Range& argument : arguments) {
      ASSIGN_OR_RETURN(const std::string part, Rewrite(argument));
      parts.push_back("CAST(" + part + " AS VARCHAR)");
    }
    return "(" + Join(parts, " || ") + ")";
  }
  if (name == "field" && arguments.size() >= 2) {
    ASSIGN_OR_RETURN(std::string text, Rewrite(arguments[0]));
    text = "CASE " + text;
    for (size_t i = 1; i < arguments.size(); ++i) {
      ASSIGN_OR_RETURN(const std::string value, Rewrite(arguments[i]));
      text += " WHEN " + value + " THEN " + std::to_string(i);
    }
    return text + " ELSE 0 END";
  }
  ASSIGN_OR_RETURN(std::string special, SpecialCall(name, at, arguments));
  if (!special.empty()) return special;
  const FunctionTemplate* function = FindFunctionTemplate(name, arguments.size());
  if (function == nullptr) return std::string();
  return TemplateCall(function->text, arguments);
}

Result<std::string> Rewriter::TemplateCall(std::string_view text, const std::vector<Range>& arguments) {
  std::vector<std::string> rewritten;
  for (const Range& argument : arguments) {
    ASSIGN_OR_RETURN(std::string part, Rewrite(argument));
    rewritten.push_back(std::move(part));
  }
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    // "CAST({0} AS TIMESTAMP)"
    const std::string_view rest = text.substr(i);
    const size_t type = rest.starts_with("CAST({") ? std::string_view("CAST({0} AS ").size() : 0;
    if (type != 0 && (rest.substr(type).starts_with("TIMESTAMP)") || rest.substr(type).starts_with("DATE)"))) {
      const size_t close = rest.find(')');
      out +=
          CastValue(rewritten[static_cast<size_t>(rest[6] - '0')], std::string(rest.substr(type, close - type)), false);
      i += close;
    } else if (text[i] == '{' && i + 2 < text.size() && text[i + 2] == '}') {
      out += rewritten[static_cast<size_t>(text[i + 1] - '0')];
      i += 2;
    } else {
      out += text[i];
    }
  }
  return text.starts_with("CASE") ? "(" + out + ")" : out;
}

// name("key"="value", ...). Errors point to the name: the text of the arguments holds secrets.
Result<std::string> Rewriter::FileCall(size_t at, size_t close) {
  Properties properties;
  for (const Range& argument : Arguments(at + 1, close)) {
    if (argument.size() != 3 || tokens_[argument.begin].kind != TokenKind::kString ||
        !tokens_[argument.begin + 1].IsSymbol("=") || tokens_[argument.begin + 2].kind != TokenKind::kString) {
      return SyntaxErrorAt(sql_, tokens_[at].begin, tokens_[at].value + "(\"key\" = \"value\", ..) with quoted values");
    }
    properties.emplace_back(tokens_[argument.begin].value, tokens_[argument.begin + 2].value);
  }
  return context_.file_call(ToLower(tokens_[at].value), std::move(properties));
}

// name("key"="value", ...): keys and values quoted or bare.
Result<std::string> Rewriter::SystemTableCall(std::string_view name, size_t open, size_t close) {
  std::vector<std::pair<std::string, std::string>> pairs;
  for (const Range& argument : Arguments(open, close)) {
    const bool shape = argument.size() == 3 &&
                       (tokens_[argument.begin].kind == TokenKind::kString || tokens_[argument.begin].IsIdentifier()) &&
                       (tokens_[argument.begin + 1].IsSymbol("=") || tokens_[argument.begin + 1].IsSymbol("=>"));
    if (!shape) return SyntaxErrorAt(sql_, tokens_[argument.begin].begin, "\"name\"=\"value\"");
    const Token& value = tokens_[argument.begin + 2];
    std::string text = value.value;
    if (value.kind == TokenKind::kParameter) {
      size_t number = 0;
      for (size_t i = 0; i < argument.begin + 2; ++i) number += tokens_[i].kind == TokenKind::kParameter ? 1 : 0;
      text = number < context_.parameters.size() ? context_.parameters[number].text.value_or("") : "";
    } else if (value.kind != TokenKind::kString && value.kind != TokenKind::kNumber && !value.IsIdentifier()) {
      return SyntaxErrorAt(sql_, value.begin, "a quoted value");
    }
    for (const auto& [key, unused] : pairs) {
      if (key == tokens_[argument.begin].value) {
        return Status(Code::kInvalid, "argument '" + key + "' of " + std::string(name) + "() is given twice");
      }
    }
    pairs.emplace_back(tokens_[argument.begin].value, std::move(text));
  }
  return std::string(name) + "(" + QuoteLiteral(EncodeArguments(pairs)) + ")";
}

Result<std::string> Rewriter::CastType(Range type) const {
  const Token& word = tokens_[type.begin];
  if (word.Is("SIGNED")) return std::string("BIGINT");
  if (word.Is("UNSIGNED")) return std::string("UBIGINT");
  if (word.Is("CHAR") || word.Is("NCHAR")) return std::string("VARCHAR");
  if (word.Is("BINARY")) return std::string("BLOB");
  if (word.Is("DATETIME")) return std::string("TIMESTAMP");
  if ((word.Is("DECIMAL") || word.Is("DEC") || word.Is("NUMERIC")) && type.size() == 1)
    return std::string("DECIMAL(10,0)");
  const size_t begin = word.begin;
  return std::string(sql_.substr(begin, tokens_[type.end - 1].end - begin));
}

// A cast of text to a time keeps its offset from UTC, which DuckDB's drops. What was cast before is text no more; the
// macros write their argument several times, so they are not nested.
std::string Rewriter::CastValue(const std::string& value, const std::string& sql_type, bool lenient) {
  const std::string type = ToLower(sql_type);
  bool known = false;
  for (const char* macro : {"freshet_timestamp(", "freshet_date(", "freshet_try_timestamp(", "freshet_try_date("}) {
    known = known || value.find(macro) != std::string::npos;
  }
  if (!known && (type == "timestamp" || type == "date")) {
    return std::string(lenient ? "freshet_try_" : "freshet_") + type + "(" + value + ")";
  }
  return std::string(lenient ? "TRY_CAST(" : "CAST(") + value + " AS " + sql_type + ")";
}

// CHAR(n) cuts, which DuckDB's VARCHAR(n) does not.
std::string Rewriter::CastText(const std::string& value, Range type, const std::string& sql_type, bool lenient) const {
  const std::string cast = CastValue(value, sql_type, lenient);
  const bool of_length = IsAnyOf(tokens_[type.begin], {"CHAR", "NCHAR", "VARCHAR"}) && type.size() >= 4 &&
                         tokens_[type.begin + 2].kind == TokenKind::kNumber;
  return of_length ? "left(" + cast + ", " + tokens_[type.begin + 2].value + ")" : cast;
}

Result<std::string> Rewriter::CastCall(const std::vector<Range>& arguments) {
  if (arguments.empty()) return std::string();
  // Commas may stand in the type, CAST(x AS DECIMAL(10, 2)): take the whole inside.
  const Range inside{arguments.front().begin, arguments.back().end};
  int depth = 0;
  for (size_t i = inside.begin; i < inside.end; ++i) {
    if (tokens_[i].IsSymbol("(")) ++depth;
    if (tokens_[i].IsSymbol(")")) --depth;
    if (depth != 0 || !tokens_[i].Is("AS") || i + 1 >= inside.end) continue;
    ASSIGN_OR_RETURN(const std::string value, Rewrite({inside.begin, i}));
    ASSIGN_OR_RETURN(const std::string type, CastType({i + 1, inside.end}));
    const bool lenient = context_.lenient_casts || tokens_[inside.begin - 2].Is("TRY_CAST");
    return CastText(value, {i + 1, inside.end}, type, lenient);
  }
  return SyntaxErrorAt(sql_, tokens_[inside.end].begin, "AS and a type");
}

Result<std::string> Rewriter::ConvertCall(const std::vector<Range>& arguments) {
  if (arguments.size() == 1) {
    for (size_t i = arguments[0].begin; i < arguments[0].end; ++i) {
      if (tokens_[i].Is("USING")) return Rewrite({arguments[0].begin, i});  // text is UTF-8 throughout
    }
    return std::string();
  }
  if (arguments.size() < 2) return std::string();
  ASSIGN_OR_RETURN(const std::string value, Rewrite(arguments[0]));
  ASSIGN_OR_RETURN(const std::string type, CastType({arguments[1].begin, arguments.back().end}));
  return CastText(value, {arguments[1].begin, arguments.back().end}, type, context_.lenient_casts);
}

// GROUP_CONCAT([DISTINCT] expr, .. [ORDER BY ..] [SEPARATOR 'x'])
Result<std::string> Rewriter::GroupConcatCall(Range inside) {
  size_t order = inside.end;
  size_t separator = inside.end;
  int depth = 0;
  for (size_t i = inside.begin; i < inside.end; ++i) {
    if (tokens_[i].IsSymbol("(")) ++depth;
    if (tokens_[i].IsSymbol(")")) --depth;
    if (depth == 0 && tokens_[i].Is("ORDER") && order == inside.end) order = i;
    if (depth == 0 && tokens_[i].Is("SEPARATOR")) separator = i;
  }
  const bool distinct = inside.size() > 0 && tokens_[inside.begin].Is("DISTINCT");
  const size_t begin = inside.begin + (distinct ? 1 : 0);
  const size_t values_end = std::min(order, separator);
  if (begin >= values_end) return SyntaxErrorAt(sql_, tokens_[begin].begin, "an expression");
  std::vector<std::string> parts;
  for (const Range& argument : Arguments(begin - 1, values_end)) {
    ASSIGN_OR_RETURN(const std::string part, Rewrite(argument));
    parts.push_back("CAST(" + part + " AS VARCHAR)");
  }
  std::string by = "','";
  if (separator < inside.end) {
    ASSIGN_OR_RETURN(by, Rewrite({separator + 1, inside.end}));
  }
  std::string text = std::string("string_agg(") + (distinct ? "DISTINCT " : "") + Join(parts, " || ") + ", " + by;
  if (order < inside.end) {
    ASSIGN_OR_RETURN(const std::string ordering, Rewrite({order, std::max(order, separator)}));
    text += " " + ordering;
  }
  return text + ")";
}

// DATE_ADD(d, INTERVAL n unit); ADDDATE(d, n) adds days.
Result<std::string> Rewriter::DateArithmeticCall(const std::vector<Range>& arguments, char sign) {
  const Range amount = arguments[1];
  if (!tokens_[amount.begin].Is("INTERVAL")) {
    ASSIGN_OR_RETURN(const std::string days, Rewrite(amount));
    return AddInterval(arguments[0], sign, days, "DAY");
  }
  const size_t unit = amount.end - 1;
  if (amount.size() < 3) return SyntaxErrorAt(sql_, tokens_[amount.begin].end, "an amount and a unit");
  if (tokens_[unit].value.find('_') != std::string::npos) {
    return Refuse(unit, "a compound interval unit; add intervals of single units");
  }
  std::string number;
  if (amount.size() == 3 && tokens_[amount.begin + 1].kind == TokenKind::kString &&
      LooksLikeNumber(tokens_[amount.begin + 1].value)) {
    number = tokens_[amount.begin + 1].value;
  } else {
    ASSIGN_OR_RETURN(number, Rewrite({amount.begin + 1, unit}));
  }
  return AddInterval(arguments[0], sign, number, tokens_[unit].value);
}

Result<std::string> Rewriter::DateFormatCall(std::string_view name, const std::vector<Range>& arguments) {
  const Range format = arguments[1];
  if (format.size() != 1 || tokens_[format.begin].kind != TokenKind::kString) {
    return Refuse(format.begin, "a date pattern that is not a literal");
  }
  std::string pattern;
  std::string refused;
  const std::string& mysql_pattern = tokens_[format.begin].value;
  if (!StrftimePattern(mysql_pattern, pattern, refused)) {
    return Refuse(format.begin, "date pattern part " + refused);
  }
  ASSIGN_OR_RETURN(const std::string value, Rewrite(arguments[0]));
  const std::string literal = QuoteLiteral(pattern);
  if (name == "date_format") return "strftime(" + CastValue(value, "TIMESTAMP", false) + ", " + literal + ")";
  if (name == "from_unixtime") {
    return "strftime(make_timestamp(CAST(CAST(" + value + " AS DECIMAL(24,6)) * 1000000 AS BIGINT)), " + literal + ")";
  }
  const bool has_time = mysql_pattern.find_first_of("HhIiklprSsTf") != std::string::npos;
  return has_time ? "try_strptime(" + value + ", " + literal + ")"
                  : "CAST(try_strptime(" + value + ", " + literal + ") AS DATE)";
}

// Complete units between two times: DuckDB's date_sub, with the arguments the other way round.
Result<std::string> Rewriter::TimestampDiffCall(const std::vector<Range>& arguments) {
  if (arguments[0].size() != 1) return SyntaxErrorAt(sql_, tokens_[arguments[0].begin].begin, "a unit");
  ASSIGN_OR_RETURN(const std::string from, Rewrite(arguments[1]));
  ASSIGN_OR_RETURN(const std::string to, Rewrite(arguments[2]));
  const std::string times = CastValue(from, "TIMESTAMP", false) + ", " + CastValue(to, "TIMESTAMP", false) + ")";
  const std::string unit = ToLower(tokens_[arguments[0].begin].value);
  // A month is complete on the same day of the month, which its last day is not.
  const int months = unit == "month" ? 1 : unit == "quarter" ? 3 : unit == "year" ? 12 : 0;
  if (months > 0) return "CAST(trunc(freshet_months(" + times + " / " + std::to_string(months) + ") AS BIGINT)";
  return "date_sub(" + QuoteLiteral(unit) + ", " + times;
}

}  // namespace freshet
