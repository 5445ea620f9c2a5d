// SPDX-License-Identifier: Apache-2.0
// Statements that write rows of users' own tables:
//   insert := (INSERT | REPLACE) [INTO] name ["(" [column ("," column)*] ")"] rows
//   rows   := (VALUES | VALUE) row ("," row)* | SET column "=" value ("," ..)* | query | "(" query ")"
//   row    := "(" [value ("," value)*] ")"
//   update := UPDATE name [[AS] alias] SET column "=" value ("," ..)* [WHERE ..] [ORDER BY ..] [LIMIT n]
//   delete := DELETE FROM name [[AS] alias] [WHERE ..] [ORDER BY ..] [LIMIT n]
//   value  := DEFAULT | a literal | an expression
// Expressions and queries are kept as written; DuckDB computes them.
#include "sql/statement_parser.h"

namespace freshet {

namespace {

std::string Slice(const TokenReader& reader, size_t begin, size_t end) {
  return std::string(reader.sql().substr(begin, end - begin));
}

// What is left of the statement, without a ';' behind it.
std::string TakeRest(TokenReader& reader) {
  const size_t begin = reader.Peek().begin;
  size_t end = begin;
  while (!reader.AtEnd()) end = reader.Take().end;
  return Slice(reader, begin, end);
}

// The big-endian number that MySQL takes bits for.
std::optional<std::string> NumberOfBits(const std::string& digits) {
  if (digits.size() > 64) return std::nullopt;
  uint64_t value = 0;
  for (char digit : digits) value = value << 1 | (digit == '1' ? 1U : 0U);
  return std::to_string(value);
}

// A literal that is the whole value, `count` tokens from the reader's place on; nullopt: something else.
std::optional<WrittenValue> AsLiteral(const TokenReader& reader, size_t count) {
  using Kind = WrittenValue::Kind;
  const Token& first = reader.Peek();
  const Token& second = reader.Peek(1);
  if (count == 1) {
    if (first.Is("NULL")) return WrittenValue{Kind::kNull, ""};
    if (first.Is("DEFAULT")) return WrittenValue{Kind::kDefault, ""};
    if (first.Is("TRUE")) return WrittenValue{Kind::kNumber, "1"};
    if (first.Is("FALSE")) return WrittenValue{Kind::kNumber, "0"};
    if (first.kind == TokenKind::kString) return WrittenValue{Kind::kText, first.value};
    if (first.kind == TokenKind::kNumber) return WrittenValue{Kind::kNumber, first.value};
    if (first.kind == TokenKind::kHexString) return WrittenValue{Kind::kBytes, first.value};
    if (first.kind == TokenKind::kBitString) {
      if (auto number = NumberOfBits(first.value)) return WrittenValue{Kind::kNumber, *number};
    }
  }
  if (count == 2) {
    const bool sign = first.IsSymbol("-") || first.IsSymbol("+");
    if (sign && second.kind == TokenKind::kNumber) {
      return WrittenValue{Kind::kNumber, (first.IsSymbol("-") ? "-" : "") + second.value};
    }
    if (first.Is("_binary") && second.kind == TokenKind::kString) return WrittenValue{Kind::kBytes, second.value};
    const bool marked = first.Is("_utf8mb4") || first.Is("_utf8") || first.Is("_utf8mb3") || first.Is("DATE") ||
                        first.Is("TIME") || first.Is("TIMESTAMP");
    if (marked && second.kind == TokenKind::kString) return WrittenValue{Kind::kText, second.value};
  }
  return std::nullopt;
}

bool EndsAssignments(const Token& token) {
  for (const char* word : {"WHERE", "ORDER", "LIMIT", "FROM", "ON"}) {
    if (token.Is(word)) return true;
  }
  return false;
}

// Up to the next top-level comma or closing parenthesis; in UPDATE also up to WHERE and its like.
Result<WrittenValue> ParseValue(TokenReader& reader, bool in_update) {
  const size_t start = reader.at();
  const size_t begin = reader.Peek().begin;
  size_t end = begin;
  int depth = 0;
  while (!reader.AtEnd()) {
    const Token& token = reader.Peek();
    if (depth == 0 && (token.IsSymbol(",") || token.IsSymbol(")") || (in_update && EndsAssignments(token)))) break;
    if (token.IsSymbol("(")) ++depth;
    if (token.IsSymbol(")")) --depth;
    end = token.end;
    reader.Take();
  }
  const size_t stop = reader.at();
  if (stop == start) return reader.Unexpected("a value");
  reader.Rewind(start);
  std::optional<WrittenValue> literal = AsLiteral(reader, stop - start);
  reader.Rewind(stop);
  if (literal) return *std::move(literal);
  return WrittenValue{WrittenValue::Kind::kExpression, Slice(reader, begin, end)};
}

Result<std::vector<WrittenValue>> ParseRow(TokenReader& reader) {
  std::vector<WrittenValue> row;
  TRY(reader.ExpectSymbol("("));
  if (reader.AcceptSymbol(")")) return row;
  do {
    ASSIGN_OR_RETURN(WrittenValue value, ParseValue(reader, false));
    row.push_back(std::move(value));
  } while (reader.AcceptSymbol(","));
  TRY(reader.ExpectSymbol(")"));
  return row;
}

// [table .] column = value
Result<Assignment> ParseAssignment(TokenReader& reader) {
  Assignment assignment;
  ASSIGN_OR_RETURN(assignment.column, reader.ExpectIdentifier("a column"));
  while (reader.AcceptSymbol(".")) {
    ASSIGN_OR_RETURN(assignment.column, reader.ExpectIdentifier("a column"));
  }
  TRY(reader.ExpectSymbol("="));
  ASSIGN_OR_RETURN(assignment.value, ParseValue(reader, true));
  return assignment;
}

bool StartsQuery(const TokenReader& reader) {
  size_t ahead = 0;
  while (reader.Peek(ahead).IsSymbol("(")) ++ahead;
  return reader.Peek(ahead).Is("SELECT") || reader.Peek(ahead).Is("WITH");
}

Status ParseColumns(TokenReader& reader, InsertRows& insert) {
  if (!reader.Peek().IsSymbol("(") || StartsQuery(reader)) return Status::Ok();
  reader.Take();
  if (reader.AcceptSymbol(")")) return Status::Ok();
  do {
    ASSIGN_OR_RETURN(std::string column, reader.ExpectIdentifier("a column"));
    insert.columns.push_back(std::move(column));
  } while (reader.AcceptSymbol(","));
  return reader.ExpectSymbol(")");
}

Status RefuseTail(const TokenReader& reader) {
  if (reader.Peek().Is("ON")) {
    return Status(
        Code::kUnsupported,
        "not supported: ON DUPLICATE KEY UPDATE; INSERT replaces the row of the same key, UPDATE changes a part of it");
  }
  return reader.Unexpected("the end of the statement");
}

// The reference behind UPDATE or DELETE FROM: one table.
Result<std::string> ParseAlias(TokenReader& reader, bool update) {
  std::string alias;
  const bool said = reader.Accept("AS");
  const Token& next = reader.Peek();
  const bool keyword = next.Is("SET") || next.Is("WHERE") || next.Is("ORDER") || next.Is("LIMIT") || next.Is("JOIN") ||
                       next.Is("INNER") || next.Is("LEFT") || next.Is("RIGHT") || next.Is("CROSS") ||
                       next.Is("USING") || next.Is("PARTITION");
  if (said || (next.IsIdentifier() && (next.kind == TokenKind::kName || !keyword))) {
    ASSIGN_OR_RETURN(alias, reader.ExpectIdentifier("an alias"));
  }
  const Token& after = reader.Peek();
  const bool expected = update ? after.Is("SET") : reader.AtEnd() || EndsAssignments(after);
  if (!expected && (after.IsSymbol(",") || after.IsIdentifier())) {
    return Status(Code::kUnsupported, std::string("not supported: ") + (update ? "UPDATE" : "DELETE") +
                                          " of several tables; use a subquery in WHERE");
  }
  return alias;
}

Result<std::string> ParseRest(TokenReader& reader) {
  if (reader.AtEnd()) return std::string();
  if (!reader.Peek().Is("WHERE") && !reader.Peek().Is("ORDER") && !reader.Peek().Is("LIMIT")) {
    return reader.Unexpected("WHERE, ORDER BY, LIMIT or the end of the statement");
  }
  return TakeRest(reader);
}

}  // namespace

Result<Statement> ParseInsertRows(TokenReader& reader) {
  InsertRows insert;
  for (const char* word : {"IGNORE", "OVERWRITE"}) {
    if (reader.Peek().Is(word)) {
      return Status(Code::kUnsupported,
                    std::string("not supported: INSERT ") + word +
                        " (a row of the same key is replaced, a value that does not fit is an error)");
    }
  }
  reader.Accept("LOW_PRIORITY");
  reader.Accept("HIGH_PRIORITY");
  reader.Accept("INTO");
  ASSIGN_OR_RETURN(QualifiedName name, ParseQualifiedName(reader, "the table's name"));
  insert.database = std::move(name.database);
  insert.table = std::move(name.name);
  TRY(ParseColumns(reader, insert));
  if (StartsQuery(reader)) {
    insert.select = TakeRest(reader);
    return Statement(std::move(insert));
  }
  if (insert.columns.empty() && reader.Accept("SET")) {
    insert.values.emplace_back();
    do {
      ASSIGN_OR_RETURN(Assignment assignment, ParseAssignment(reader));
      insert.columns.push_back(std::move(assignment.column));
      insert.values.back().push_back(std::move(assignment.value));
    } while (reader.AcceptSymbol(","));
  } else if (reader.Accept("VALUES") || reader.Accept("VALUE")) {
    do {
      ASSIGN_OR_RETURN(std::vector<WrittenValue> row, ParseRow(reader));
      insert.values.push_back(std::move(row));
    } while (reader.AcceptSymbol(","));
  } else {
    return reader.Unexpected("VALUES, SELECT or SET");
  }
  if (!reader.AtEnd()) return RefuseTail(reader);
  return Statement(std::move(insert));
}

Result<Statement> ParseUpdateRows(TokenReader& reader) {
  UpdateRows update;
  ASSIGN_OR_RETURN(QualifiedName name, ParseQualifiedName(reader, "the table's name"));
  update.database = std::move(name.database);
  update.table = std::move(name.name);
  ASSIGN_OR_RETURN(update.alias, ParseAlias(reader, true));
  TRY(reader.Expect("SET"));
  do {
    ASSIGN_OR_RETURN(Assignment assignment, ParseAssignment(reader));
    update.assignments.push_back(std::move(assignment));
  } while (reader.AcceptSymbol(","));
  ASSIGN_OR_RETURN(update.rest, ParseRest(reader));
  return Statement(std::move(update));
}

Result<Statement> ParseDeleteRows(TokenReader& reader) {
  DeleteRows del;
  TRY(reader.Expect("FROM"));
  ASSIGN_OR_RETURN(QualifiedName name, ParseQualifiedName(reader, "the table's name"));
  del.database = std::move(name.database);
  del.table = std::move(name.name);
  ASSIGN_OR_RETURN(del.alias, ParseAlias(reader, false));
  ASSIGN_OR_RETURN(del.rest, ParseRest(reader));
  return Statement(std::move(del));
}

}  // namespace freshet
