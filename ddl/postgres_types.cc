// SPDX-License-Identifier: Apache-2.0
#include "ddl/postgres_types.h"

namespace freshet {
namespace {

// typmod of sized character types counts the four bytes of a length word.
constexpr int32_t kTypmodHeader = 4;

// pg_type.dat; fixed for ever by the server project.
enum Oid : uint32_t {
  kBoolOid = 16,
  kByteaOid = 17,
  kNameOid = 19,
  kInt8Oid = 20,
  kInt2Oid = 21,
  kInt4Oid = 23,
  kTextOid = 25,
  kJsonOid = 114,
  kFloat4Oid = 700,
  kFloat8Oid = 701,
  kBpcharOid = 1042,
  kVarcharOid = 1043,
  kDateOid = 1082,
  kTimeOid = 1083,
  kTimestampOid = 1114,
  kTimestamptzOid = 1184,
  kIntervalOid = 1186,
  kTimetzOid = 1266,
  kBitOid = 1560,
  kVarbitOid = 1562,
  kNumericOid = 1700,
  kUuidOid = 2950,
  kJsonbOid = 3802,
};

// typmod := (precision << 16 | scale in 11 bits, two's complement) + 4
LogicalType NumericType(int32_t typmod) {
  if (typmod < kTypmodHeader) return {.kind = TypeKind::kNumeric};
  const int32_t packed = typmod - kTypmodHeader;
  const int32_t precision = packed >> 16 & 0xffff;
  const int32_t scale = ((packed & 0x7ff) ^ 1024) - 1024;
  // Negative or excess scales (since 15) have no fixed-point form.
  if (scale < 0 || scale > precision) return {.kind = TypeKind::kNumeric};
  return {
      .kind = TypeKind::kDecimal, .precision = static_cast<uint16_t>(precision), .scale = static_cast<uint16_t>(scale)};
}

LogicalType SizedString(int32_t typmod, bool fixed) {
  const uint32_t length = typmod < kTypmodHeader ? 0 : static_cast<uint32_t>(typmod - kTypmodHeader);
  return {.kind = TypeKind::kString, .length = length, .fixed = fixed && length > 0};
}

LogicalType Fractional(TypeKind kind, int32_t precision) {
  return {.kind = kind, .precision = static_cast<uint16_t>(precision < 0 || precision > 6 ? 6 : precision)};
}

LogicalType BaseType(uint32_t oid, int32_t typmod) {
  switch (oid) {
    case kBoolOid: return {.kind = TypeKind::kBool};
    case kByteaOid: return {.kind = TypeKind::kBytes};
    case kNameOid:
    case kTextOid: return {.kind = TypeKind::kString};
    case kInt2Oid: return {.kind = TypeKind::kInt16};
    case kInt4Oid: return {.kind = TypeKind::kInt32};
    case kInt8Oid: return {.kind = TypeKind::kInt64};
    case kFloat4Oid: return {.kind = TypeKind::kFloat32};
    case kFloat8Oid: return {.kind = TypeKind::kFloat64};
    case kNumericOid: return NumericType(typmod);
    case kBpcharOid: return SizedString(typmod, true);
    case kVarcharOid: return SizedString(typmod, false);
    case kDateOid: return {.kind = TypeKind::kDate};
    case kTimeOid: return Fractional(TypeKind::kTimeOfDay, typmod);
    case kTimetzOid: return Fractional(TypeKind::kTimeTz, typmod);
    case kTimestampOid: return Fractional(TypeKind::kDateTime, typmod);
    case kTimestamptzOid: return Fractional(TypeKind::kTimestamp, typmod);
    // typmod := field mask << 16 | precision
    case kIntervalOid: return Fractional(TypeKind::kInterval, typmod < 0 ? -1 : typmod & 0xffff);
    case kUuidOid: return {.kind = TypeKind::kUuid};
    case kJsonOid:
    case kJsonbOid: return {.kind = TypeKind::kJson};
    case kBitOid:
    case kVarbitOid:
      return {.kind = TypeKind::kBitString,
              .length = typmod < 0 ? 0 : static_cast<uint32_t>(typmod),
              .fixed = oid == kBitOid};
    default: return {.kind = TypeKind::kText};
  }
}

}  // namespace

Result<LogicalType> TypeFromPostgres(const PostgresTypeFacts& facts) {
  const bool domain = facts.typtype == 'd';
  const char typtype = domain ? facts.base_typtype : facts.typtype;
  const char category = domain ? facts.base_typcategory : facts.typcategory;
  const uint32_t oid = domain ? facts.base_oid : facts.type_oid;
  // A domain over varchar(20) has its own typmod of -1.
  const int32_t typmod = domain ? facts.base_typmod : facts.typmod;
  if (typtype == 'p' || oid == 0) {
    return Status(Code::kUnsupported, "type " + facts.type_name + " cannot be mirrored");
  }
  if (typtype == 'e') {
    LogicalType type{.kind = TypeKind::kEnum};
    type.labels = std::make_shared<const Labels>(facts.enum_labels);
    return type;
  }
  if (category == 'A') return LogicalType{.kind = TypeKind::kArray};
  if (facts.type_name == "citext" || facts.type_name.ends_with(".citext")) {
    return LogicalType{.kind = TypeKind::kString};
  }
  return BaseType(oid, typmod);
}

}  // namespace freshet
