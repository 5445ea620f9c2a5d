// SPDX-License-Identifier: Apache-2.0
#include "ddl/mysql_types.h"

#include <algorithm>
#include <array>
#include <utility>

#include "ddl/mysql_cursor.h"
#include "ddl/mysql_default.h"
#include "ddl/mysql_parse.h"

namespace freshet {
namespace {

uint32_t Argument(const MysqlTypeSpec& spec, size_t index, uint32_t otherwise) {
  return index < spec.arguments.size() ? spec.arguments[index] : otherwise;
}

Status Unsupported(const std::string& column, const std::string& type) {
  return Status(Code::kUnsupported, "column " + column + " has type " + type + ", which cannot be mirrored");
}

bool IsCharacterType(std::string_view name) {
  constexpr std::array<std::string_view, 8> kNames = {"char",       "varchar",  "tinytext", "text",
                                                      "mediumtext", "longtext", "enum",     "set"};
  return std::find(kNames.begin(), kNames.end(), name) != kNames.end();
}

// CHAR, VARCHAR and TEXT of character set binary are BINARY, VARBINARY and BLOB by another name.
std::string BinaryTwin(const std::string& name) {
  if (name == "char") return "binary";
  if (name == "varchar") return "varbinary";
  if (name == "enum" || name == "set" || !name.ends_with("text")) return name;
  return name.substr(0, name.size() - 4) + "blob";
}

std::optional<LogicalType> NumberType(const MysqlTypeSpec& spec) {
  constexpr std::array<std::pair<std::string_view, std::array<TypeKind, 2>>, 5> kIntegers = {{
      {"tinyint", {TypeKind::kInt8, TypeKind::kUint8}},
      {"smallint", {TypeKind::kInt16, TypeKind::kUint16}},
      {"mediumint", {TypeKind::kInt32, TypeKind::kUint32}},
      {"int", {TypeKind::kInt32, TypeKind::kUint32}},
      {"bigint", {TypeKind::kInt64, TypeKind::kUint64}},
  }};
  for (const auto& [name, kinds] : kIntegers) {
    if (spec.name == name) return LogicalType{.kind = kinds[spec.is_unsigned ? 1 : 0]};
  }
  if (spec.name == "double") return LogicalType{.kind = TypeKind::kFloat64};
  if (spec.name == "float") {
    // FLOAT(p) with p above 24 bits is a DOUBLE; FLOAT(m,d) is not.
    const bool wide = spec.arguments.size() == 1 && spec.arguments[0] > 24;
    return LogicalType{.kind = wide ? TypeKind::kFloat64 : TypeKind::kFloat32};
  }
  if (spec.name == "decimal") {
    LogicalType type{.kind = TypeKind::kDecimal};
    type.precision = static_cast<uint16_t>(Argument(spec, 0, 10));
    if (type.precision == 0) type.precision = 10;  // DECIMAL(0) means DECIMAL(10)
    type.scale = static_cast<uint16_t>(Argument(spec, 1, 0));
    return type.precision <= 65 && type.scale <= 38 && type.scale <= type.precision ? std::optional(type)
                                                                                    : std::nullopt;
  }
  if (spec.name == "bit") return LogicalType{.kind = TypeKind::kBitInt, .length = Argument(spec, 0, 1)};
  if (spec.name == "year") return LogicalType{.kind = TypeKind::kYear};
  return std::nullopt;
}

std::optional<LogicalType> TimeType(const MysqlTypeSpec& spec) {
  LogicalType type;
  type.precision = static_cast<uint16_t>(Argument(spec, 0, 0));
  if (spec.name == "date") return LogicalType{.kind = TypeKind::kDate};
  if (type.precision > 6) return std::nullopt;
  if (spec.name == "time") type.kind = TypeKind::kTimeSpan;
  if (spec.name == "datetime") type.kind = TypeKind::kDateTime;
  if (spec.name == "timestamp") type.kind = TypeKind::kTimestamp;
  return type.kind == TypeKind::kText ? std::nullopt : std::optional(type);
}

std::optional<LogicalType> StringType(const MysqlTypeSpec& spec) {
  const std::string& name = spec.name;
  const bool fixed = name == "char" || name == "binary";
  if (fixed || name == "varchar" || name == "varbinary") {
    const TypeKind kind = name.ends_with("binary") ? TypeKind::kBytes : TypeKind::kString;
    return LogicalType{.kind = kind, .length = Argument(spec, 0, 1), .fixed = fixed};
  }
  if (name == "enum" || name == "set") {
    LogicalType type{.kind = name == "enum" ? TypeKind::kEnum : TypeKind::kSet};
    type.labels = std::make_shared<const Labels>(spec.labels);
    return type;
  }
  for (const std::string_view size : {"tiny", "", "medium", "long"}) {
    if (name == std::string(size) + "text") return LogicalType{.kind = TypeKind::kString};
    if (name == std::string(size) + "blob") return LogicalType{.kind = TypeKind::kBytes};
  }
  return std::nullopt;
}

std::optional<LogicalType> OtherType(const MysqlTypeSpec& spec, MysqlFlavour flavour) {
  const bool mariadb = flavour == MysqlFlavour::kMariadb;
  if (spec.name == "json" && !mariadb) return LogicalType{.kind = TypeKind::kJson};
  if (spec.name == "uuid" && mariadb) return LogicalType{.kind = TypeKind::kUuid};
  if ((spec.name == "inet4" || spec.name == "inet6") && mariadb) return LogicalType{.kind = TypeKind::kText};
  return std::nullopt;
}

std::optional<LogicalType> TypeOf(const MysqlTypeSpec& spec, MysqlFlavour flavour) {
  if (auto type = NumberType(spec)) return type;
  if (auto type = TimeType(spec)) return type;
  if (auto type = StringType(spec)) return type;
  return OtherType(spec, flavour);
}

std::string QuoteLabels(const std::vector<std::string>& labels) {
  std::string text;
  for (const std::string& label : labels) {
    text += text.empty() ? "'" : ",'";
    for (const char c : label) {
      if (c == '\'') text += '\'';
      text += c;
    }
    text += '\'';
  }
  return text;
}

// The server's own spelling, without display widths (gone since 8.0.19, so that versions agree).
std::string SourceTypeName(const MysqlTypeSpec& spec, const LogicalType& type) {
  std::string name = spec.name;
  const bool sized = type.length > 0;
  if (type.kind == TypeKind::kDecimal) {
    name += "(" + std::to_string(type.precision) + "," + std::to_string(type.scale) + ")";
  } else if (name == "tinyint" && !spec.is_unsigned && Argument(spec, 0, 0) == 1) {
    name += "(1)";
  } else if (name == "float" && type.kind == TypeKind::kFloat64) {
    name = "double";
  } else if ((name == "float" || name == "double") && spec.arguments.size() == 2) {
    name += "(" + std::to_string(spec.arguments[0]) + "," + std::to_string(spec.arguments[1]) + ")";
  } else if (type.labels) {
    name += "(" + QuoteLabels(spec.labels) + ")";
  } else if (sized || type.precision > 0) {
    name += "(" + std::to_string(sized ? type.length : type.precision) + ")";
  }
  return spec.is_unsigned ? name + " unsigned" : name;
}

// TEXT(n) and BLOB(n) choose the smallest member of the family that holds n characters of up to
// `character_bytes`; the server keeps no n.
void SizeTextFamily(MysqlTypeSpec& spec, uint32_t character_bytes) {
  if ((spec.name != "text" && spec.name != "blob") || spec.arguments.empty()) return;
  const uint64_t bytes = uint64_t{spec.arguments[0]} * character_bytes;
  const std::string_view size = bytes < 256 ? "tiny" : bytes < 65'536 ? "" : bytes < 16'777'216 ? "medium" : "long";
  if (spec.arguments[0] != 0) spec.name = std::string(size) + spec.name;
  spec.arguments.clear();
}

uint32_t CharacterBytes(std::string_view charset) {
  if (charset == "utf8mb4" || charset == "utf16" || charset == "utf16le" || charset == "utf32" ||
      charset == "gb18030") {
    return 4;
  }
  if (charset.starts_with("utf8") || charset == "ujis" || charset == "eucjpms") return 3;
  if (charset == "ucs2" || charset == "big5" || charset == "gbk" || charset == "gb2312" || charset == "euckr" ||
      charset == "sjis" || charset == "cp932") {
    return 2;
  }
  return 1;
}

// Everything after the type text and the character set are known.
Result<Column> MakeColumn(std::string name, MysqlTypeSpec spec, MysqlFlavour flavour) {
  if (spec.name == "json" && flavour == MysqlFlavour::kMariadb) {
    spec.name = "longtext";  // an alias there: LONGTEXT utf8mb4_bin with a CHECK
    spec.collation = "utf8mb4_bin";
  }
  if (spec.collation == "binary") spec.name = BinaryTwin(spec.name);
  SizeTextFamily(spec, CharacterBytes(MysqlCharsetOfCollation(spec.collation)));
  const auto type = TypeOf(spec, flavour);
  if (!type) return Unsupported(name, spec.name);
  Column column;
  column.name = std::move(name);
  column.type = *type;
  column.source_type = SourceTypeName(spec, *type);
  if (IsCharacterType(spec.name)) column.collation = spec.collation;
  return column;
}

void SetInsertDefault(const MysqlTypeSpec& spec, const MysqlDefault& value, Column& column) {
  const bool literal = value.kind != MysqlDefault::Kind::kNone && value.kind != MysqlDefault::Kind::kNull;
  // FLOAT(m,d) rounds what it stores.
  const bool rounds = (spec.name == "float" || spec.name == "double") && spec.arguments.size() == 2;
  if (literal && !rounds) column.insert_default = LiteralDefaultText(column.type, value);
}

// MySQL prints literals bare; binary ones as 0x.. since 8.0, BIT as b'..' always.
MysqlDefault MysqlFactsDefault(const std::string& text, const LogicalType& type, const std::string& extra) {
  using Kind = MysqlDefault::Kind;
  const std::string lower = LowerAscii(text);
  if (extra.find("default_generated") != std::string::npos) return {Kind::kExpression, text, ""};
  const bool clock = type.kind == TypeKind::kDateTime || type.kind == TypeKind::kTimestamp;
  if (clock && lower.starts_with("current_timestamp")) return {Kind::kExpression, text, ""};
  const bool binary = (type.kind == TypeKind::kBytes && lower.starts_with("0x")) || type.kind == TypeKind::kBitInt;
  if (!binary) return {Kind::kString, text, ""};
  return ParseMariadbDefault(text);
}

bool ContainsWord(const std::string& lower_text, std::string_view word) {
  return lower_text.find(word) != std::string::npos;
}

}  // namespace

Result<Column> ColumnFromMysqlFacts(const MysqlColumnFacts& facts, MysqlFlavour flavour) {
  auto parsed = ParseMysqlType(facts.column_type);
  if (!parsed.ok()) return Unsupported(facts.column_name, facts.column_type);
  MysqlTypeSpec spec = std::move(parsed).value();
  if (IsCharacterType(spec.name)) spec.collation = LowerAscii(facts.collation_name);
  ASSIGN_OR_RETURN(Column column, MakeColumn(facts.column_name, spec, flavour));
  const std::string extra = LowerAscii(facts.extra);
  column.nullable = facts.is_nullable;
  column.comment = facts.column_comment;
  column.generated =
      ContainsWord(extra, "virtual") || ContainsWord(extra, "stored") || ContainsWord(extra, "persistent");
  if (facts.column_default && !column.generated) {
    const MysqlDefault value = flavour == MysqlFlavour::kMariadb
                                   ? ParseMariadbDefault(*facts.column_default)
                                   : MysqlFactsDefault(*facts.column_default, column.type, extra);
    SetInsertDefault(spec, value, column);
  }
  return column;
}

Result<Column> ColumnFromMysqlDefinition(const MysqlColumnDefinition& definition, const MysqlColumnContext& context) {
  MysqlTypeSpec spec = definition.type;
  if (IsCharacterType(spec.name)) {
    if (spec.charset == "utf8") spec.charset = "utf8mb3";
    if (spec.collation.empty()) {
      spec.collation =
          spec.charset.empty() ? context.default_collation : MysqlDefaultCollation(spec.charset, context.flavour);
    }
    if (spec.collation.empty()) {
      return Status(Code::kInvalid, "the character set of column " + definition.name + " is not known");
    }
  }
  ASSIGN_OR_RETURN(Column column, MakeColumn(definition.name, spec, context.flavour));
  column.nullable = definition.nullable.value_or(!definition.primary_key) && !definition.auto_increment;
  column.comment = definition.comment;
  column.generated = definition.generated;
  if (!column.generated) SetInsertDefault(spec, definition.default_value, column);
  return column;
}

std::string MysqlDefaultCollation(std::string_view charset, MysqlFlavour flavour) {
  if (charset == "binary") return "binary";
  if (charset == "utf8mb4") return flavour == MysqlFlavour::kMysql ? "utf8mb4_0900_ai_ci" : "utf8mb4_general_ci";
  constexpr std::array<std::pair<std::string_view, std::string_view>, 16> kOdd = {{
      {"latin1", "latin1_swedish_ci"},
      {"ujis", "ujis_japanese_ci"},
      {"sjis", "sjis_japanese_ci"},
      {"big5", "big5_chinese_ci"},
      {"gb2312", "gb2312_chinese_ci"},
      {"gbk", "gbk_chinese_ci"},
      {"euckr", "euckr_korean_ci"},
      {"swe7", "swe7_swedish_ci"},
      {"tis620", "tis620_thai_ci"},
      {"dec8", "dec8_swedish_ci"},
      {"hp8", "hp8_english_ci"},
      {"cp932", "cp932_japanese_ci"},
      {"eucjpms", "eucjpms_japanese_ci"},
      {"gb18030", "gb18030_chinese_ci"},
      {"utf8", "utf8mb3_general_ci"},
      {"utf8mb3", "utf8mb3_general_ci"},
  }};
  for (const auto& [name, collation] : kOdd) {
    if (name == charset) return std::string(collation);
  }
  constexpr std::array<std::string_view, 24> kGeneral = {
      "ascii",  "latin2",   "latin5",  "latin7", "utf16",    "utf16le", "utf32",  "ucs2",
      "cp850",  "cp852",    "cp866",   "cp1250", "cp1251",   "cp1256",  "cp1257", "greek",
      "hebrew", "armscii8", "keybcs2", "macce",  "macroman", "geostd8", "koi8r",  "koi8u"};
  const bool known = std::find(kGeneral.begin(), kGeneral.end(), charset) != kGeneral.end();
  return known ? std::string(charset) + "_general_ci" : std::string();
}

std::string MysqlCharsetOfCollation(std::string_view collation) {
  return std::string(collation.substr(0, collation.find('_')));
}

}  // namespace freshet
