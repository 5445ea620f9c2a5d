// SPDX-License-Identifier: Apache-2.0
#include "sql/table_values.h"

#include <algorithm>
#include <optional>

#include "sql/file_readers.h"
#include "sql/token.h"
#include "sql/vector_reader.h"

namespace freshet {

namespace {

using Kind = WrittenValue::Kind;

std::string BlobSql(std::string_view bytes) {
  std::string blob = "'";
  for (const char c : bytes) {
    blob += "\\x";
    blob += "0123456789ABCDEF"[static_cast<uint8_t>(c) >> 4];
    blob += "0123456789ABCDEF"[static_cast<uint8_t>(c) & 15];
  }
  return blob + "'::BLOB";
}

std::string TextSql(const std::string& text) {
  // A NUL byte would end the statement's text.
  return text.find('\0') == std::string::npos ? QuoteLiteral(text) : "decode(" + BlobSql(text) + ")";
}

bool IsIntegerKind(TypeKind kind) {
  return (kind >= TypeKind::kBool && kind <= TypeKind::kUint64) || kind == TypeKind::kBitInt ||
         kind == TypeKind::kDecimal;
}

// x'4142' where a number is wanted is the big-endian one.
std::optional<std::string> NumberOfBytes(std::string_view bytes) {
  if (bytes.size() > 8) return std::nullopt;
  uint64_t number = 0;
  for (const char c : bytes) number = number << 8 | static_cast<uint8_t>(c);
  return std::to_string(number);
}

// An expression of SQL type CastTypeName(column.type), NULL when the value does not fit. kInvalid "column a: .." when
// it is known already that it does not.
Result<std::string> LiteralSql(const WrittenValue& value, const Column& column) {
  CHECK(value.kind != Kind::kExpression && value.kind != Kind::kDefault);
  const std::string type = CastTypeName(column.type);
  if (value.kind == Kind::kNull) return "CAST(NULL AS " + type + ")";
  if (column.type.kind == TypeKind::kBytes) return BlobSql(value.text);
  std::string text = value.text;
  if (value.kind == Kind::kBytes && IsIntegerKind(column.type.kind)) {
    const std::optional<std::string> number = NumberOfBytes(value.text);
    if (!number)
      return Status(Code::kInvalid, "column " + column.name + ": value does not fit " + MysqlTypeName(column.type));
    text = *number;
  } else if (ValidUtf8Prefix(text) != text.size()) {
    return Status(Code::kInvalid, "column " + column.name + ": text is not UTF-8");
  }
  if (type == "VARCHAR") return TextSql(text);
  return "TRY_CAST(" + TextSql(text) + " AS " + type + ")";
}

}  // namespace

Result<CastedQuery> LiteralRows(std::span<const std::vector<WrittenValue>> rows, const TableSchema& schema,
                                const std::vector<uint32_t>& targets) {
  CastedQuery query;
  std::string list;
  std::string names;
  std::string marks;
  for (size_t i = 0; i < targets.size(); ++i) {
    const std::string name = "c" + std::to_string(i);
    list += name + ", ";
    names += name + ", ";
    marks += " WHEN " + name + " IS NULL AND substr(given, " + std::to_string(i + 1) + ", 1) = '1' THEN " +
             std::to_string(i);
    query.from.push_back("value");
  }
  query.marks = !targets.empty();
  query.sql = "SELECT " + list + (marks.empty() ? "-1" : "CASE" + marks + " ELSE -1 END") + " FROM (VALUES ";
  for (size_t row = 0; row < rows.size(); ++row) {
    query.sql += row > 0 ? ", (" : "(";
    std::string given;
    for (size_t i = 0; i < targets.size(); ++i) {
      ASSIGN_OR_RETURN(const std::string value, LiteralSql(rows[row][i], schema.columns[targets[i]]));
      query.sql += value + ", ";
      given += rows[row][i].kind == Kind::kNull ? '0' : '1';
    }
    query.sql += "'" + given + "')";
  }
  query.sql += ") AS written(" + names + "given)";
  return query;
}

bool IsPlainRow(const std::vector<WrittenValue>& row) {
  return std::none_of(row.begin(), row.end(),
                      [](const WrittenValue& v) { return v.kind == Kind::kExpression || v.kind == Kind::kDefault; });
}

}  // namespace freshet
