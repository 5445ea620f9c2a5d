// SPDX-License-Identifier: Apache-2.0
// Goal: no SQL text crashes, hangs or reads outside its bytes: splitting, parsing, the dialect bridge. What the
// bridge writes from a text is itself a text that tokenizes.
#include <cstddef>
#include <cstdint>

#include "base/check.h"
#include "sql/dialect.h"
#include "sql/statement.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace freshet;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const std::string_view part : SplitStatements(text)) {
    CHECK(part.size() <= text.size());
    (void)ParseStatement(part).ok();
  }
  (void)DecodeArguments(text);
  for (const bool ansi_quotes : {false, true}) {
    const auto tokens = Tokenize(text, ansi_quotes);
    if (!tokens.ok()) continue;
    CHECK(tokens->back().kind == TokenKind::kEnd);
    DialectContext context;
    context.system_tables = {"jobs"};
    context.parameters = {{"1", true}, {"it's", false}, {std::nullopt, false}};
    (void)RewriteQuery(text, *tokens, context).ok();
    (void)TableCandidates(*tokens);
  }
  return 0;
}
