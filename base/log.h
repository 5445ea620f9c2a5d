// SPDX-License-Identifier: Apache-2.0
// Structured log: an event name and key=value pairs, one line each, to standard error. Never row
// values, passwords or SQL literals. Wraps spdlog; callable from any thread.
//   Log(LogLevel::kInfo, "job_state", {{"job", name}, {"state", "RUNNING"}});
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <variant>

namespace freshet {

enum class LogLevel { kDebug, kInfo, kWarn, kError };

struct LogField {
  std::string_view key;
  std::variant<int64_t, double, std::string_view> value;

  LogField(std::string_view k, std::string_view v) : key(k), value(v) {}
  LogField(std::string_view k, const std::string& v) : key(k), value(std::string_view(v)) {}
  LogField(std::string_view k, const char* v) : key(k), value(std::string_view(v)) {}
  LogField(std::string_view k, double v) : key(k), value(v) {}
  template <typename Int>
  requires std::is_integral_v<Int> LogField(std::string_view k, Int v) : key(k), value(static_cast<int64_t>(v)) {}
};

void Log(LogLevel level, std::string_view event, std::initializer_list<LogField> fields);

// Lines below `level` are dropped. Default: info.
void SetLogLevel(LogLevel level);

}  // namespace freshet
