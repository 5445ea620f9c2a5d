// SPDX-License-Identifier: Apache-2.0
// The statement of a table-level job, INSERT INTO .. SELECT .. FROM cdc_stream(..) | s3(..): parsed into InsertSelect
// (statement.h) and shown again without its secrets. Not a check of the SELECT: Mapping::Compile does that. Pure.
#pragma once

#include <string>

#include "sql/statement.h"
#include "sql/token_reader.h"

namespace freshet {

// At [DO] INSERT, up to the end of the statement. kInvalid, kUnsupported with the place: not an INSERT .. SELECT, no
// source function or two, a function that is none.
Result<InsertSelect> ParseInsertSelect(TokenReader& reader);

// The statement as SQL; values of passwords, keys and tokens are "******". What jobs().ExecuteSql shows.
std::string ShowInsert(const InsertSelect& insert);

// True for names of properties whose values are secrets: password, s3.secret_key, AWS_SESSION_TOKEN, ..
bool IsSecretProperty(std::string_view key);

}  // namespace freshet
