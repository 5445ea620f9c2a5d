// SPDX-License-Identifier: Apache-2.0
#include "sql/table_dialect.h"

#include <optional>

#include "sql/own_types.h"

namespace freshet {

namespace {

bool StartsNoColumn(const Token& token) {
  for (const char* word :
       {"PRIMARY", "KEY", "INDEX", "UNIQUE", "CONSTRAINT", "FOREIGN", "CHECK", "FULLTEXT", "SPATIAL"}) {
    if (token.Is(word)) return true;
  }
  return false;
}

// Copies tokens as written, some of them replaced.
class Translation {
 public:
  Translation(TokenReader& reader, std::vector<ColumnExtra>& extras) : reader_(reader), extras_(extras) {}

  void Copy() {
    const Token& token = reader_.Take();
    after_set_ = token.Is("SET");
    Write(reader_.sql().substr(token.begin, token.end - token.begin), token.begin);
  }
  // A column's name and type.
  Status CopyColumn() {
    extras_.push_back({ToLower(reader_.Peek().value), std::nullopt, "", false});
    Copy();
    const size_t begin = reader_.Peek().begin;
    Result<std::optional<OwnType>> type = TakeOwnType(reader_);
    if (type.status().code() == Code::kUnsupported) {
      return Status(Code::kUnsupported, "column " + extras_.back().column + ": " + type.status().message());
    }
    ASSIGN_OR_RETURN(std::optional<OwnType> own, std::move(type));
    if (!own) return Status::Ok();
    Write(own->stand_in, begin);
    extras_.back().type = std::move(own->type);
    extras_.back().type_name = std::move(own->name);
    return Status::Ok();
  }
  // One token inside a column's definition, or a clause of it that MySQL's grammar does not get to see.
  Status CopyInColumn() {
    const Token& token = reader_.Peek();
    if (token.Is("DEFAULT")) {
      const Token& clock = reader_.Peek(1);
      // ALTER COLUMN c SET DEFAULT is about no column that is defined here.
      if (!extras_.empty() && !after_set_ &&
          (clock.Is("CURRENT_TIMESTAMP") || clock.Is("NOW") || clock.Is("LOCALTIMESTAMP"))) {
        reader_.Take();
        reader_.Take();
        extras_.back().default_now = true;
        return SkipArguments();
      }
    } else if (token.Is("PROPERTIES") && reader_.Peek(1).IsSymbol("(")) {
      reader_.Take();
      return SkipArguments();
    } else if (token.Is("CHECK") || token.Is("REFERENCES") || token.Is("FOREIGN")) {
      return Status(Code::kUnsupported,
                    "not supported: " + token.value + " (no constraint but the primary key and NOT NULL is held)");
    }
    if (token.Is("ON") && reader_.Peek(1).Is("UPDATE")) {
      return Status(Code::kUnsupported, "not supported: ON UPDATE of a column; set the column in the UPDATE");
    }
    Copy();
    return Status::Ok();
  }
  Status SkipArguments() {
    if (!reader_.Peek().IsSymbol("(")) return Status::Ok();
    int depth = 0;
    do {
      if (reader_.AtEnd()) return reader_.Unexpected("')'");
      const Token& token = reader_.Take();
      if (token.IsSymbol("(")) ++depth;
      if (token.IsSymbol(")")) --depth;
    } while (depth > 0);
    return Status::Ok();
  }
  // Column definitions and indexes; the "(" is copied already. Up to behind the ")".
  Status CopyList() {
    bool first = true;  // of an element
    for (int depth = 1; depth > 0;) {
      if (reader_.AtEnd()) return reader_.Unexpected("')'");
      const Token& token = reader_.Peek();
      if (first && token.IsIdentifier() && (token.kind == TokenKind::kName || !StartsNoColumn(token))) {
        TRY(CopyColumn());
        first = false;
        continue;
      }
      first = depth == 1 && token.IsSymbol(",");
      if (token.IsSymbol("(")) ++depth;
      if (token.IsSymbol(")")) --depth;
      TRY(CopyInColumn());
    }
    return Status::Ok();
  }
  MysqlText Take() { return {std::move(out_), std::move(places_)}; }

 private:
  void Write(std::string_view text, size_t from) {
    places_.emplace_back(out_.size(), from);
    out_ += text;
    out_ += ' ';
  }

  TokenReader& reader_;
  std::vector<ColumnExtra>& extras_;
  std::string out_;
  std::vector<std::pair<size_t, size_t>> places_;
  bool after_set_ = false;
};

// Up to the next clause that is ours, parentheses skipped.
void SkipPartition(TokenReader& reader) {
  int depth = 0;
  while (!reader.AtEnd()) {
    const Token& token = reader.Peek();
    if (depth == 0 && (token.Is("DISTRIBUTED") || token.Is("PROPERTIES") || token.Is("ENGINE") || token.Is("AS")))
      return;
    if (token.IsSymbol("(")) ++depth;
    if (token.IsSymbol(")")) --depth;
    reader.Take();
  }
}

Status SkipParentheses(TokenReader& reader) {
  std::vector<ColumnExtra> none;
  if (!reader.Peek().IsSymbol("(")) return reader.Unexpected("'('");
  return Translation(reader, none).SkipArguments();
}

Result<std::vector<std::string>> ParseNames(TokenReader& reader) {
  std::vector<std::string> names;
  TRY(reader.ExpectSymbol("("));
  do {
    ASSIGN_OR_RETURN(std::string name, reader.ExpectIdentifier("a column"));
    names.push_back(std::move(name));
  } while (reader.AcceptSymbol(","));
  TRY(reader.ExpectSymbol(")"));
  return names;
}

// One clause that is kept as written.
Status SkipPhysicalClause(TokenReader& reader) {
  if (reader.AcceptAll({"PARTITION", "BY"}) || reader.AcceptAll({"AUTO", "PARTITION", "BY"})) {
    SkipPartition(reader);
    return Status::Ok();
  }
  if (reader.AcceptAll({"DISTRIBUTED", "BY"})) {
    if (!reader.Accept("RANDOM")) {
      TRY(reader.Expect("HASH"));
      TRY(SkipParentheses(reader));
    }
    if (!reader.Accept("BUCKETS")) return Status::Ok();
    if (!reader.Accept("AUTO") && reader.Take().kind != TokenKind::kNumber)
      return reader.Unexpected("a number or AUTO");
    return Status::Ok();
  }
  if (reader.AcceptAll({"CLUSTER", "BY"}) || reader.Accept("PROPERTIES") || reader.Accept("ROLLUP")) {
    return SkipParentheses(reader);
  }
  // [DEFAULT] name [=] value
  reader.Accept("DEFAULT");
  if (!reader.AcceptAll({"CHARACTER", "SET"})) {
    if (!reader.Peek().IsIdentifier()) return reader.Unexpected("a table option or the end of the statement");
    reader.Take();
  }
  reader.AcceptSymbol("=");
  if (reader.AtEnd() || reader.Peek().kind == TokenKind::kSymbol) return reader.Unexpected("a value");
  reader.Take();
  return Status::Ok();
}

}  // namespace

Result<MysqlText> TranslateColumnList(TokenReader& reader, std::vector<ColumnExtra>& extras) {
  if (!reader.Peek().IsSymbol("(")) return reader.Unexpected("'('");
  Translation translation(reader, extras);
  translation.Copy();
  TRY(translation.CopyList());
  return translation.Take();
}

Result<MysqlText> TranslateAlterClauses(TokenReader& reader, std::vector<ColumnExtra>& extras) {
  Translation translation(reader, extras);
  while (!reader.AtEnd()) {
    const Token& token = reader.Peek();
    const bool change = token.Is("CHANGE");
    if (!token.Is("ADD") && !token.Is("MODIFY") && !change) {
      TRY(translation.CopyInColumn());
      continue;
    }
    translation.Copy();
    const bool column = reader.Peek().Is("COLUMN");
    if (column) translation.Copy();
    while (reader.Peek().Is("IF") || reader.Peek().Is("NOT") || reader.Peek().Is("EXISTS")) translation.Copy();
    if (!column && (StartsNoColumn(reader.Peek()) || reader.Peek().Is("PARTITION"))) continue;
    if (change) translation.Copy();
    if (reader.Peek().IsSymbol("(")) {
      translation.Copy();
      TRY(translation.CopyList());
    } else if (reader.Peek().IsIdentifier()) {
      TRY(translation.CopyColumn());
    }
  }
  return translation.Take();
}

Result<TableClauses> ParseTableClauses(TokenReader& reader) {
  TableClauses clauses;
  while (!reader.AtEnd()) {
    reader.AcceptSymbol(",");
    if (reader.Peek().Is("DUPLICATE") || reader.Peek().Is("AGGREGATE")) {
      return Status(Code::kUnsupported,
                    "not supported: " + reader.Peek().value +
                        " KEY tables; every table has a primary key: UNIQUE KEY(..) or PRIMARY KEY(..)");
    }
    if (reader.Peek().Is("AS") || reader.Peek().Is("SELECT") || reader.Peek().Is("WITH")) {
      return Status(Code::kUnsupported,
                    "not supported: CREATE TABLE .. AS SELECT; create the table, then INSERT INTO .. SELECT");
    }
    if (reader.AcceptAll({"UNIQUE", "KEY"}) || reader.AcceptAll({"PRIMARY", "KEY"})) {
      ASSIGN_OR_RETURN(clauses.unique_key, ParseNames(reader));
    } else if (reader.Accept("COMMENT")) {
      reader.AcceptSymbol("=");
      ASSIGN_OR_RETURN(clauses.comment, reader.ExpectString("a comment"));
    } else {
      const size_t begin = reader.Peek().begin;
      const size_t first = reader.at();
      TRY(SkipPhysicalClause(reader));
      const size_t after = reader.at();
      reader.Rewind(after - 1);
      const size_t end = reader.Peek().end;
      reader.Rewind(after);
      CHECK(after > first);
      clauses.options += (clauses.options.empty() ? "" : "\n") + std::string(reader.sql().substr(begin, end - begin));
    }
  }
  return clauses;
}

}  // namespace freshet
