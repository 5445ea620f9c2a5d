// SPDX-License-Identifier: Apache-2.0
#include "cdc/mysql/cell_decode.h"

#include <arpa/inet.h>

#include <bit>

#include "cdc/mysql/binary_json.h"
#include "cdc/mysql/decimal.h"
#include "cdc/mysql/temporal.h"

namespace freshet {
namespace {

constexpr int64_t kMicros = 1'000'000;

uint64_t ReadLe(const char* bytes, size_t size) {
  uint64_t value = 0;
  std::memcpy(&value, bytes, size);
  return value;
}

int64_t ReadSignedLe(const char* bytes, size_t size) {
  const unsigned shift = 64 - 8 * static_cast<unsigned>(size);
  return static_cast<int64_t>(ReadLe(bytes, size) << shift) >> shift;
}

uint64_t ReadBe(const char* bytes, size_t size) {
  uint64_t value = 0;
  for (size_t i = 0; i < size; ++i) value = value << 8 | static_cast<uint8_t>(bytes[i]);
  return value;
}

// Fraction of `precision` digits -> microseconds; UINT32_MAX when it is no fraction of a second.
uint32_t FractionMicros(const char* bytes, uint16_t precision) {
  static constexpr uint32_t kUnitMicros[] = {0, 10'000, 100, 1};
  const size_t size = (precision + 1u) / 2;
  const uint64_t micros = ReadBe(bytes, size) * kUnitMicros[size];
  return micros < 1'000'000 ? static_cast<uint32_t>(micros) : UINT32_MAX;
}

bool IsClock(uint64_t hour, uint64_t minute, uint64_t second, uint64_t hour_max) {
  return hour <= hour_max && minute < 60 && second < 60;
}

constexpr uint64_t kTimeHoursMax = 838;  // MySQL manual, "The TIME Type"

bool DecodeTime2(const ColumnPlan& plan, std::string_view value, Cell* cell) {
  static constexpr uint32_t kUnitMicros[] = {0, 10'000, 100, 1};
  const size_t fraction_bytes = (plan.precision + 1u) / 2;
  const unsigned fraction_bits = 8 * static_cast<unsigned>(fraction_bytes);
  const int64_t offset = int64_t{0x800000} << fraction_bits;
  const int64_t packed = static_cast<int64_t>(ReadBe(value.data(), value.size())) - offset;
  const uint64_t magnitude = static_cast<uint64_t>(packed < 0 ? -packed : packed);
  const uint64_t clock = magnitude >> fraction_bits;
  const uint64_t fraction = magnitude & ((uint64_t{1} << fraction_bits) - 1);
  const int64_t micros = static_cast<int64_t>(fraction * kUnitMicros[fraction_bytes]);
  if (!IsClock(clock >> 12, clock >> 6 & 63, clock & 63, kTimeHoursMax) || micros >= kMicros) return false;
  const int64_t seconds = static_cast<int64_t>((clock >> 12) * 3600 + (clock >> 6 & 63) * 60 + (clock & 63));
  const int64_t total = seconds * kMicros + micros;
  *cell = Cell::Int(packed < 0 ? -total : total);
  return true;
}

bool DecodeDateTime2(const ColumnPlan& plan, std::string_view value, RowBatch& batch, Cell* cell) {
  constexpr uint64_t kSign = uint64_t{1} << 39;
  const uint64_t packed = ReadBe(value.data(), 5);
  const uint32_t micro = FractionMicros(value.data() + 5, plan.precision);
  if ((packed & kSign) == 0 || micro == UINT32_MAX) return false;
  const MysqlDateTime time = UnpackDateTime(packed ^ kSign, micro);
  if (time.year > 9999 || !IsClock(time.hour, time.minute, time.second, 23)) return false;
  *cell = DateTimeCell(time, plan.precision, batch);
  return true;
}

bool DecodeTimestamp2(const ColumnPlan& plan, std::string_view value, RowBatch& batch, Cell* cell) {
  const uint32_t micro = FractionMicros(value.data() + 4, plan.precision);
  if (micro == UINT32_MAX) return false;
  *cell = TimestampCell(static_cast<int64_t>(ReadBe(value.data(), 4)), micro, plan.precision, batch);
  return true;
}

bool DecodeDate(std::string_view value, RowBatch& batch, Cell* cell) {
  const uint64_t packed = ReadLe(value.data(), 3);
  const uint32_t year = static_cast<uint32_t>(packed >> 9);
  if (year > 9999) return false;
  *cell = DateCell(year, packed >> 5 & 15, packed & 31, batch);
  return true;
}

bool DecodeOldTime(std::string_view value, Cell* cell) {
  const int64_t packed = ReadSignedLe(value.data(), 3);
  const uint64_t clock = static_cast<uint64_t>(packed < 0 ? -packed : packed);
  const uint64_t hour = clock / 10000;
  const uint64_t minute = clock / 100 % 100;
  const uint64_t second = clock % 100;
  if (!IsClock(hour, minute, second, kTimeHoursMax)) return false;
  const int64_t total = static_cast<int64_t>(hour * 3600 + minute * 60 + second) * kMicros;
  *cell = Cell::Int(packed < 0 ? -total : total);
  return true;
}

bool DecodeOldDateTime(std::string_view value, RowBatch& batch, Cell* cell) {
  const uint64_t packed = ReadLe(value.data(), 8);
  const uint64_t date = packed / 1'000'000;
  const uint64_t clock = packed % 1'000'000;
  MysqlDateTime time;
  if (date > 99'991'231 || !IsClock(clock / 10000, clock / 100 % 100, clock % 100, 23)) return false;
  time.year = static_cast<uint32_t>(date / 10000);
  time.month = static_cast<uint32_t>(date / 100 % 100);
  time.day = static_cast<uint32_t>(date % 100);
  time.hour = static_cast<uint32_t>(clock / 10000);
  time.minute = static_cast<uint32_t>(clock / 100 % 100);
  time.second = static_cast<uint32_t>(clock % 100);
  *cell = DateTimeCell(time, 0, batch);
  return true;
}

bool DecodeEnum(const ColumnPlan& plan, std::string_view value, RowBatch& batch, Cell* cell) {
  const uint64_t index = ReadLe(value.data(), value.size());
  if (index > plan.labels->size()) return false;
  *cell = batch.AppendBytes(index == 0 ? std::string_view() : std::string_view((*plan.labels)[index - 1]));
  return true;
}

bool DecodeSet(const ColumnPlan& plan, std::string_view value, RowBatch& batch, Cell* cell) {
  uint64_t bits = ReadLe(value.data(), value.size());
  if (std::bit_width(bits) > plan.labels->size()) return false;
  const size_t begin = batch.arena.size();
  for (; bits != 0; bits &= bits - 1) {
    if (batch.arena.size() > begin) batch.arena += ',';
    batch.arena += (*plan.labels)[static_cast<size_t>(std::countr_zero(bits))];
  }
  *cell = {begin, static_cast<uint32_t>(batch.arena.size() - begin), CellKind::kBytes};
  return true;
}

// What was appended to the arena since `begin`, as a cell.
Cell CellFrom(size_t begin, const RowBatch& batch) {
  return {begin, static_cast<uint32_t>(batch.arena.size() - begin), CellKind::kBytes};
}

// IPv4-compatible and -mapped addresses end in dotted form, runs of zeros are shortened: inet_ntop does as
// the server does.
bool DecodeInet(int family, size_t size, std::string_view bytes, RowBatch& batch, Cell* cell) {
  char address[16] = {};
  char text[INET6_ADDRSTRLEN];
  if (bytes.size() > size) return false;
  std::memcpy(address, bytes.data(), bytes.size());
  if (inet_ntop(family, address, text, sizeof text) == nullptr) return false;
  *cell = batch.AppendBytes(text);
  return true;
}

bool DecodeLong(const ColumnPlan& plan, std::string_view bytes, RowBatch& batch, Cell* cell) {
  const size_t begin = batch.arena.size();
  switch (plan.form) {
    case WireForm::kTranscodedText: plan.charset->Append(bytes, batch.arena); break;
    case WireForm::kCharText:
      plan.charset->Append(bytes, batch.arena);
      while (batch.arena.size() > begin && batch.arena.back() == ' ') batch.arena.pop_back();
      break;
    case WireForm::kPaddedBytes:
      if (bytes.size() > plan.length) return false;
      batch.arena.append(bytes).append(plan.length - bytes.size(), '\0');
      break;
    case WireForm::kJson:
      if (!AppendJsonText(bytes, batch.arena).ok()) return false;
      break;
    case WireForm::kInet6: return DecodeInet(AF_INET6, 16, bytes, batch, cell);
    case WireForm::kInet4: return DecodeInet(AF_INET, 4, bytes, batch, cell);
    default: batch.arena.append(bytes);
  }
  *cell = CellFrom(begin, batch);
  return true;
}

}  // namespace

bool DecodeCell(const ColumnPlan& plan, std::string_view value, RowBatch& batch, Cell* cell) {
  const char* at = value.data();
  switch (plan.form) {
    case WireForm::kInt: *cell = Cell::Int(ReadSignedLe(at, plan.size_bytes)); return true;
    case WireForm::kUint: *cell = Cell::Uint(ReadLe(at, plan.size_bytes)); return true;
    case WireForm::kFloat:
      *cell = Cell::Double(std::bit_cast<float>(static_cast<uint32_t>(ReadLe(at, 4))));
      return true;
    case WireForm::kDouble: *cell = Cell::Double(std::bit_cast<double>(ReadLe(at, 8))); return true;
    case WireForm::kDecimalInt: {
      int64_t unscaled = 0;
      if (!DecodeDecimalInt(value, {plan.precision, plan.scale}, &unscaled)) return false;
      *cell = Cell::Int(unscaled);
      return true;
    }
    case WireForm::kDecimalText: {
      const size_t begin = batch.arena.size();
      if (!AppendDecimalText(value, {plan.precision, plan.scale}, batch.arena)) return false;
      *cell = CellFrom(begin, batch);
      return true;
    }
    case WireForm::kDate: return DecodeDate(value, batch, cell);
    case WireForm::kTime2: return DecodeTime2(plan, value, cell);
    case WireForm::kDateTime2: return DecodeDateTime2(plan, value, batch, cell);
    case WireForm::kTimestamp2: return DecodeTimestamp2(plan, value, batch, cell);
    case WireForm::kOldTime: return DecodeOldTime(value, cell);
    case WireForm::kOldDateTime: return DecodeOldDateTime(value, batch, cell);
    case WireForm::kOldTimestamp: *cell = TimestampCell(static_cast<int64_t>(ReadLe(at, 4)), 0, 0, batch); return true;
    case WireForm::kYear: {
      const int64_t year = static_cast<uint8_t>(at[0]);
      *cell = Cell::Int(year == 0 ? 0 : 1900 + year);
      return true;
    }
    case WireForm::kBit: *cell = Cell::Uint(ReadBe(at, plan.size_bytes)); return true;
    case WireForm::kEnum: return DecodeEnum(plan, value, batch, cell);
    case WireForm::kSet: return DecodeSet(plan, value, batch, cell);
    default: return DecodeLong(plan, value.substr(plan.size_bytes), batch, cell);
  }
}

}  // namespace freshet
