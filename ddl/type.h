// SPDX-License-Identifier: Apache-2.0
// LogicalType: what a column means, the same for every source. The comment at each kind fixes the one
// canonical cell form: snapshot and log decoding must produce it bit for bit, storage keeps it, the SQL
// side reads it. docs/types.md lists which source types map to which kind.
//
// Escape rule: a value outside the kind's natural form (MySQL zero or partial dates, NaN in a
// NUMERIC(p,s)) is a Bytes cell holding the source's canonical text. For kinds whose natural cell is
// Bytes there is no escape. Storage keeps escapes exactly; the SQL side never turns them into NULL in
// silence.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace freshet {

// Persisted: add at the end, never renumber.
enum class TypeKind : uint8_t {
  kBool = 1,        // Int 0 or 1
  kInt8 = 2,        // Int
  kInt16 = 3,       // Int
  kInt32 = 4,       // Int (MEDIUMINT too)
  kInt64 = 5,       // Int
  kUint8 = 6,       // Uint
  kUint16 = 7,      // Uint
  kUint32 = 8,      // Uint (MEDIUMINT UNSIGNED too)
  kUint64 = 9,      // Uint
  kFloat32 = 10,    // Double holding the float's exact value
  kFloat64 = 11,    // Double
  kDecimal = 12,    // precision, scale known. precision <= 18: Int, the unscaled value (12.30 at scale 2
                    //   is 1230). Else Bytes: text with exactly `scale` fraction digits, "-" only below
                    //   zero, no leading zeros but the one before the point. Escape: "NaN".
  kNumeric = 13,    // unconstrained NUMERIC: Bytes, the source's text ("1.500", "NaN", "Infinity")
  kString = 14,     // Bytes, UTF-8 (any character type; CHAR(n) without trailing spaces for MySQL, with
                    //   them for Postgres bpchar, as each server prints it)
  kBytes = 15,      // Bytes, raw. BINARY(n) is padded with NULs to n.
  kDate = 16,       // Int, days since 1970-01-01, proleptic Gregorian. Postgres -infinity/infinity:
                    //   kNegativeInfinity/kPositiveInfinity. Escape: MySQL zero or partial date text.
  kTimeOfDay = 17,  // Int, microseconds since midnight, 0 to 24:00:00 inclusive (Postgres time)
  kTimeSpan = 18,   // Int, signed microseconds (MySQL TIME, -838:59:59.999999 to 838:59:59.999999)
  kTimeTz = 19,     // Bytes: Postgres text "08:30:00.5+02"
  kDateTime = 20,   // Int, microseconds since 1970-01-01 00:00:00 without zone (MySQL DATETIME, Postgres
                    //   timestamp). Infinities and escape as kDate.
  kTimestamp = 21,  // Int, microseconds since 1970-01-01 00:00:00 UTC (MySQL TIMESTAMP, Postgres
                    //   timestamptz). Infinities and escape ("0000-00-00 00:00:00") as kDate.
  kYear = 22,       // Int, 0 or 1901 to 2155
  kInterval = 23,   // Bytes, 16: int64 microseconds, int32 days, int32 months, each little-endian
  kUuid = 24,       // Bytes, 16, network order
  kJson = 25,       // Bytes, UTF-8 text exactly as the server's own CAST(col AS CHAR) / ::text prints it
  kEnum = 26,       // Bytes: the label; "" for MySQL's index 0
  kSet = 27,        // Bytes: labels in definition order joined by ","
  kBitInt = 28,     // Uint: MySQL BIT(n), n <= 64
  kBitString = 29,  // Bytes: "0101", Postgres bit(n) and varbit
  kArray = 30,      // Bytes: Postgres array text "{1,NULL,\"a b\"}" (any dimensions, bounds kept)
  kText = 31,       // Bytes: any other Postgres or MariaDB type, the text its output function prints
                    //   (inet, cidr, macaddr, money, xml, hstore, ranges, domains' base, ...)
};

// Kept apart from every finite value; DuckDB's own infinities of DATE and TIMESTAMP map to these.
inline constexpr int64_t kPositiveInfinity = INT64_MAX;
inline constexpr int64_t kNegativeInfinity = -INT64_MAX;

using Labels = std::vector<std::string>;

struct LogicalType {
  TypeKind kind = TypeKind::kText;
  uint16_t precision = 0;                // kDecimal: digits in all. Temporal kinds: fraction digits, 0 to 6.
  uint16_t scale = 0;                    // kDecimal: fraction digits
  uint32_t length = 0;                   // kString: characters, kBytes: bytes, kBitInt/kBitString: bits; 0 = no limit
  bool fixed = false;                    // CHAR(n), BINARY(n), bit(n): fixed length
  std::shared_ptr<const Labels> labels;  // kEnum, kSet: in definition order

  friend bool operator==(const LogicalType& a, const LogicalType& b) {
    return a.kind == b.kind && a.precision == b.precision && a.scale == b.scale && a.length == b.length &&
           a.fixed == b.fixed && (a.labels == b.labels || (a.labels && b.labels && *a.labels == *b.labels));
  }
};

// "DECIMAL(10,2)", "VARCHAR(20)", "BIGINT UNSIGNED", ...: MySQL spelling for DESC, SHOW CREATE TABLE and
// information_schema. Kinds that MySQL lacks use its nearest type (docs/types.md).
std::string MysqlTypeName(const LogicalType& type);

}  // namespace freshet
