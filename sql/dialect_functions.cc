// SPDX-License-Identifier: Apache-2.0
#include "sql/dialect_functions.h"

#include <array>
#include <string>

namespace freshet {

namespace {

#define NOW_UTC "CAST(now() AS TIMESTAMP)"

// A place outside the text, 0 included, gives ''; DuckDB counts on from there.
#define SUBSTRING_OF(letters)                                                 \
  "CASE WHEN ({1}) = 0 OR -({1}) > length(CAST({0} AS VARCHAR)) OR (" letters \
  ") <= 0 THEN '' ELSE "                                                      \
  "substr(CAST({0} AS VARCHAR), {1}, " letters ") END"

constexpr FunctionTemplate kTemplates[] = {
    // time
    {"now", 0, "date_trunc('second', " NOW_UTC ")"},
    {"now", 1, NOW_UTC},
    {"sysdate", 0, "date_trunc('second', " NOW_UTC ")"},
    {"sysdate", 1, NOW_UTC},
    {"current_timestamp", 0, "date_trunc('second', " NOW_UTC ")"},
    {"current_timestamp", 1, NOW_UTC},
    {"localtime", 0, "date_trunc('second', " NOW_UTC ")"},
    {"localtimestamp", 0, "date_trunc('second', " NOW_UTC ")"},
    {"utc_timestamp", 0, "date_trunc('second', " NOW_UTC ")"},
    {"curdate", 0, "CAST(" NOW_UTC " AS DATE)"},
    {"current_date", 0, "CAST(" NOW_UTC " AS DATE)"},
    {"utc_date", 0, "CAST(" NOW_UTC " AS DATE)"},
    {"curtime", 0, "CAST(date_trunc('second', " NOW_UTC ") AS TIME)"},
    {"current_time", 0, "CAST(date_trunc('second', " NOW_UTC ") AS TIME)"},
    {"unix_timestamp", 0, "CAST(floor(epoch(now())) AS BIGINT)"},
    {"unix_timestamp", 1, "CAST(floor(epoch(CAST({0} AS TIMESTAMP))) AS BIGINT)"},
    {"from_unixtime", 1, "make_timestamp(CAST(CAST({0} AS DECIMAL(24,6)) * 1000000 AS BIGINT))"},
    {"date", 1, "CAST({0} AS DATE)"},
    {"time", 1, "CAST({0} AS TIME)"},
    {"timestamp", 1, "CAST({0} AS TIMESTAMP)"},
    {"datediff", 2, "date_diff('day', CAST({1} AS DATE), CAST({0} AS DATE))"},
    {"dayofweek", 1, "(dayofweek(CAST({0} AS TIMESTAMP)) + 1)"},
    {"weekday", 1, "(isodow(CAST({0} AS TIMESTAMP)) - 1)"},
    {"week", 1, "CAST(strftime(CAST({0} AS TIMESTAMP), '%U') AS INTEGER)"},
    {"weekofyear", 1, "week(CAST({0} AS TIMESTAMP))"},
    {"year", 1, "year(CAST({0} AS TIMESTAMP))"},
    {"month", 1, "month(CAST({0} AS TIMESTAMP))"},
    {"day", 1, "day(CAST({0} AS TIMESTAMP))"},
    {"dayofmonth", 1, "day(CAST({0} AS TIMESTAMP))"},
    {"dayofyear", 1, "dayofyear(CAST({0} AS TIMESTAMP))"},
    {"quarter", 1, "quarter(CAST({0} AS TIMESTAMP))"},
    {"dayname", 1, "dayname(CAST({0} AS TIMESTAMP))"},
    {"monthname", 1, "monthname(CAST({0} AS TIMESTAMP))"},
    {"microsecond", 1, "(microsecond({0}) % 1000000)"},
    {"makedate", 2, "(make_date({0}, 1, 1) + CAST(({1}) - 1 AS INTEGER))"},
    {"time_to_sec", 1, "CAST(epoch(CAST({0} AS TIME)) AS BIGINT)"},
    {"sec_to_time", 1, "CAST(to_seconds({0}) AS VARCHAR)"},
    {"last_day", 1, "last_day(CAST({0} AS TIMESTAMP))"},
    {"to_days", 1, "(date_diff('day', DATE '1970-01-01', CAST({0} AS DATE)) + 719528)"},
    {"from_days", 1, "(DATE '1970-01-01' + CAST(({0}) - 719528 AS INTEGER))"},
    // conditions
    {"if", 3, "CASE WHEN {0} THEN {1} ELSE {2} END"},
    {"ifnull", 2, "COALESCE({0}, {1})"},
    {"nvl", 2, "COALESCE({0}, {1})"},
    {"isnull", 1, "(({0}) IS NULL)"},
    // text: MySQL takes a number for its digits
    {"upper", 1, "upper(CAST({0} AS VARCHAR))"},
    {"ucase", 1, "upper(CAST({0} AS VARCHAR))"},
    {"lower", 1, "lower(CAST({0} AS VARCHAR))"},
    {"lcase", 1, "lower(CAST({0} AS VARCHAR))"},
    {"replace", 3, "replace(CAST({0} AS VARCHAR), CAST({1} AS VARCHAR), CAST({2} AS VARCHAR))"},
    {"length", 1, "freshet_bytes({0})"},
    {"octet_length", 1, "freshet_bytes({0})"},
    {"char_length", 1, "freshet_letters({0})"},
    {"character_length", 1, "freshet_letters({0})"},
    {"mid", 3, SUBSTRING_OF("{2}")},
    {"substring", 2, SUBSTRING_OF("2147483647")},
    {"substr", 2, SUBSTRING_OF("2147483647")},
    {"substring", 3, SUBSTRING_OF("{2}")},
    {"substr", 3, SUBSTRING_OF("{2}")},
    {"left", 2, "left(CAST({0} AS VARCHAR), CASE WHEN ({1}) < 0 THEN 0 ELSE {1} END)"},
    {"right", 2, "right(CAST({0} AS VARCHAR), CASE WHEN ({1}) < 0 THEN 0 ELSE {1} END)"},
    {"lpad", 3, "CASE WHEN ({1}) >= 0 THEN lpad(CAST({0} AS VARCHAR), CAST({1} AS INTEGER), CAST({2} AS VARCHAR)) END"},
    {"rpad", 3, "CASE WHEN ({1}) >= 0 THEN rpad(CAST({0} AS VARCHAR), CAST({1} AS INTEGER), CAST({2} AS VARCHAR)) END"},
    {"locate", 2, "instr({1}, {0})"},
    {"locate", 3,
     "CASE WHEN ({2}) < 1 OR instr(substr({1}, {2}), {0}) = 0 THEN 0 ELSE instr(substr({1}, {2}), {0}) + ({2}) - 1 "
     "END"},
    {"regexp_replace", 3, "regexp_replace({0}, {1}, {2}, 'g')"},
    {"regexp_substr", 2, "CASE WHEN regexp_matches({0}, {1}) THEN regexp_extract({0}, {1}) END"},
    {"split_part", 3,
     "CASE WHEN ({2}) <> 0 AND abs({2}) <= len(string_split({0}, {1})) THEN split_part({0}, {1}, {2}) END"},
    {"unhex", 1, "TRY(unhex({0}))"},
    {"sha", 1, "sha1({0})"},
    {"space", 1, "repeat(' ', {0})"},
    {"strcmp", 2, "CASE WHEN {0} < {1} THEN -1 WHEN {0} > {1} THEN 1 WHEN {0} = {1} THEN 0 END"},
    {"find_in_set", 2,
     "CASE WHEN ({0}) IS NULL OR ({1}) IS NULL THEN NULL WHEN ({1}) = '' THEN 0 ELSE "
     "COALESCE(list_position(string_split({1}, ','), "
     "CAST({0} AS VARCHAR)), 0) END"},
    {"substring_index", 3, "freshet_substring_index({0}, {1}, {2})"},
    {"json_unquote", 1, "freshet_json_unquote(CAST({0} AS VARCHAR))"},
    {"json_length", 1, "freshet_json_length({0})"},
    {"json_keys", 1, "to_json(json_keys({0}))"},
    {"json_value", 2, "json_extract_string({0}, {1})"},
    {"get_json_string", 2, "json_extract_string({0}, {1})"},
    {"get_json_int", 2, "TRY_CAST(json_extract({0}, {1}) AS INTEGER)"},
    {"get_json_bigint", 2, "TRY_CAST(json_extract({0}, {1}) AS BIGINT)"},
    {"get_json_double", 2, "TRY_CAST(json_extract({0}, {1}) AS DOUBLE)"},
    {"get_json_bool", 2, "TRY_CAST(json_extract({0}, {1}) AS BOOLEAN)"},
    {"json_arrayagg", 1, "json_group_array({0})"},
    {"json_objectagg", 2, "json_group_object({0}, {1})"},
    {"regexp_like", 2, "regexp_matches({0}, {1})"},
    // numbers
    {"log", 1, "CASE WHEN ({0}) > 0 THEN ln({0}) END"},
    {"ln", 1, "CASE WHEN ({0}) > 0 THEN ln({0}) END"},
    {"log", 2, "CASE WHEN ({0}) > 0 AND ({0}) <> 1 AND ({1}) > 0 THEN log({0}, {1}) END"},
    {"log2", 1, "CASE WHEN ({0}) > 0 THEN log2({0}) END"},
    {"log10", 1, "CASE WHEN ({0}) > 0 THEN log10({0}) END"},
    {"sqrt", 1, "CASE WHEN ({0}) >= 0 THEN sqrt({0}) END"},
    {"mod", 2, "(({0}) % ({1}))"},
    {"rand", 0, "random()"},
    {"truncate", 2, "trunc({0}, {1})"},
    {"std", 1, "stddev_pop({0})"},
    {"stddev", 1, "stddev_pop({0})"},
    {"variance", 1, "var_pop({0})"},
    // session facts that have no meaning for reads
    {"last_insert_id", 0, "0"},
    {"found_rows", 0, "0"},
    {"row_count", 0, "-1"},
};

#undef NOW_UTC
#undef SUBSTRING_OF

struct PatternPart {
  char mysql;
  std::string_view strftime;
};
// Parts that differ. Those absent here and in kSameParts have no equivalent (%D, %u, %V, %X).
constexpr PatternPart kPatternParts[] = {
    {'i', "%M"},  {'s', "%S"},          {'M', "%B"},       {'c', "%-m"}, {'e', "%-d"}, {'h', "%I"}, {'k', "%-H"},
    {'l', "%-I"}, {'r', "%I:%M:%S %p"}, {'T', "%H:%M:%S"}, {'W', "%A"},  {'v', "%V"},  {'x', "%G"},
};
constexpr std::string_view kSameParts = "aHIYybdjmpSfUw%";

}  // namespace

const FunctionTemplate* FindFunctionTemplate(std::string_view lower_name, size_t arguments) {
  for (const FunctionTemplate& function : kTemplates) {
    if (function.name == lower_name && function.arguments == arguments) return &function;
  }
  return nullptr;
}

bool StrftimePattern(std::string_view mysql_pattern, std::string& pattern, std::string& refused) {
  for (size_t i = 0; i < mysql_pattern.size(); ++i) {
    if (mysql_pattern[i] != '%' || i + 1 == mysql_pattern.size()) {
      pattern += mysql_pattern[i] == '%' ? std::string("%%") : std::string(1, mysql_pattern[i]);
      continue;
    }
    const char part = mysql_pattern[++i];
    const std::string_view* replacement = nullptr;
    for (const PatternPart& known : kPatternParts) {
      if (known.mysql == part) replacement = &known.strftime;
    }
    if (replacement != nullptr) {
      pattern += *replacement;
    } else if (kSameParts.find(part) != std::string_view::npos) {
      pattern += '%';
      pattern += part;
    } else {
      refused = std::string("%") + part;
      return false;
    }
  }
  return true;
}

}  // namespace freshet
