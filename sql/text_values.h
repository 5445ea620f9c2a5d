// SPDX-License-Identifier: Apache-2.0
// Text that is to become a number, a time or a date: checked and brought into the form that DuckDB's casts read as
// meant. By themselves they drop the offset of "2026-01-01T00:00:00+02:00", and take 1_000, 0x1F, nan, epoch and BC for
// values. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace freshet {

// Of the text, nothing else is copied. nullopt: not such a value.
//   number = [sign] digits ["." [digits]] [("e" | "E") [sign] digits] | [sign] "." digits ..; blanks around it
std::optional<std::string_view> NumberText(std::string_view text);

//   moment = year4 ("-" | "/") month ("-" | "/") day [("T" | blanks) clock [zone]]; blanks around it
//   clock  = hour ":" minute2 [":" second2 ["." digits]]
//   zone   = "Z" | "UTC" | sign hour2 [[":"] minute2]
// In UTC, without a zone. A moment with an offset is computed, into `buffer`.
std::optional<std::string_view> MomentText(std::string_view text, std::string& buffer);

// A clock alone.
std::optional<std::string_view> ClockText(std::string_view text);

// Appends JSON text with its numbers as strings: whoever reads them then, reads all their digits.
void QuoteJsonNumbers(std::string_view json, std::string& out);

}  // namespace freshet
