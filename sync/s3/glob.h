// SPDX-License-Identifier: Apache-2.0
// Glob: patterns over object keys, as Doris' s3(..) has them. Pure; any thread.
//
//   *       any characters but '/'          **        any characters
//   ?       one character but '/'           [a-c_]    one of these; [!..] and [^..] one of the others
//   {a,b}   either, nested too              {1..12}   numbers of that range
//   \x      x itself
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace freshet {

class Glob {
 public:
  // kInvalid: an unclosed bracket or brace, more than kGlobAlternativesMax alternatives.
  static Result<Glob> Parse(std::string_view pattern);
  bool Matches(std::string_view key) const;
  // What every match begins with: where a listing starts.
  const std::string& literal_prefix() const { return literal_prefix_; }
  // True when the pattern is one key; it is literal_prefix() then.
  bool is_literal() const { return is_literal_; }

 private:
  enum class StepKind : uint8_t { kCharacter, kAnyOne, kClass, kAnyRun, kAnyRunOfAll };
  struct Step {
    StepKind kind = StepKind::kCharacter;
    char32_t character = 0;
    bool negated = false;
    std::vector<std::pair<char32_t, char32_t>> ranges;  // of a class
  };
  using Steps = std::vector<Step>;

  static Result<Steps> Compile(std::string_view alternative);
  static bool Accepts(const Step& step, char32_t character);
  static bool Matches(const Steps& steps, const std::u32string& key);

  std::vector<Steps> alternatives_;
  std::string literal_prefix_;
  bool is_literal_ = false;
};

inline constexpr size_t kGlobAlternativesMax = 1000;

}  // namespace freshet
