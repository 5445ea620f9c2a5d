// SPDX-License-Identifier: Apache-2.0
#include "cdc/mysql/column_plan.h"

#include <strings.h>

#include "cdc/mysql/decimal.h"

namespace freshet {
namespace {

struct IntShape {
  MysqlType type;
  uint8_t size_bytes;
};
constexpr IntShape kInts[] = {
    {MysqlType::kTiny, 1}, {MysqlType::kShort, 2},    {MysqlType::kInt24, 3},
    {MysqlType::kLong, 4}, {MysqlType::kLongLong, 8},
};

uint8_t IntBytes(MysqlType type) {
  for (const IntShape& shape : kInts) {
    if (shape.type == type) return shape.size_bytes;
  }
  return 0;
}

// Sizes in bytes that the log may use for a schema type; 3 and 4 are both 32-bit kinds.
bool IntFits(TypeKind kind, uint8_t size_bytes, bool* is_unsigned) {
  *is_unsigned =
      kind == TypeKind::kUint8 || kind == TypeKind::kUint16 || kind == TypeKind::kUint32 || kind == TypeKind::kUint64;
  switch (kind) {
    case TypeKind::kBool:
    case TypeKind::kInt8:
    case TypeKind::kUint8: return size_bytes == 1;
    case TypeKind::kInt16:
    case TypeKind::kUint16: return size_bytes == 2;
    case TypeKind::kInt32:
    case TypeKind::kUint32: return size_bytes == 3 || size_bytes == 4;
    case TypeKind::kInt64:
    case TypeKind::kUint64: return size_bytes == 8;
    default: return false;
  }
}

bool PlanInt(const TableMapColumn& logged, const Column& column, ColumnPlan* plan) {
  bool is_unsigned = false;
  plan->size_bytes = IntBytes(logged.type);
  if (!IntFits(column.type.kind, plan->size_bytes, &is_unsigned)) return false;
  if (logged.has_sign && logged.is_unsigned != is_unsigned) return false;
  plan->form = is_unsigned ? WireForm::kUint : WireForm::kInt;
  return true;
}

bool PlanDecimal(const TableMapColumn& logged, const Column& column, ColumnPlan* plan) {
  plan->precision = logged.meta;
  plan->scale = static_cast<uint16_t>(logged.length);
  const size_t size = PackedDecimalBytes({plan->precision, plan->scale});
  plan->size_bytes = static_cast<uint8_t>(size);
  plan->form = plan->precision <= kDecimalIntPrecisionMax ? WireForm::kDecimalInt : WireForm::kDecimalText;
  return size != 0 && column.type.kind == TypeKind::kDecimal && column.type.precision == plan->precision &&
         column.type.scale == plan->scale;
}

bool PlanTemporal(const TableMapColumn& logged, const Column& column, ColumnPlan* plan) {
  const TypeKind kind = column.type.kind;
  const bool has_fraction =
      logged.type == MysqlType::kTime2 || logged.type == MysqlType::kDateTime2 || logged.type == MysqlType::kTimestamp2;
  plan->precision = has_fraction ? logged.meta : 0;
  constexpr uint16_t kFractionDigitsMax = 6;
  if (plan->precision > kFractionDigitsMax) return false;
  if (kind != TypeKind::kDate && kind != TypeKind::kYear && column.type.precision != plan->precision) return false;
  const uint8_t fraction_bytes = static_cast<uint8_t>((plan->precision + 1) / 2);
  const auto set = [&](TypeKind wanted, WireForm form, uint8_t size_bytes) {
    plan->form = form;
    plan->size_bytes = size_bytes;
    return kind == wanted;
  };
  switch (logged.type) {
    case MysqlType::kDate: return set(TypeKind::kDate, WireForm::kDate, 3);
    case MysqlType::kYear: return set(TypeKind::kYear, WireForm::kYear, 1);
    case MysqlType::kTime: return set(TypeKind::kTimeSpan, WireForm::kOldTime, 3);
    case MysqlType::kDateTime: return set(TypeKind::kDateTime, WireForm::kOldDateTime, 8);
    case MysqlType::kTimestamp: return set(TypeKind::kTimestamp, WireForm::kOldTimestamp, 4);
    case MysqlType::kTime2: return set(TypeKind::kTimeSpan, WireForm::kTime2, static_cast<uint8_t>(3 + fraction_bytes));
    case MysqlType::kDateTime2:
      return set(TypeKind::kDateTime, WireForm::kDateTime2, static_cast<uint8_t>(5 + fraction_bytes));
    default: return set(TypeKind::kTimestamp, WireForm::kTimestamp2, static_cast<uint8_t>(4 + fraction_bytes));
  }
}

bool PlanLabels(const TableMapColumn& logged, const Column& column, ColumnPlan* plan) {
  const bool is_enum = logged.type == MysqlType::kEnum;
  plan->form = is_enum ? WireForm::kEnum : WireForm::kSet;
  plan->size_bytes = logged.meta;
  plan->labels = column.type.labels.get();
  if (plan->labels == nullptr || column.type.kind != (is_enum ? TypeKind::kEnum : TypeKind::kSet)) return false;
  const size_t count = plan->labels->size();
  size_t expected = count < 256 ? 1 : 2;
  if (!is_enum) {
    expected = (count + 7) / 8;
    if (expected > 4) expected = 8;
  }
  return logged.meta == expected;
}

bool IsSourceType(const Column& column, const char* name) {
  return strncasecmp(column.source_type.c_str(), name, std::char_traits<char>::length(name)) == 0;
}

Result<bool> PlanString(const TableMapColumn& logged, const Column& column, CharsetCache& charsets, ColumnPlan* plan) {
  constexpr uint8_t kPrefixBytesMax = 4;
  plan->size_bytes = logged.meta;
  if (logged.meta == 0 || logged.meta > kPrefixBytesMax) return false;
  plan->length = column.type.length;
  const bool is_char = logged.type == MysqlType::kString;
  const bool is_json = logged.type == MysqlType::kJson;
  switch (column.type.kind) {
    case TypeKind::kString:
    case TypeKind::kJson: {
      if (is_json != (column.type.kind == TypeKind::kJson) && is_json) return false;
      if (is_json) {
        plan->form = WireForm::kJson;
        return true;
      }
      ASSIGN_OR_RETURN(plan->charset, charsets.Get(CharsetOfCollation(column.collation)));
      plan->form = is_char                    ? WireForm::kCharText
                   : plan->charset->is_utf8() ? WireForm::kText
                                              : WireForm::kTranscodedText;
      return is_char == column.type.fixed;
    }
    case TypeKind::kBytes:
      plan->form = is_char ? WireForm::kPaddedBytes : WireForm::kBytes;
      return !is_json && is_char == column.type.fixed;
    case TypeKind::kUuid:
      plan->form = WireForm::kPaddedBytes;
      plan->length = 16;
      return is_char && logged.length == 16;
    case TypeKind::kText:
      plan->form = IsSourceType(column, "inet6") ? WireForm::kInet6 : WireForm::kInet4;
      return is_char && (IsSourceType(column, "inet6") ? logged.length == 16
                                                       : IsSourceType(column, "inet4") && logged.length == 4);
    default: return false;
  }
}

Result<bool> PlanColumn(const TableMapColumn& logged, const Column& column, CharsetCache& charsets, ColumnPlan* plan) {
  const TypeKind kind = column.type.kind;
  switch (logged.type) {
    case MysqlType::kTiny:
    case MysqlType::kShort:
    case MysqlType::kInt24:
    case MysqlType::kLong:
    case MysqlType::kLongLong: return PlanInt(logged, column, plan);
    case MysqlType::kFloat: *plan = {.form = WireForm::kFloat, .size_bytes = 4}; return kind == TypeKind::kFloat32;
    case MysqlType::kDouble: *plan = {.form = WireForm::kDouble, .size_bytes = 8}; return kind == TypeKind::kFloat64;
    case MysqlType::kNewDecimal: return PlanDecimal(logged, column, plan);
    case MysqlType::kDate:
    case MysqlType::kYear:
    case MysqlType::kTime:
    case MysqlType::kDateTime:
    case MysqlType::kTimestamp:
    case MysqlType::kTime2:
    case MysqlType::kDateTime2:
    case MysqlType::kTimestamp2: return PlanTemporal(logged, column, plan);
    case MysqlType::kBit:
      *plan = {.form = WireForm::kBit, .size_bytes = static_cast<uint8_t>((logged.length + 7) / 8)};
      return kind == TypeKind::kBitInt && logged.length <= 64 && column.type.length == logged.length;
    case MysqlType::kEnum:
    case MysqlType::kSet: return PlanLabels(logged, column, plan);
    case MysqlType::kVarchar:
    case MysqlType::kVarString:
    case MysqlType::kString:
    case MysqlType::kBlob:
    case MysqlType::kGeometry:
    case MysqlType::kVector:
    case MysqlType::kJson: return PlanString(logged, column, charsets, plan);
    case MysqlType::kMariadbBlobCompressed:
    case MysqlType::kMariadbVarcharCompressed: return false;
  }
  return false;
}

// How many bytes an excluded column takes, whatever the schema says of it.
Result<bool> PlanExcluded(const TableMapColumn& logged, ColumnPlan* plan) {
  switch (logged.type) {
    case MysqlType::kTiny:
    case MysqlType::kShort:
    case MysqlType::kInt24:
    case MysqlType::kLong:
    case MysqlType::kLongLong: *plan = {.form = WireForm::kUint, .size_bytes = IntBytes(logged.type)}; return true;
    case MysqlType::kEnum:
    case MysqlType::kSet: *plan = {.form = WireForm::kUint, .size_bytes = logged.meta}; return true;
    case MysqlType::kVarchar:
    case MysqlType::kVarString:
    case MysqlType::kString:
    case MysqlType::kBlob:
    case MysqlType::kGeometry:
    case MysqlType::kVector:
    case MysqlType::kJson:
    case MysqlType::kMariadbBlobCompressed: *plan = {.form = WireForm::kBytes, .size_bytes = logged.meta}; return true;
    case MysqlType::kMariadbVarcharCompressed:
      *plan = {.form = WireForm::kBytes, .size_bytes = logged.meta};
      return true;
    default: break;
  }
  // The other families work out their size before they compare kinds; that the kind differs does not matter.
  Column any;
  any.type.precision = logged.meta;
  CharsetCache none;
  TRY(PlanColumn(logged, any, none, plan).status());
  return plan->size_bytes != 0;
}

}  // namespace

Result<const Charset*> CharsetCache::Get(const std::string& name) {
  if (const auto found = charsets_.find(name); found != charsets_.end()) return found->second.get();
  ASSIGN_OR_RETURN(std::shared_ptr<const Charset> made, Charset::Make(name));
  return charsets_.emplace(name, std::move(made)).first->second.get();
}

Result<std::vector<ColumnPlan>> MakeColumnPlans(const TableMap& map, const TableSchema& schema,
                                                CharsetCache& charsets) {
  const auto mismatch = [&](const std::string& what) {
    return Status(Code::kUnsupported, "the log's " + schema.name.ToString() +
                                          " does not have the known shape: " + what + "; a schema change was not seen");
  };
  if (map.columns.size() != schema.columns.size()) {
    return mismatch(std::to_string(map.columns.size()) + " columns, " + std::to_string(schema.columns.size()) +
                    " expected");
  }
  std::vector<ColumnPlan> plans(map.columns.size());
  for (size_t i = 0; i < plans.size(); ++i) {
    const Column& column = schema.columns[i];
    if (!map.names.empty() && strcasecmp(map.names[i].c_str(), column.name.c_str()) != 0) {
      return mismatch("column " + map.names[i] + " where " + column.name + " was expected");
    }
    ASSIGN_OR_RETURN(const bool fits, column.excluded ? PlanExcluded(map.columns[i], &plans[i])
                                                      : PlanColumn(map.columns[i], column, charsets, &plans[i]));
    if (!fits) {
      return mismatch("column " + column.name + " is logged as type " +
                      std::to_string(static_cast<int>(map.columns[i].type)) + ", expected " +
                      (column.source_type.empty() ? MysqlTypeName(column.type) : column.source_type));
    }
    plans[i].excluded = column.excluded;
  }
  return plans;
}

}  // namespace freshet
