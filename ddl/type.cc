// SPDX-License-Identifier: Apache-2.0
#include "ddl/type.h"

#include <string_view>

namespace freshet {
namespace {

std::string WithLength(std::string_view name, uint32_t length) {
  return std::string(name) + "(" + std::to_string(length) + ")";
}

std::string WithFraction(std::string_view name, unsigned precision) {
  return precision == 0 ? std::string(name) : WithLength(name, precision);
}

std::string WithLabels(std::string_view name, const std::shared_ptr<const Labels>& labels) {
  std::string text(name);
  text += '(';
  for (const std::string& label : labels ? *labels : Labels()) {
    if (text.back() != '(') text += ',';
    text += '\'';
    for (const char c : label) {
      if (c == '\'') text += '\'';
      text += c;
    }
    text += '\'';
  }
  return text + ')';
}

// VARCHAR holds at most 65,535 bytes, 16,383 characters of utf8mb4.
constexpr uint32_t kVarcharCharactersMax = 16'383;
constexpr uint32_t kVarbinaryBytesMax = 65'535;

std::string StringName(const LogicalType& type) {
  if (type.length == 0 || type.length > kVarcharCharactersMax) return "LONGTEXT";
  return WithLength(type.fixed && type.length <= 255 ? "CHAR" : "VARCHAR", type.length);
}

std::string BytesName(const LogicalType& type) {
  if (type.length == 0 || type.length > kVarbinaryBytesMax) return "LONGBLOB";
  return WithLength(type.fixed && type.length <= 255 ? "BINARY" : "VARBINARY", type.length);
}

}  // namespace

std::string MysqlTypeName(const LogicalType& type) {
  switch (type.kind) {
    case TypeKind::kBool: return "TINYINT(1)";
    case TypeKind::kInt8: return "TINYINT";
    case TypeKind::kInt16: return "SMALLINT";
    case TypeKind::kInt32: return "INT";
    case TypeKind::kInt64: return "BIGINT";
    case TypeKind::kUint8: return "TINYINT UNSIGNED";
    case TypeKind::kUint16: return "SMALLINT UNSIGNED";
    case TypeKind::kUint32: return "INT UNSIGNED";
    case TypeKind::kUint64: return "BIGINT UNSIGNED";
    case TypeKind::kFloat32: return "FLOAT";
    case TypeKind::kFloat64: return "DOUBLE";
    case TypeKind::kDecimal:
      return "DECIMAL(" + std::to_string(type.precision) + "," + std::to_string(type.scale) + ")";
    case TypeKind::kNumeric: return "LONGTEXT";
    case TypeKind::kString: return StringName(type);
    case TypeKind::kBytes: return BytesName(type);
    case TypeKind::kDate: return "DATE";
    case TypeKind::kTimeOfDay:
    case TypeKind::kTimeSpan: return WithFraction("TIME", type.precision);
    case TypeKind::kTimeTz: return "VARCHAR(32)";
    case TypeKind::kDateTime: return WithFraction("DATETIME", type.precision);
    case TypeKind::kTimestamp: return WithFraction("TIMESTAMP", type.precision);
    case TypeKind::kYear: return "YEAR";
    case TypeKind::kInterval: return "VARCHAR(64)";
    case TypeKind::kUuid: return "CHAR(36)";
    case TypeKind::kJson: return "JSON";
    case TypeKind::kEnum: return WithLabels("ENUM", type.labels);
    case TypeKind::kSet: return WithLabels("SET", type.labels);
    case TypeKind::kBitInt: return WithLength("BIT", type.length == 0 ? 1 : type.length);
    case TypeKind::kBitString:
    case TypeKind::kArray:
    case TypeKind::kText: return "LONGTEXT";
  }
  return "LONGTEXT";  // a kind from a newer store
}

}  // namespace freshet
