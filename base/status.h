// SPDX-License-Identifier: Apache-2.0
// Status and Result<T>: the one error type of the program. A Status says what happened (Code) and
// where (message, context outermost first). What to do about it is decided in sync/error_policy
// alone. Exceptions of libraries are converted where they enter.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "base/check.h"

namespace freshet {

// Persisted in job records: add at the end, never renumber.
enum class Code : uint8_t {
  kOk = 0,
  kInvalid = 1,       // the caller's input is wrong; the same call will fail again
  kNotFound = 2,      // a named thing does not exist
  kExists = 3,        // a named thing exists already
  kUnsupported = 4,   // understood, but cannot be followed or held
  kCorrupt = 5,       // bytes do not parse or a checksum differs
  kUnavailable = 6,   // the remote side is not reachable or dropped us; may come back
  kTimeout = 7,       // a deadline passed
  kAuth = 8,          // login or privilege refused
  kGone = 9,          // the log position, slot or object is no longer on the source
  kConflict = 10,     // state forbids it now: busy, wrong state, held by someone else
  kLocalIo = 11,      // our own disk: full, unreadable, locked
  kCancelled = 12,    // a stop was requested
  kSchemaMoved = 13,  // the source's table no longer has the shape that the reader was given
};

std::string_view CodeName(Code code);

class [[nodiscard]] Status {
 public:
  Status() = default;
  Status(Code code, std::string message)
      : rep_(code == Code::kOk ? nullptr : std::make_unique<Rep>(Rep{code, std::move(message)})) {}

  static Status Ok() { return {}; }

  bool ok() const { return rep_ == nullptr; }
  Code code() const { return rep_ ? rep_->code : Code::kOk; }
  // Empty when ok.
  const std::string& message() const;
  // "kGone: read binlog: ..." for logs; users see message().
  std::string ToString() const;
  // Prepends where it happened: `return std::move(status).At("read chunk of shop.orders")`.
  Status At(std::string_view context) &&;
  Status Copy() const { return rep_ ? Status(rep_->code, rep_->message) : Status(); }

 private:
  struct Rep {
    Code code;
    std::string message;
  };
  std::unique_ptr<Rep> rep_;  // null means ok
};

template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : value_(std::move(value)) {}
  Result(Status status) : value_(std::move(status)) {
    CHECK(!std::get<Status>(value_).ok());  // an ok Result holds a value
  }

  bool ok() const { return std::holds_alternative<T>(value_); }
  Code code() const { return ok() ? Code::kOk : std::get<Status>(value_).code(); }
  T& value() & {
    CHECK(ok());
    return std::get<T>(value_);
  }
  const T& value() const& {
    CHECK(ok());
    return std::get<T>(value_);
  }
  T&& value() && {
    CHECK(ok());
    return std::get<T>(std::move(value_));
  }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  // The error; ok when there is a value.
  Status status() const& { return ok() ? Status() : std::get<Status>(value_).Copy(); }
  Status status() && { return ok() ? Status() : std::get<Status>(std::move(value_)); }

 private:
  std::variant<T, Status> value_;
};

}  // namespace freshet

#define FRESHET_CONCAT_INNER(a, b) a##b
#define FRESHET_CONCAT(a, b) FRESHET_CONCAT_INNER(a, b)

// Returns the Status (or the Result's error) from the enclosing function unless ok.
#define TRY(expr)                                                                   \
  do {                                                                              \
    if (::freshet::Status try_status = (expr); !try_status.ok()) return try_status; \
  } while (false)

// ASSIGN_OR_RETURN(auto x, F()): x = value of F(), or returns its error.
#define ASSIGN_OR_RETURN(lhs, expr) ASSIGN_OR_RETURN_IMPL(FRESHET_CONCAT(result_, __COUNTER__), lhs, expr)
#define ASSIGN_OR_RETURN_IMPL(tmp, lhs, expr)    \
  auto tmp = (expr);                             \
  if (!tmp.ok()) return std::move(tmp).status(); \
  lhs = std::move(tmp).value()
