// SPDX-License-Identifier: Apache-2.0
#include "sql/own_types.h"

#include <algorithm>
#include <charconv>

#include "ddl/mysql_parse.h"
#include "ddl/mysql_types.h"
#include "sql/facts.h"

namespace freshet {

namespace {

constexpr uint16_t kFractionDigitsMax = 6;
constexpr std::string_view kArrayPrefix = "array<";

// One word for another; its arguments follow as written.
struct Alias {
  std::string_view name;
  std::string_view mysql;
  std::optional<TypeKind> kind;  // what MySQL's stand-in becomes afterwards
};
constexpr Alias kAliases[] = {
    {"STRING", "LONGTEXT", {}},
    {"LARGEINT", "DECIMAL(38,0)", {}},
    {"DATEV2", "DATE", {}},
    {"DATETIMEV2", "DATETIME", {}},
    {"DECIMALV2", "DECIMAL", {}},
    {"DECIMALV3", "DECIMAL", {}},
    {"JSONB", "JSON", {}},
    {"BOOLEAN", "TINYINT", TypeKind::kBool},
    {"BOOL", "TINYINT", TypeKind::kBool},
    {"UUID", "CHAR(36)", TypeKind::kUuid},
    {"INTERVAL", "CHAR(64)", TypeKind::kInterval},
};
constexpr std::string_view kRefusedTypes[] = {"MAP",  "STRUCT", "VARIANT",        "BITMAP",   "HLL",
                                              "IPV4", "IPV6",   "QUANTILE_STATE", "AGG_STATE"};

// How many tokens a type has, arguments and UNSIGNED included.
size_t TokensOfType(const TokenReader& reader) {
  size_t at = 1;
  if (reader.Peek(at).Is("PRECISION") || reader.Peek(at).Is("VARYING")) ++at;
  if (reader.Peek(at).IsSymbol("(")) {
    while (!reader.Peek(at).IsSymbol(")") && reader.Peek(at).kind != TokenKind::kEnd) ++at;
    ++at;
  }
  if (reader.Peek(at).Is("UNSIGNED")) ++at;
  return at;
}

// "[(n)]" at most `most`; `otherwise` where it is not said.
Result<uint32_t> TakeLength(TokenReader& reader, uint32_t otherwise, uint32_t most) {
  if (!reader.AcceptSymbol("(")) return otherwise;
  const std::string text = reader.Peek().value;
  uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (reader.Peek().kind != TokenKind::kNumber || error != std::errc() || end != text.data() + text.size() ||
      value > most) {
    return reader.Unexpected("a number up to " + std::to_string(most));
  }
  reader.Take();
  TRY(reader.ExpectSymbol(")"));
  return value;
}

OwnType Named(LogicalType type) {
  Column column;
  column.type = type;
  return {"LONGTEXT", std::move(type), OwnTypeName(column)};
}

// Postgres' TIME of the day, with or without a zone; MySQL's TIME is a span.
Result<std::optional<OwnType>> TakeTime(TokenReader& reader) {
  const size_t start = reader.at();
  const bool with_zone = reader.Take().Is("TIMETZ");
  Result<uint32_t> digits = TakeLength(reader, kFractionDigitsMax, kFractionDigitsMax);
  LogicalType type;
  if (with_zone || (digits.ok() && reader.AcceptAll({"WITH", "TIME", "ZONE"}))) {
    type.kind = TypeKind::kTimeTz;
  } else if (digits.ok() && reader.AcceptAll({"WITHOUT", "TIME", "ZONE"})) {
    type.kind = TypeKind::kTimeOfDay;
  } else {
    reader.Rewind(start);
    return std::optional<OwnType>();
  }
  ASSIGN_OR_RETURN(const uint32_t precision, std::move(digits));
  type.precision = static_cast<uint16_t>(precision);
  return std::optional(Named(type));
}

Result<std::optional<OwnType>> TakeBitString(TokenReader& reader) {
  reader.Take();
  reader.Accept("VARYING");
  constexpr uint32_t kBitsMax = 83'886'080;  // as Postgres
  LogicalType type;
  type.kind = TypeKind::kBitString;
  ASSIGN_OR_RETURN(type.length, TakeLength(reader, 0, kBitsMax));
  return std::optional(Named(type));
}

// nullopt: no type of one value.
// NOLINTNEXTLINE(misc-no-recursion): an element's type is read as a column's, and is no array
std::optional<LogicalType> ScalarType(std::string_view text) {
  const Result<std::vector<Token>> tokens = Tokenize(text);
  if (!tokens.ok()) return std::nullopt;
  TokenReader reader(text, *tokens);
  const Result<std::optional<OwnType>> own = TakeOwnType(reader);
  if (!own.ok()) return std::nullopt;
  std::string stand_in;
  std::optional<LogicalType> type;
  if (*own) {
    stand_in = (*own)->stand_in + " ";
    type = (*own)->type;
  }
  stand_in += text.substr(std::min(reader.Peek().begin, text.size()));
  Result<MysqlTypeSpec> spec = ParseMysqlType(stand_in);
  if (!spec.ok()) return std::nullopt;
  MysqlColumnDefinition definition;
  definition.name = "element";
  definition.type = *std::move(spec);
  const Result<Column> column = ColumnFromMysqlDefinition(definition, {MysqlFlavour::kMysql, "utf8mb4_bin"});
  if (!column.ok()) return std::nullopt;
  return type ? type : column->type;
}

// NOLINTNEXTLINE(misc-no-recursion): an element's type is read as a column's, and is no array
Result<OwnType> ArrayOf(const TokenReader& reader, std::string_view element) {
  Column column;
  const std::optional<LogicalType> type = ScalarType(element);
  if (!type) return reader.Unexpected("the type of one element");
  column.type = *type;
  if (type->kind == TypeKind::kArray || type->kind == TypeKind::kEnum || type->kind == TypeKind::kSet) {
    return Status(Code::kUnsupported,
                  "not supported: arrays of " + std::string(element) + "; ARRAY<T> holds arrays of any dimensions");
  }
  OwnType own;
  own.stand_in = "LONGTEXT";
  own.type.emplace().kind = TypeKind::kArray;
  own.name = std::string(kArrayPrefix) + OwnTypeName(column) + ">";
  return own;
}

// ARRAY<T>
// NOLINTNEXTLINE(misc-no-recursion): an element's type is read as a column's, and is no array
Result<std::optional<OwnType>> TakeArray(TokenReader& reader) {
  reader.Take();
  TRY(reader.ExpectSymbol("<"));
  const size_t begin = reader.Peek().begin;
  const size_t first = reader.at();
  size_t end = begin;
  while (!reader.AtEnd() && !reader.Peek().IsSymbol(">") && !reader.Peek().IsSymbol(">>")) end = reader.Take().end;
  if (reader.AtEnd()) return reader.Unexpected("'>'");
  const bool nested = reader.Peek().IsSymbol(">>");
  const size_t after = reader.at();
  reader.Rewind(first);  // errors show the element
  if (nested) {
    return Status(Code::kUnsupported, "not supported: arrays of arrays; ARRAY<T> holds arrays of any dimensions");
  }
  ASSIGN_OR_RETURN(OwnType own, ArrayOf(reader, reader.sql().substr(begin, end - begin)));
  reader.Rewind(after);
  reader.Take();
  return std::optional(std::move(own));
}

// T[], T[3], T[][]
// NOLINTNEXTLINE(misc-no-recursion): an element's type is read as a column's, and is no array
Result<std::optional<OwnType>> TakeBrackets(TokenReader& reader, size_t tokens) {
  const size_t begin = reader.Peek().begin;
  const size_t end = reader.Peek(tokens - 1).end;
  ASSIGN_OR_RETURN(OwnType own, ArrayOf(reader, reader.sql().substr(begin, end - begin)));
  for (size_t i = 0; i < tokens; ++i) reader.Take();
  while (reader.AcceptSymbol("[")) {
    if (reader.Peek().kind == TokenKind::kNumber) reader.Take();  // Postgres does not hold it either
    TRY(reader.ExpectSymbol("]"));
  }
  return std::optional(std::move(own));
}

bool MysqlKnows(std::string_view word) {
  const Result<MysqlTypeSpec> spec = ParseMysqlType(word);
  if (!spec.ok()) return false;
  MysqlColumnDefinition definition;
  definition.type = *spec;
  return ColumnFromMysqlDefinition(definition, {MysqlFlavour::kMysql, "utf8mb4_bin"}).ok();
}

}  // namespace

// NOLINTNEXTLINE(misc-no-recursion): an element's type is read as a column's, and is no array
Result<std::optional<OwnType>> TakeOwnType(TokenReader& reader) {
  const Token& type = reader.Peek();
  for (const std::string_view refused : kRefusedTypes) {
    if (!type.Is(refused)) continue;
    return Status(Code::kUnsupported,
                  "type " + std::string(refused) + " is not supported; JSON or STRING hold such values");
  }
  if (type.Is("ARRAY")) return TakeArray(reader);
  if (const size_t tokens = TokensOfType(reader); reader.Peek(tokens).IsSymbol("["))
    return TakeBrackets(reader, tokens);
  if (type.Is("TIME") || type.Is("TIMETZ")) return TakeTime(reader);
  if (type.Is("VARBIT") || (type.Is("BIT") && reader.Peek(1).Is("VARYING"))) return TakeBitString(reader);
  for (const Alias& known : kAliases) {
    if (!type.Is(known.name)) continue;
    reader.Take();
    OwnType own{std::string(known.mysql), std::nullopt, ""};
    if (known.kind) {
      own.type.emplace().kind = *known.kind;
      if (*known.kind == TypeKind::kInterval) own.type->precision = kFractionDigitsMax;
      own.name = ToLower(known.name == "BOOL" ? "BOOLEAN" : known.name);
    }
    return std::optional(std::move(own));
  }
  if (!type.IsIdentifier() || !MysqlKnows(type.value)) return reader.Unexpected("a column type");
  return std::optional<OwnType>();
}

std::string OwnTypeName(const Column& column) {
  const LogicalType& type = column.type;
  const auto sized = [](const char* name, uint32_t size) { return name + ("(" + std::to_string(size) + ")"); };
  switch (type.kind) {
    case TypeKind::kBool: return "boolean";
    case TypeKind::kUuid: return "uuid";
    case TypeKind::kInterval: return "interval";
    case TypeKind::kTimeOfDay: return sized("time", type.precision) + " without time zone";
    case TypeKind::kTimeTz: return sized("timetz", type.precision);
    case TypeKind::kBitString: return type.length == 0 ? "varbit" : sized("varbit", type.length);
    case TypeKind::kArray: return column.source_type.starts_with(kArrayPrefix) ? column.source_type : "array<string>";
    case TypeKind::kString:
      if (type.length == 0) return "longtext";
      break;
    default: break;
  }
  return LowerTypeName(type);
}

std::optional<LogicalType> ArrayElementType(const Column& column) {
  const std::string_view name = column.source_type;
  if (!name.starts_with(kArrayPrefix) || !name.ends_with('>')) return std::nullopt;
  return ScalarType(name.substr(kArrayPrefix.size(), name.size() - kArrayPrefix.size() - 1));
}

}  // namespace freshet
