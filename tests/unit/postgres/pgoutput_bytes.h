// SPDX-License-Identifier: Apache-2.0
// Writes pgoutput messages for tests (grammar: cdc/postgres/pgoutput.h).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace freshet::test {

class Bytes {
 public:
  Bytes& U(uint64_t value, int width) {
    for (int i = width - 1; i >= 0; --i) text_.push_back(static_cast<char>(value >> (8 * i)));
    return *this;
  }
  Bytes& Raw(const std::string& raw) {
    text_ += raw;
    return *this;
  }
  Bytes& Z(const std::string& raw) { return Raw(raw).U(0, 1); }
  // Values: "~" NULL, "=" unchanged, else text.
  Bytes& Tuple(const std::vector<std::string>& values) {
    U(values.size(), 2);
    for (const std::string& value : values) {
      if (value == "~") {
        Raw("n");
      } else if (value == "=") {
        Raw("u");
      } else {
        Raw("t").U(value.size(), 4).Raw(value);
      }
    }
    return *this;
  }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

struct WireColumn {
  bool key;
  std::string name;
  uint32_t oid;
};

inline std::string WireBegin(uint64_t lsn, uint32_t xid) {
  return Bytes().Raw("B").U(lsn, 8).U(0, 8).U(xid, 4).text();
}
inline std::string WireCommit(uint64_t lsn, uint64_t end) {
  return Bytes().Raw("C").U(0, 1).U(lsn, 8).U(end, 8).U(0, 8).text();
}
inline std::string WireRelation(uint32_t oid, const std::string& name, char identity,
                                const std::vector<WireColumn>& columns) {
  Bytes bytes;
  bytes.Raw("R").U(oid, 4).Z("public").Z(name).Raw(std::string(1, identity)).U(columns.size(), 2);
  for (const WireColumn& column : columns)
    bytes.U(column.key ? 1 : 0, 1).Z(column.name).U(column.oid, 4).U(0xFFFFFFFF, 4);
  return bytes.text();
}
inline std::string WireInsert(uint32_t oid, const std::vector<std::string>& row) {
  return Bytes().Raw("I").U(oid, 4).Raw("N").Tuple(row).text();
}
inline std::string WireUpdate(uint32_t oid, char kind, const std::vector<std::string>& old_row,
                              const std::vector<std::string>& row) {
  Bytes bytes;
  bytes.Raw("U").U(oid, 4);
  if (kind != 0) bytes.Raw(std::string(1, kind)).Tuple(old_row);
  return bytes.Raw("N").Tuple(row).text();
}
inline std::string WireDelete(uint32_t oid, char kind, const std::vector<std::string>& old_row) {
  return Bytes().Raw("D").U(oid, 4).Raw(std::string(1, kind)).Tuple(old_row).text();
}

}  // namespace freshet::test
