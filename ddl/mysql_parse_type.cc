// SPDX-License-Identifier: Apache-2.0
#include <charconv>
#include <map>

#include "ddl/mysql_cursor.h"
#include "ddl/mysql_parse.h"

namespace freshet {
namespace {

// One-word synonyms; the value is the name that the server itself prints.
std::string ResolveSynonym(const std::string& word) {
  static const std::map<std::string, std::string, std::less<>> synonyms = {
      {"integer", "int"},          {"int4", "int"},         {"int1", "tinyint"},
      {"int2", "smallint"},        {"int3", "mediumint"},   {"middleint", "mediumint"},
      {"int8", "bigint"},          {"dec", "decimal"},      {"numeric", "decimal"},
      {"fixed", "decimal"},        {"number", "decimal"},   {"float4", "float"},
      {"float8", "double"},        {"real", "double"},      {"character", "char"},
      {"nchar", "char"},           {"nvarchar", "varchar"}, {"varchar2", "varchar"},
      {"varcharacter", "varchar"}, {"clob", "longtext"},    {"geomcollection", "geometrycollection"},
  };
  const auto found = synonyms.find(word);
  return found == synonyms.end() ? word : found->second;
}

// Names of several words and BOOL, SERIAL. The first word is taken already.
void ResolvePhrase(MysqlCursor& cursor, const std::string& word, MysqlTypeSpec& spec) {
  spec.name = ResolveSynonym(word);
  if (word == "nchar" || word == "nvarchar") spec.charset = "utf8mb3";
  if (word == "bool" || word == "boolean") {
    spec.name = "tinyint";
    spec.arguments = {1};
  } else if (spec.name == "double") {
    cursor.TakeWord("precision");
  } else if (word == "national") {
    spec.charset = "utf8mb3";
    spec.name = cursor.TakeAnyWord({"varchar", "varcharacter"}) ? "varchar" : "char";
    if (spec.name == "char" && cursor.TakeAnyWord({"char", "character"})) {
      if (cursor.TakeWord("varying")) spec.name = "varchar";
    }
  } else if (spec.name == "char" && cursor.TakeAnyWord({"varying", "varchar"})) {
    spec.name = "varchar";
  } else if (word == "long") {
    if (cursor.TakeWord("varbinary")) {
      spec.name = "mediumblob";
    } else {
      cursor.TakeAnyWord({"varchar", "varcharacter"});
      if (cursor.TakeAnyWord({"char", "character"})) cursor.TakeWord("varying");
      spec.name = "mediumtext";
    }
  } else if (word == "serial") {
    spec.name = "bigint";
    spec.is_unsigned = true;
  }
}

Status ParseArguments(MysqlCursor& cursor, MysqlTypeSpec& spec) {
  TRY(cursor.ExpectSymbol('('));
  do {
    const MysqlToken token = cursor.Peek();
    if (spec.name == "enum" || spec.name == "set") {
      if (token.kind != MysqlTokenKind::kString && token.kind != MysqlTokenKind::kBinary) return cursor.Unexpected();
      std::string label = token.text;
      label.erase(label.find_last_not_of(' ') + 1);  // the server strips them too
      spec.labels.push_back(std::move(label));
    } else {
      uint32_t value = 0;
      const char* end = token.text.data() + token.text.size();
      const auto [stop, error] = std::from_chars(token.text.data(), end, value);
      if (token.kind != MysqlTokenKind::kNumber || error != std::errc() || stop != end) return cursor.Unexpected();
      spec.arguments.push_back(value);
    }
    cursor.Take();
  } while (cursor.TakeSymbol(','));
  return cursor.ExpectSymbol(')');
}

Status TakeCharsetName(MysqlCursor& cursor, std::string& name) {
  const MysqlTokenKind kind = cursor.Peek().kind;
  if (!cursor.IsName() && kind != MysqlTokenKind::kString) return cursor.Unexpected();
  name = LowerAscii(cursor.Take().text);
  return Status::Ok();
}

Status ParseAttributes(MysqlCursor& cursor, MysqlTypeSpec& spec) {
  for (;;) {
    if (cursor.TakeAnyWord({"unsigned", "zerofill"})) {
      spec.is_unsigned = true;  // ZEROFILL implies it
    } else if (cursor.TakeWord("signed")) {
      continue;
    } else if (cursor.TakeWords({"character", "set"}) || cursor.TakeWords({"char", "set"}) ||
               cursor.TakeWord("charset")) {
      TRY(TakeCharsetName(cursor, spec.charset));
    } else if (cursor.TakeWord("collate")) {
      TRY(TakeCharsetName(cursor, spec.collation));
    } else if (cursor.TakeWord("ascii")) {
      spec.charset = "latin1";
    } else if (cursor.TakeWord("unicode")) {
      spec.charset = "ucs2";
    } else if (cursor.TakeWord("byte")) {
      spec.charset = "binary";
    } else if (cursor.TakeWord("binary")) {
      if (spec.collation.empty()) spec.collation = "binary of charset";
    } else {
      return Status::Ok();
    }
  }
}

}  // namespace

Result<MysqlTypeSpec> ParseTypeSpec(MysqlCursor& cursor) {
  if (cursor.Peek().kind != MysqlTokenKind::kWord) return cursor.Unexpected();
  MysqlTypeSpec spec;
  ResolvePhrase(cursor, LowerAscii(cursor.Take().text), spec);
  if (cursor.IsSymbol('(')) TRY(ParseArguments(cursor, spec));
  TRY(ParseAttributes(cursor, spec));
  // "x CHAR(5) BINARY": the _bin collation of whatever character set applies.
  if (spec.collation == "binary of charset") spec.collation = spec.charset.empty() ? "" : spec.charset + "_bin";
  return spec;
}

Result<MysqlTypeSpec> ParseMysqlType(std::string_view column_type) {
  ASSIGN_OR_RETURN(auto tokens, TokenizeMysql(column_type, {}));
  MysqlCursor cursor(std::move(tokens));
  ASSIGN_OR_RETURN(MysqlTypeSpec spec, ParseTypeSpec(cursor));
  // MariaDB's "/* mariadb-5.3 */" is a comment; anything else left over is unknown.
  if (!cursor.AtEnd()) return cursor.Unexpected();
  return spec;
}

}  // namespace freshet
