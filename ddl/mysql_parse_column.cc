// SPDX-License-Identifier: Apache-2.0
// Column and index definitions, as in CREATE TABLE and in ALTER TABLE .. ADD.
#include "ddl/mysql_cursor.h"
#include "ddl/mysql_parse.h"

namespace freshet {
namespace {

// A function call or bare CURRENT_TIMESTAMP: name [ "(" .. ")" ].
Result<MysqlDefault> ParseCall(MysqlCursor& cursor) {
  MysqlDefault value{MysqlDefault::Kind::kExpression, "", ""};
  TRY(cursor.ExpectName().status());
  while (cursor.TakeSymbol('.')) TRY(cursor.ExpectName().status());
  if (cursor.IsSymbol('(')) TRY(cursor.SkipParentheses());
  return value;
}

Status ParseGenerated(MysqlCursor& cursor, MysqlColumnDefinition& column) {
  column.generated = true;
  TRY(cursor.SkipParentheses());
  cursor.TakeAnyWord({"virtual", "stored", "persistent"});
  return Status::Ok();
}

// True when the server changes rows of this table by itself when the referenced row goes or changes.
Result<bool> ParseReferences(MysqlCursor& cursor) {
  TRY(cursor.ExpectObjectName().status());
  if (cursor.IsSymbol('(')) TRY(cursor.SkipParentheses());
  bool cascades = false;
  for (;;) {
    if (cursor.TakeWord("match")) {
      TRY(cursor.ExpectName().status());
    } else if (cursor.TakeWords({"on", "delete"}) || cursor.TakeWords({"on", "update"})) {
      if (cursor.TakeWord("cascade") || cursor.TakeWords({"set", "null"}) || cursor.TakeWords({"set", "default"})) {
        cascades = true;
      } else if (!cursor.TakeWord("restrict") && !cursor.TakeWords({"no", "action"})) {
        return cursor.Unexpected();
      }
    } else {
      return cascades;
    }
  }
}

// One attribute; false when there is none here.
Result<bool> ParseKeyAttribute(MysqlCursor& cursor, MysqlColumnDefinition& column) {
  if (cursor.TakeWords({"primary", "key"}) || cursor.TakeAnyWord({"primary", "key"})) {
    column.primary_key = true;
  } else if (cursor.TakeWord("unique")) {
    cursor.TakeAnyWord({"key", "index"});
    column.unique_key = true;
  } else if (cursor.TakeWord("auto_increment")) {
    column.auto_increment = true;
  } else if (cursor.TakeWord("references")) {
    ASSIGN_OR_RETURN(column.cascades, ParseReferences(cursor));
  } else if (cursor.IsWord("constraint") || cursor.IsWord("check")) {
    if (cursor.TakeWord("constraint") && !cursor.IsWord("check")) TRY(cursor.ExpectName().status());
    if (!cursor.TakeWord("check")) return cursor.Unexpected();
    TRY(cursor.SkipParentheses());
    if (!cursor.TakeWords({"not", "enforced"})) cursor.TakeWord("enforced");
  } else {
    return false;
  }
  return true;
}

Result<bool> ParseAttribute(MysqlCursor& cursor, MysqlColumnDefinition& column) {
  if (cursor.TakeWords({"not", "null"})) {
    column.nullable = false;
  } else if (cursor.TakeWord("null")) {
    column.nullable = true;
  } else if (cursor.TakeWord("default")) {
    ASSIGN_OR_RETURN(column.default_value, ParseDefaultValue(cursor));
  } else if (cursor.TakeWords({"on", "update"})) {
    column.on_update = true;
    TRY(ParseCall(cursor).status());
  } else if (cursor.TakeWords({"generated", "always", "as"}) || cursor.TakeWord("as")) {
    if (cursor.TakeWord("row")) return cursor.Unexpected();  // system versioning
    TRY(ParseGenerated(cursor, column));
  } else if (cursor.TakeWord("comment")) {
    if (cursor.Peek().kind != MysqlTokenKind::kString) return cursor.Unexpected();
    column.comment = cursor.Take().text;
  } else if (cursor.TakeWord("collate")) {
    if (!cursor.IsName() && cursor.Peek().kind != MysqlTokenKind::kString) return cursor.Unexpected();
    column.type.collation = LowerAscii(cursor.Take().text);
  } else if (cursor.TakeAnyWord({"column_format", "storage", "engine_attribute", "secondary_engine_attribute"})) {
    cursor.TakeSymbol('=');
    cursor.Take();
  } else if (cursor.TakeAnyWord({"visible", "invisible"})) {
    return true;
  } else if (cursor.TakeWord("compressed")) {
    return cursor.Unexpected();  // MariaDB's stored form shows in row images
  } else {
    return ParseKeyAttribute(cursor, column);
  }
  return true;
}

}  // namespace

Result<MysqlDefault> ParseDefaultValue(MysqlCursor& cursor) {
  using Kind = MysqlDefault::Kind;
  if (cursor.TakeWord("null")) return MysqlDefault{Kind::kNull, "", ""};
  if (cursor.TakeWord("true")) return MysqlDefault{Kind::kNumber, "1", ""};
  if (cursor.TakeWord("false")) return MysqlDefault{Kind::kNumber, "0", ""};
  std::string sign;
  if (cursor.IsSymbol('-') || cursor.IsSymbol('+')) sign = cursor.Take().text;
  const MysqlToken token = cursor.Peek();
  if (token.kind == MysqlTokenKind::kNumber) return MysqlDefault{Kind::kNumber, sign + cursor.Take().text, ""};
  if (!sign.empty()) return cursor.Unexpected();
  if (token.kind == MysqlTokenKind::kString) {
    cursor.Take();
    return MysqlDefault{Kind::kString, token.text, token.introducer};
  }
  if (token.kind == MysqlTokenKind::kBinary) {
    cursor.Take();
    return MysqlDefault{Kind::kBinary, token.text, ""};
  }
  if (cursor.IsSymbol('(')) {
    TRY(cursor.SkipParentheses());
    return MysqlDefault{Kind::kExpression, "", ""};
  }
  return ParseCall(cursor);
}

MysqlDefault ParseMariadbDefault(std::string_view text) {
  const MysqlDefault expression{MysqlDefault::Kind::kExpression, std::string(text), ""};
  MysqlLexOptions options;
  options.flavour = MysqlFlavour::kMariadb;
  auto tokens = TokenizeMysql(text, options);
  if (!tokens.ok()) return expression;
  MysqlCursor cursor(std::move(tokens).value());
  auto value = ParseDefaultValue(cursor);
  return value.ok() && cursor.AtEnd() ? std::move(value).value() : expression;
}

Result<MysqlColumnDefinition> ParseColumnDefinition(MysqlCursor& cursor) {
  MysqlColumnDefinition column;
  ASSIGN_OR_RETURN(column.name, cursor.ExpectName());
  if (cursor.IsWord("serial")) {
    column.auto_increment = column.unique_key = true;
    column.nullable = false;
  }
  ASSIGN_OR_RETURN(column.type, ParseTypeSpec(cursor));
  for (;;) {
    ASSIGN_OR_RETURN(const bool more, ParseAttribute(cursor, column));
    if (!more) return column;
  }
}

bool AtIndexDefinition(const MysqlCursor& cursor) {
  // Quoted, each of these is a column's name; unquoted, each is reserved or stands before a parenthesis.
  for (const std::string_view word :
       {"constraint", "primary", "unique", "index", "key", "fulltext", "spatial", "foreign", "check"}) {
    if (cursor.IsWord(word)) return true;
  }
  return cursor.IsWord("vector") && (cursor.IsWord("index", 1) || cursor.IsWord("key", 1));
}

Result<std::vector<MysqlKeyPart>> ParseKeyParts(MysqlCursor& cursor) {
  std::vector<MysqlKeyPart> parts;
  TRY(cursor.ExpectSymbol('('));
  do {
    MysqlKeyPart part;
    if (cursor.IsSymbol('(')) {
      TRY(cursor.SkipParentheses());
    } else {
      ASSIGN_OR_RETURN(part.column, cursor.ExpectName());
      // A prefix that is unique makes the whole value unique, so its length does not matter.
      if (cursor.IsSymbol('(')) TRY(cursor.SkipParentheses());
    }
    cursor.TakeAnyWord({"asc", "desc"});
    if (cursor.TakeWords({"without", "overlaps"})) part.column.clear();  // not unique by its columns alone
    parts.push_back(std::move(part));
  } while (cursor.TakeSymbol(','));
  TRY(cursor.ExpectSymbol(')'));
  return parts;
}

namespace {

Status SkipIndexOptions(MysqlCursor& cursor) {
  for (;;) {
    if (cursor.TakeWord("using") || cursor.TakeWord("type") || cursor.TakeWords({"with", "parser"}) ||
        cursor.TakeWord("comment")) {
      cursor.Take();
    } else if (cursor.TakeAnyWord(
                   {"key_block_size", "engine_attribute", "secondary_engine_attribute", "distance", "m"})) {
      cursor.TakeSymbol('=');
      cursor.Take();
    } else if (!cursor.TakeAnyWord({"visible", "invisible", "ignored"}) && !cursor.TakeWords({"not", "ignored"})) {
      return Status::Ok();
    }
  }
}

}  // namespace

Result<MysqlIndex> ParseIndexDefinition(MysqlCursor& cursor) {
  MysqlIndex index;
  const auto at_kind = [&cursor] {
    return cursor.IsWord("primary") || cursor.IsWord("unique") || cursor.IsWord("foreign") || cursor.IsWord("check");
  };
  if (cursor.TakeWord("constraint")) {
    cursor.TakeWords({"if", "not", "exists"});
    if (!at_kind()) {
      ASSIGN_OR_RETURN(index.name, cursor.ExpectName());
    }
  }
  if (cursor.TakeWord("check")) {
    TRY(cursor.SkipParentheses());
    if (!cursor.TakeWords({"not", "enforced"})) cursor.TakeWord("enforced");
    return MysqlIndex{};
  }
  if (cursor.TakeWords({"foreign", "key"})) {
    cursor.TakeWords({"if", "not", "exists"});
    if (!cursor.IsSymbol('(')) TRY(cursor.ExpectName().status());
    TRY(cursor.SkipParentheses());
    if (!cursor.TakeWord("references")) return cursor.Unexpected();
    ASSIGN_OR_RETURN(index.cascades, ParseReferences(cursor));
    return MysqlIndex{.cascades = index.cascades};
  }
  if (cursor.TakeWords({"primary", "key"})) {
    index.kind = MysqlIndex::Kind::kPrimary;
  } else if (cursor.TakeWord("unique")) {
    index.kind = MysqlIndex::Kind::kUnique;
    cursor.TakeAnyWord({"index", "key"});
  } else {
    cursor.TakeAnyWord({"fulltext", "spatial", "vector"});
    cursor.TakeAnyWord({"index", "key"});
  }
  cursor.TakeWords({"if", "not", "exists"});
  if (!cursor.IsSymbol('(') && !cursor.IsWord("using")) {
    ASSIGN_OR_RETURN(index.name, cursor.ExpectName());
  }
  if (index.kind == MysqlIndex::Kind::kPrimary) index.name = "PRIMARY";
  TRY(SkipIndexOptions(cursor));
  ASSIGN_OR_RETURN(index.parts, ParseKeyParts(cursor));
  TRY(SkipIndexOptions(cursor));
  return index;
}

}  // namespace freshet
