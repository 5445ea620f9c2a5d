// SPDX-License-Identifier: Apache-2.0
// Job statements, after the grammar in docs/sql.md:
//   create_job  := CREATE JOB [IF NOT EXISTS] job_name [properties] ON STREAMING [COMMENT string]
//                  (from_to | DO insert)
//   alter_job   := ALTER JOB job_name (properties [from_to | [DO] insert] | from_to | [DO] insert | tables)
//   from_to     := [FROM (MYSQL | POSTGRES) list] [TO DATABASE name [list]]      (both needed in CREATE JOB)
//   tables      := (ADD | DROP | RESYNC) TABLE table ("," table)*
//   properties  := PROPERTIES list        list := "(" [pair ("," pair)*] ")"      pair := string "=" string
//   replay      := REPLAY QUARANTINE JOB job_name [WHERE condition]              (insert: insert_select.cc)
//   job_name    := [name "."] name
//   where       := WHERE jobName "=" string
#include <charconv>
#include <limits>

#include "sql/insert_select.h"
#include "sql/statement_parser.h"

namespace freshet {

namespace {

constexpr int64_t kTimeoutMaxS = 7 * 24 * 3600;  // a week: longer waits are a mistake in the unit

// ParseInsertSelect refuses all but INSERT with the reason.
bool StartsDml(const Token& token) {
  return token.Is("DO") || token.Is("INSERT") || token.Is("UPDATE") || token.Is("DELETE") || token.Is("MERGE");
}

Result<std::string> ParseJobName(TokenReader& reader) {
  if (reader.Peek().kind == TokenKind::kString) return reader.Unexpected("a job name without quotes");
  ASSIGN_OR_RETURN(std::string name, reader.ExpectIdentifier("a job name"));
  while (reader.AcceptSymbol(".")) {
    ASSIGN_OR_RETURN(name, reader.ExpectIdentifier("a job name after '.'"));
  }
  return name;
}

Result<std::string> ParseValue(TokenReader& reader, const std::string& key) {
  const Token& token = reader.Peek();
  if (token.kind == TokenKind::kString || token.kind == TokenKind::kNumber || token.Is("true") || token.Is("false")) {
    return reader.Take().value;
  }
  return reader.Unexpected("a quoted value of '" + key + "'");
}

Result<SourceKind> ParseSourceKind(TokenReader& reader) {
  if (reader.Accept("MYSQL")) return SourceKind::kMysql;
  if (reader.Accept("POSTGRES")) return SourceKind::kPostgres;
  if (reader.Peek().IsIdentifier()) {
    return Status(Code::kUnsupported,
                  "source type '" + reader.Peek().value + "' is not available; MYSQL and POSTGRES are");
  }
  return reader.Unexpected("MYSQL or POSTGRES");
}

Result<std::string> ParseWhereJobName(TokenReader& reader) {
  TRY(reader.Expect("WHERE"));
  if (!reader.Peek().IsIdentifier() || !EqualsIgnoreCase(reader.Peek().value, "jobName")) {
    return reader.Unexpected("jobName");
  }
  reader.Take();
  TRY(reader.ExpectSymbol("="));
  return reader.ExpectString("the job name in quotes");
}

Result<int64_t> ParseTimeout(TokenReader& reader, int64_t default_s) {
  if (!reader.Accept("TIMEOUT")) return default_s;
  const Token& token = reader.Peek();
  int64_t seconds = 0;
  const auto [end, error] = std::from_chars(token.value.data(), token.value.data() + token.value.size(), seconds);
  if (token.kind != TokenKind::kNumber || error != std::errc() || end != token.value.data() + token.value.size() ||
      seconds < 1 || seconds > kTimeoutMaxS) {
    return reader.Unexpected("seconds from 1 to " + std::to_string(kTimeoutMaxS));
  }
  reader.Take();
  return seconds;
}

Result<AlterJobTables> ParseTableList(TokenReader& reader, std::string job, AlterJobTables::Action action) {
  AlterJobTables alter{std::move(job), action, {}};
  TRY(reader.Expect("TABLE"));
  do {
    std::string table;
    if (reader.Peek().kind == TokenKind::kString) {
      table = reader.Take().value;
    } else {
      ASSIGN_OR_RETURN(table, reader.ExpectIdentifier("a table name"));
      if (reader.AcceptSymbol(".")) {
        ASSIGN_OR_RETURN(const std::string name, reader.ExpectIdentifier("a table name after '.'"));
        table += "." + name;
      }
    }
    alter.tables.push_back(std::move(table));
  } while (reader.AcceptSymbol(","));
  TRY(reader.ExpectEnd());
  return alter;
}

}  // namespace

Result<Properties> ParsePropertyList(TokenReader& reader) {
  Properties properties;
  TRY(reader.ExpectSymbol("("));
  while (!reader.AcceptSymbol(")")) {
    if (!properties.empty()) TRY(reader.ExpectSymbol(","));
    const size_t key_at = reader.Peek().begin;
    std::string key;
    if (reader.Peek().kind == TokenKind::kString || reader.Peek().IsIdentifier()) {
      key = reader.Take().value;
    } else {
      return reader.Unexpected("a quoted property name");
    }
    TRY(reader.ExpectSymbol("="));
    ASSIGN_OR_RETURN(std::string value, ParseValue(reader, key));
    for (const auto& [other, unused] : properties) {
      if (other == key) {
        return Status(Code::kInvalid, "property '" + key + "' is given twice")
            .At(SyntaxErrorAt(reader.sql(), key_at, "every property once").message());
      }
    }
    properties.emplace_back(std::move(key), std::move(value));
  }
  return properties;
}

Result<Statement> ParseCreateJob(TokenReader& reader) {
  CreateJob job;
  job.if_not_exists = reader.AcceptAll({"IF", "NOT", "EXISTS"});
  ASSIGN_OR_RETURN(job.name, ParseJobName(reader));
  if (reader.Accept("PROPERTIES")) {
    ASSIGN_OR_RETURN(job.job_properties, ParsePropertyList(reader));
  }
  if (!reader.Peek().Is("ON"))
    return reader.Unexpected(job.job_properties.empty() ? "PROPERTIES or ON STREAMING" : "ON STREAMING");
  reader.Take();
  if (reader.Peek().Is("SCHEDULE")) {
    return Status(Code::kUnsupported, "scheduled jobs (ON SCHEDULE) are not available; use ON STREAMING");
  }
  TRY(reader.Expect("STREAMING"));
  if (reader.Accept("COMMENT")) {
    ASSIGN_OR_RETURN(job.comment, reader.ExpectString("the comment in quotes"));
  }
  if (reader.Peek().Is("PROPERTIES")) {
    return reader.Unexpected("FROM (PROPERTIES stands before ON STREAMING, not after it as in older documentation)");
  }
  if (StartsDml(reader.Peek())) {
    if (!reader.Peek().Is("DO")) return reader.Unexpected("DO before the job's statement");
    ASSIGN_OR_RETURN(job.insert, ParseInsertSelect(reader));
    return Statement(std::move(job));
  }
  TRY(reader.Expect("FROM"));
  ASSIGN_OR_RETURN(job.source, ParseSourceKind(reader));
  ASSIGN_OR_RETURN(job.source_properties, ParsePropertyList(reader));
  TRY(reader.Expect("TO"));
  TRY(reader.Expect("DATABASE"));
  ASSIGN_OR_RETURN(job.target_database, reader.ExpectIdentifier("the target database's name"));
  if (reader.Peek().IsSymbol("(")) {
    ASSIGN_OR_RETURN(job.target_properties, ParsePropertyList(reader));
  }
  TRY(reader.ExpectEnd());
  return Statement(std::move(job));
}

Result<Statement> ParseAlterJob(TokenReader& reader) {
  AlterJob job;
  ASSIGN_OR_RETURN(job.name, ParseJobName(reader));
  using Action = AlterJobTables::Action;
  for (const auto& [word, action] :
       {std::pair{"ADD", Action::kAdd}, std::pair{"DROP", Action::kDrop}, std::pair{"RESYNC", Action::kResync}}) {
    if (reader.Accept(word)) {
      ASSIGN_OR_RETURN(AlterJobTables tables, ParseTableList(reader, std::move(job.name), action));
      return Statement(std::move(tables));
    }
  }
  const size_t start = reader.at();
  if (reader.Accept("PROPERTIES")) {
    ASSIGN_OR_RETURN(job.job_properties, ParsePropertyList(reader));
  }
  if (StartsDml(reader.Peek())) {
    ASSIGN_OR_RETURN(job.insert, ParseInsertSelect(reader));
    return Statement(std::move(job));
  }
  if (reader.Accept("FROM")) {
    ASSIGN_OR_RETURN(job.source, ParseSourceKind(reader));
    ASSIGN_OR_RETURN(job.source_properties, ParsePropertyList(reader));
  }
  if (reader.Accept("TO")) {
    TRY(reader.Expect("DATABASE"));
    ASSIGN_OR_RETURN(job.target_database, reader.ExpectIdentifier("the target database's name"));
    if (reader.Peek().IsSymbol("(")) {
      ASSIGN_OR_RETURN(job.target_properties, ParsePropertyList(reader));
    }
  }
  if (reader.at() == start) {
    return reader.Unexpected("PROPERTIES, FROM, TO DATABASE, INSERT INTO, ADD TABLE, DROP TABLE or RESYNC TABLE");
  }
  TRY(reader.ExpectEnd());
  return Statement(std::move(job));
}

namespace {

template <typename T>
Result<Statement> ParseNamedJob(TokenReader& reader, T statement) {
  ASSIGN_OR_RETURN(statement.name, ParseWhereJobName(reader));
  TRY(reader.ExpectEnd());
  return Statement(std::move(statement));
}

template <typename T>
Result<Statement> ParseTimedJob(TokenReader& reader, T statement) {
  ASSIGN_OR_RETURN(statement.name, ParseWhereJobName(reader));
  ASSIGN_OR_RETURN(statement.timeout_s, ParseTimeout(reader, statement.timeout_s));
  TRY(reader.ExpectEnd());
  return Statement(std::move(statement));
}

}  // namespace

Result<Statement> ParsePauseJob(TokenReader& reader) {
  return ParseNamedJob(reader, PauseJob{});
}
Result<Statement> ParseResumeJob(TokenReader& reader) {
  return ParseNamedJob(reader, ResumeJob{});
}
Result<Statement> ParseSyncJob(TokenReader& reader) {
  return ParseTimedJob(reader, SyncJob{});
}
Result<Statement> ParseVerifyJob(TokenReader& reader) {
  return ParseTimedJob(reader, VerifyJob{});
}

Result<Statement> ParseDropJob(TokenReader& reader) {
  DropJob job;
  job.if_exists = reader.AcceptAll({"IF", "EXISTS"});
  return ParseNamedJob(reader, std::move(job));
}

Result<Statement> ParseReplayQuarantine(TokenReader& reader) {
  ReplayQuarantine replay;
  TRY(reader.Expect("JOB"));
  ASSIGN_OR_RETURN(replay.name, ParseJobName(reader));
  if (!reader.Accept("WHERE")) {
    TRY(reader.ExpectEnd());
    return Statement(std::move(replay));
  }
  if (reader.AtEnd()) return reader.Unexpected("a condition");
  const size_t begin = reader.Peek().begin;
  size_t end = begin;
  while (!reader.AtEnd()) end = reader.Take().end;
  replay.where = reader.sql().substr(begin, end - begin);
  return Statement(std::move(replay));
}

Result<Statement> ParseCancelTask(TokenReader& reader) {
  CancelTask task;
  ASSIGN_OR_RETURN(task.name, ParseWhereJobName(reader));
  TRY(reader.Expect("AND"));
  if (!reader.Peek().IsIdentifier() || !EqualsIgnoreCase(reader.Peek().value, "taskId")) {
    return reader.Unexpected("taskId");
  }
  reader.Take();
  TRY(reader.ExpectSymbol("="));
  if (reader.Peek().kind != TokenKind::kNumber && reader.Peek().kind != TokenKind::kString) {
    return reader.Unexpected("the task's number");
  }
  reader.Take();
  TRY(reader.ExpectEnd());
  return Statement(std::move(task));
}

}  // namespace freshet
