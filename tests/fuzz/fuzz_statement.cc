// SPDX-License-Identifier: Apache-2.0
// Goal: no SQL text crashes, hangs or reads outside its bytes: splitting, parsing, the dialect bridge, the plan of a
// table-level job. What the bridge writes from a text is itself a text that tokenizes.
#include <cstddef>
#include <cstdint>

#include "base/check.h"
#include "sql/dialect.h"
#include "sql/insert_select.h"
#include "sql/mapping_plan.h"
#include "sql/statement.h"

namespace {

void PlanJob(const freshet::Statement& statement) {
  using namespace freshet;
  const CreateJob* job = std::get_if<CreateJob>(&statement);
  if (job == nullptr || !job->insert) return;
  (void)ShowInsert(*job->insert);
  const std::vector<std::string> columns = {"id", "name", "order"};
  const auto plan = MappingPlan::Make(*job->insert, columns, {.lenient_casts = job->if_not_exists});
  if (!plan.ok()) return;
  (void)plan->NamedColumns(columns);
  for (size_t item = 0; item < plan->items().size(); ++item) {
    (void)plan->SelectOfItem(item).ok();
    (void)plan->SelectOfSource({item}).ok();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace freshet;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const std::string_view part : SplitStatements(text)) {
    CHECK(part.size() <= text.size());
    const auto statement = ParseStatement(part);
    if (statement.ok()) PlanJob(*statement);
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
