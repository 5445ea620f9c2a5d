// SPDX-License-Identifier: Apache-2.0
#include "sync/s3/glob.h"

#include <algorithm>
#include <charconv>
#include <cstdint>

namespace freshet {

namespace {

constexpr size_t kNone = std::string_view::npos;

// Next character of UTF-8; a byte that is no valid sequence is a character of its own beyond Unicode, so that
// keys of any bytes can be matched.
char32_t TakeCharacter(std::string_view text, size_t& at) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(at);
  const size_t size = lead < 0x80             ? 1
                      : (lead & 0xE0) == 0xC0 ? 2
                      : (lead & 0xF0) == 0xE0 ? 3
                      : (lead & 0xF8) == 0xF0 ? 4
                                              : 0;
  constexpr char32_t kRawByte = 0x200000;
  if (size == 0 || at + size > text.size()) return kRawByte + byte(at++);
  char32_t character = size == 1 ? lead : lead & (0x7Fu >> size);
  for (size_t i = 1; i < size; ++i) {
    if ((byte(at + i) & 0xC0) != 0x80) return kRawByte + byte(at++);
    character = character << 6 | (byte(at + i) & 0x3F);
  }
  at += size;
  return character;
}

Status Bad(std::string_view pattern, std::string_view what) {
  return Status(Code::kInvalid, "uri pattern '" + std::string(pattern) + "': " + std::string(what));
}

// Index of what closes the brace at `open`.
size_t CloseOf(std::string_view text, size_t open) {
  int depth = 0;
  for (size_t i = open; i < text.size(); ++i) {
    if (text[i] == '\\') {
      ++i;
    } else if (text[i] == '{') {
      ++depth;
    } else if (text[i] == '}' && --depth == 0) {
      return i;
    }
  }
  return kNone;
}

size_t FindOpen(std::string_view text) {
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\') {
      ++i;
    } else if (text[i] == '{') {
      return i;
    }
  }
  return kNone;
}

std::vector<std::string> Split(std::string_view inside) {
  std::vector<std::string> parts(1);
  int depth = 0;
  for (size_t i = 0; i < inside.size(); ++i) {
    const char c = inside[i];
    if (c == '{') ++depth;
    if (c == '}') --depth;
    if (c == ',' && depth == 0) {
      parts.emplace_back();
      continue;
    }
    parts.back() += c;
    if (c == '\\' && i + 1 < inside.size()) parts.back() += inside[++i];
  }
  return parts;
}

// "1..3" as 1, 2, 3; with leading zeros, "08..11", all as wide as the first. Empty: no such range.
std::vector<std::string> NumberRange(std::string_view inside) {
  const size_t dots = inside.find("..");
  if (dots == kNone) return {};
  const std::string_view texts[] = {inside.substr(0, dots), inside.substr(dots + 2)};
  int64_t bounds[2] = {};
  for (int i = 0; i < 2; ++i) {
    const char* end = texts[i].data() + texts[i].size();
    const auto [at, error] = std::from_chars(texts[i].data(), end, bounds[i]);
    if (error != std::errc() || at != end || bounds[i] < 0) return {};
  }
  const int64_t low = std::min(bounds[0], bounds[1]);
  const int64_t high = std::max(bounds[0], bounds[1]);
  const size_t width = texts[0].size() > 1 && texts[0][0] == '0' ? texts[0].size() : 0;
  std::vector<std::string> numbers;
  for (int64_t n = low; n <= high && numbers.size() <= kGlobAlternativesMax; ++n) {
    std::string text = std::to_string(n);
    if (text.size() < width) text.insert(0, width - text.size(), '0');
    numbers.push_back(std::move(text));
  }
  return numbers;
}

// The pattern without braces: every combination.
Status Expand(const std::string& pattern, std::vector<std::string>& out) {
  std::vector<std::string> open{pattern};
  while (!open.empty()) {
    const std::string text = std::move(open.back());
    open.pop_back();
    const size_t begin = FindOpen(text);
    if (begin == kNone) {
      out.push_back(text);
    } else {
      const size_t end = CloseOf(text, begin);
      if (end == kNone) return Bad(pattern, "'{' without '}'");
      const std::string_view inside = std::string_view(text).substr(begin + 1, end - begin - 1);
      std::vector<std::string> parts = NumberRange(inside);
      if (parts.empty()) parts = Split(inside);
      for (auto part = parts.rbegin(); part != parts.rend(); ++part) {
        open.push_back(text.substr(0, begin) + *part + text.substr(end + 1));
      }
    }
    if (open.size() + out.size() > kGlobAlternativesMax) {
      return Bad(pattern, "more than " + std::to_string(kGlobAlternativesMax) + " alternatives");
    }
  }
  return Status::Ok();
}

}  // namespace

Result<Glob::Steps> Glob::Compile(std::string_view alternative) {
  Steps steps;
  size_t at = 0;
  while (at < alternative.size()) {
    const char32_t c = TakeCharacter(alternative, at);
    Step step;
    if (c == '*') {
      const bool all = at < alternative.size() && alternative[at] == '*';
      step.kind = all ? StepKind::kAnyRunOfAll : StepKind::kAnyRun;
      if (all) ++at;
    } else if (c == '?') {
      step.kind = StepKind::kAnyOne;
    } else if (c == '\\' && at < alternative.size()) {
      step.character = TakeCharacter(alternative, at);
    } else if (c == '[') {
      step.kind = StepKind::kClass;
      step.negated = at < alternative.size() && (alternative[at] == '!' || alternative[at] == '^');
      if (step.negated) ++at;
      // A ']' that comes first is a character.
      for (bool first = true; first || alternative[at] != ']'; first = false) {
        if (at >= alternative.size()) return Bad(alternative, "'[' without ']'");
        const char32_t low = TakeCharacter(alternative, at);
        char32_t high = low;
        if (at + 1 < alternative.size() && alternative[at] == '-' && alternative[at + 1] != ']') {
          ++at;
          high = TakeCharacter(alternative, at);
        }
        step.ranges.emplace_back(low, high);
        if (at >= alternative.size()) return Bad(alternative, "'[' without ']'");
      }
      ++at;
    } else {
      step.character = c;
    }
    steps.push_back(std::move(step));
  }
  return steps;
}

Result<Glob> Glob::Parse(std::string_view pattern) {
  std::vector<std::string> texts;
  TRY(Expand(std::string(pattern), texts));
  Glob glob;
  bool first = true;
  for (const std::string& text : texts) {
    ASSIGN_OR_RETURN(Steps steps, Compile(text));
    std::string prefix;
    for (size_t i = 0; i < text.size() && std::string_view("*?[").find(text[i]) == kNone; ++i) {
      if (text[i] == '\\' && i + 1 < text.size()) ++i;
      prefix += text[i];
    }
    const bool literal =
        std::all_of(steps.begin(), steps.end(), [](const Step& step) { return step.kind == StepKind::kCharacter; });
    glob.is_literal_ = literal && texts.size() == 1;
    if (first) {
      glob.literal_prefix_ = prefix;
    } else {
      const auto [differ, unused] =
          std::mismatch(prefix.begin(), prefix.end(), glob.literal_prefix_.begin(), glob.literal_prefix_.end());
      glob.literal_prefix_.resize(static_cast<size_t>(differ - prefix.begin()));
    }
    first = false;
    glob.alternatives_.push_back(std::move(steps));
  }
  return glob;
}

bool Glob::Accepts(const Step& step, char32_t character) {
  switch (step.kind) {
    case StepKind::kCharacter: return step.character == character;
    case StepKind::kAnyRunOfAll: return true;
    case StepKind::kAnyOne:
    case StepKind::kAnyRun: return character != '/';
    case StepKind::kClass: break;
  }
  const bool inside = std::any_of(step.ranges.begin(), step.ranges.end(), [character](const auto& range) {
    return character >= range.first && character <= range.second;
  });
  return inside != step.negated && character != '/';
}

// All states at once: linear in key and pattern, whatever the pattern.
bool Glob::Matches(const Steps& steps, const std::u32string& key) {
  const auto is_run = [&](size_t i) {
    return i < steps.size() && (steps[i].kind == StepKind::kAnyRun || steps[i].kind == StepKind::kAnyRunOfAll);
  };
  std::vector<bool> states(steps.size() + 1);
  const auto enter = [&](std::vector<bool>& set, size_t i) {
    set[i] = true;
    for (; is_run(i); ++i) set[i + 1] = true;  // a run may be empty
  };
  enter(states, 0);
  for (const char32_t character : key) {
    std::vector<bool> next(steps.size() + 1);
    for (size_t i = 0; i < steps.size(); ++i) {
      if (!states[i] || !Accepts(steps[i], character)) continue;
      enter(next, is_run(i) ? i : i + 1);
    }
    states = std::move(next);
  }
  return states[steps.size()];
}

bool Glob::Matches(std::string_view key) const {
  std::u32string characters;
  for (size_t at = 0; at < key.size();) characters += TakeCharacter(key, at);
  return std::any_of(alternatives_.begin(), alternatives_.end(),
                     [&](const Steps& steps) { return Matches(steps, characters); });
}

}  // namespace freshet
