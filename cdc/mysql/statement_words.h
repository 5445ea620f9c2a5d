// SPDX-License-Identifier: Apache-2.0
// First look at a statement of the log: is it transaction control, does it change rows, which names does it
// hold. Reads tokens, not grammar; DDL is followed by ddl/. Pure functions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace freshet {

enum class StatementClass {
  kBegin,
  kCommit,
  kRollback,
  kSavepoint,  // SAVEPOINT, RELEASE SAVEPOINT
  kRollbackToSavepoint,
  kXaStart,
  kXaEnd,
  kXaCommit,  // of a transaction prepared earlier
  kXaRollback,
  kChangesRows,  // INSERT, UPDATE, DELETE, REPLACE, LOAD, CALL and the like, logged as text
  kOther,
};

StatementClass ClassifyStatement(std::string_view sql);

// Identifier-like words and quoted names of the statement, as written and unquoted. String literals may be
// among them under ANSI_QUOTES; the list errs on the side of too many.
std::vector<std::string> StatementNames(std::string_view sql);

// CREATE TABLE .. SELECT is one transaction since MySQL 8.0.21: its CREATE ends in START TRANSACTION and its
// rows follow. Cuts the suffix off and returns true.
bool CutStartTransaction(std::string& sql);

}  // namespace freshet
