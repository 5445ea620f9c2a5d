// SPDX-License-Identifier: Apache-2.0
// The statement parser's branches, one file each: jobs, SHOW and DESC, session and catalog statements. Each is
// called by ParseStatement with the reader after the statement's first word. Internal to sql/.
#pragma once

#include "sql/statement.h"
#include "sql/token_reader.h"

namespace freshet {

// job_statements.cc
Result<Statement> ParseCreateJob(TokenReader& reader);         // after CREATE JOB
Result<Statement> ParseAlterJob(TokenReader& reader);          // after ALTER JOB
Result<Statement> ParsePauseJob(TokenReader& reader);          // after PAUSE JOB
Result<Statement> ParseResumeJob(TokenReader& reader);         // after RESUME JOB
Result<Statement> ParseDropJob(TokenReader& reader);           // after DROP JOB
Result<Statement> ParseSyncJob(TokenReader& reader);           // after SYNC JOB
Result<Statement> ParseVerifyJob(TokenReader& reader);         // after VERIFY JOB
Result<Statement> ParseCancelTask(TokenReader& reader);        // after CANCEL TASK
Result<Statement> ParseReplayQuarantine(TokenReader& reader);  // after REPLAY QUARANTINE
// "(" ["k" "=" "v" ("," ..)*] ")": job and source properties, arguments of source functions
Result<Properties> ParsePropertyList(TokenReader& reader);

// show_statements.cc
Result<Statement> ParseShow(TokenReader& reader);      // after SHOW
Result<Statement> ParseDescribe(TokenReader& reader);  // after DESC or DESCRIBE

// session_statements.cc
Result<Statement> ParseSet(TokenReader& reader);             // after SET
Result<Statement> ParseUse(TokenReader& reader);             // after USE
Result<Statement> ParseCreateDatabase(TokenReader& reader);  // after CREATE DATABASE
Result<Statement> ParseDropDatabase(TokenReader& reader);    // after DROP DATABASE
Result<Statement> ParseDropTable(TokenReader& reader);       // after DROP TABLE

// table_statements.cc
Result<Statement> ParseCreateTable(TokenReader& reader);    // after CREATE TABLE
Result<Statement> ParseAlterTable(TokenReader& reader);     // after ALTER TABLE
Result<Statement> ParseRenameTables(TokenReader& reader);   // after RENAME TABLE
Result<Statement> ParseTruncateTable(TokenReader& reader);  // after TRUNCATE

// table_write_statements.cc
Result<Statement> ParseInsertRows(TokenReader& reader);  // after INSERT or REPLACE
Result<Statement> ParseUpdateRows(TokenReader& reader);  // after UPDATE
Result<Statement> ParseDeleteRows(TokenReader& reader);  // after DELETE

// [database.]table
struct QualifiedName {
  std::string database;
  std::string name;
};
Result<QualifiedName> ParseQualifiedName(TokenReader& reader, std::string_view what);

}  // namespace freshet
