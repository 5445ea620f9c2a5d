// SPDX-License-Identifier: Apache-2.0
#include "server/kill_statement.h"

#include <cctype>
#include <charconv>

namespace freshet {
namespace {

// The next word of letters, digits and '_', consumed; "" at the end or before anything else.
std::string_view TakeWord(std::string_view& text) {
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text[0]))) text.remove_prefix(1);
  size_t size = 0;
  while (size < text.size() && (std::isalnum(static_cast<unsigned char>(text[size])) || text[size] == '_')) ++size;
  const std::string_view word = text.substr(0, size);
  text.remove_prefix(size);
  return word;
}

bool Is(std::string_view word, std::string_view keyword) {
  if (word.size() != keyword.size()) return false;
  for (size_t i = 0; i < word.size(); ++i) {
    if (std::toupper(static_cast<unsigned char>(word[i])) != keyword[i]) return false;
  }
  return true;
}

}  // namespace

std::optional<KillStatement> ParseKill(std::string_view sql) {
  if (!Is(TakeWord(sql), "KILL")) return std::nullopt;
  KillStatement statement;
  std::string_view word = TakeWord(sql);
  if (Is(word, "QUERY") || Is(word, "CONNECTION")) {
    if (Is(word, "QUERY")) statement.kind = KillKind::kQuery;
    word = TakeWord(sql);
  }
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), statement.connection_id);
  if (word.empty() || error != std::errc() || end != word.data() + word.size()) return std::nullopt;
  if (!TakeWord(sql).empty()) return std::nullopt;
  return sql.empty() || sql == ";" ? std::optional(statement) : std::nullopt;
}

}  // namespace freshet
