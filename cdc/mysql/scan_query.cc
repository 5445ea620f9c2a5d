// SPDX-License-Identifier: Apache-2.0
#include "cdc/mysql/scan_query.h"

#include <charconv>

#include "cdc/change/text_cell.h"
#include "cdc/mysql/mysql_connection.h"

namespace freshet {
namespace {

bool IsFloat(TypeKind kind) {
  return kind == TypeKind::kFloat32 || kind == TypeKind::kFloat64;
}
bool IsLabelled(TypeKind kind) {
  return kind == TypeKind::kEnum || kind == TypeKind::kSet;
}

// FLOAT and DOUBLE(m,d) print rounded; multiplied by a double they print every digit, the sign of zero too.
std::string Exact(const Column& column) {
  const std::string name = QuoteMysqlName(column.name);
  return IsFloat(column.type.kind) ? name + "*1e0" : name;
}

std::string HexDigits(std::string_view bytes) {
  const std::string literal = HexLiteral(bytes);
  return literal.substr(2, literal.size() - 3);
}

bool IsPlainNumber(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789+-.eE") == std::string_view::npos;
}

// A literal that compares with the column through its index.
Result<std::string> KeyLiteral(const Column& column, const std::string& text) {
  const Status bad(Code::kInvalid, "split boundary is no value of key column " + column.name);
  switch (column.type.kind) {
    case TypeKind::kString: return TextLiteral(text);
    case TypeKind::kBytes: {
      const bool hex = text.starts_with("\\x") && text.size() % 2 == 0 &&
                       text.find_first_not_of("0123456789abcdefABCDEF", 2) == std::string::npos;
      if (!hex) return bad.Copy();
      return "X'" + text.substr(2) + "'";
    }
    case TypeKind::kDate:
    case TypeKind::kTimeSpan:
    case TypeKind::kDateTime:
    case TypeKind::kTimestamp:
      if (text.find_first_not_of("0123456789-: .") != std::string::npos) return bad.Copy();
      return "'" + text + "'";
    case TypeKind::kUuid:
    case TypeKind::kText:
      if (text.find_first_not_of("0123456789abcdefABCDEF-:.") != std::string::npos) return bad.Copy();
      return "'" + text + "'";
    default:
      if (!IsPlainNumber(text)) return bad.Copy();
      return text;
  }
}

struct KeyTerm {
  std::string column;
  std::string literal;
};

// ENUM and SET are ordered by number, but compare with text by label: compare their numbers.
Result<std::vector<KeyTerm>> KeyTerms(const TableSchema& schema, const KeyText& key) {
  if (key.size() != schema.key_columns.size()) {
    return Status(Code::kInvalid, "split boundary has " + std::to_string(key.size()) + " values, the key of " +
                                      schema.name.ToString() + " has " + std::to_string(schema.key_columns.size()));
  }
  std::vector<KeyTerm> terms;
  for (size_t i = 0; i < key.size(); ++i) {
    const Column& column = schema.columns[schema.key_columns[i]];
    ASSIGN_OR_RETURN(std::string literal, KeyLiteral(column, key[i]));
    const std::string name = QuoteMysqlName(column.name);
    terms.push_back({IsLabelled(column.type.kind) ? name + "+0" : name, std::move(literal)});
  }
  return terms;
}

// (a, b) > (1, 2) as a >= 1 AND (a > 1 OR (a = 1 AND (b > 2))): row comparisons do not use the index.
std::string Compare(const std::vector<KeyTerm>& terms, size_t from, const char* strict, bool inclusive) {
  const KeyTerm& term = terms[from];
  const bool last = from + 1 == terms.size();
  const std::string plain = term.column + " " + strict + (last && inclusive ? "= " : " ") + term.literal;
  if (last) return plain;
  return term.column + " " + strict + "= " + term.literal + " AND (" + plain + " OR (" + term.column + " = " +
         term.literal + " AND " + Compare(terms, from + 1, strict, inclusive) + "))";
}

}  // namespace

std::string ScanColumns(const TableSchema& schema) {
  std::string list;
  for (const Column& column : schema.columns) {
    if (column.excluded) continue;
    if (!list.empty()) list += ", ";
    list += Exact(column);
  }
  return list;
}

std::string KeyColumns(const TableSchema& schema) {
  std::string list;
  for (const uint32_t index : schema.key_columns) {
    const Column& column = schema.columns[index];
    if (!list.empty()) list += ", ";
    const bool number = IsLabelled(column.type.kind) || column.type.kind == TypeKind::kBitInt;
    list += number ? QuoteMysqlName(column.name) + "+0" : Exact(column);
  }
  return list;
}

std::string OrderByKey(const TableSchema& schema) {
  std::string list;
  for (const uint32_t index : schema.key_columns) {
    list += list.empty() ? " ORDER BY " : ", ";
    list += QuoteMysqlName(schema.columns[index].name);
  }
  return list;
}

Result<std::string> WhereRange(const TableSchema& schema, const ChunkRange& range) {
  std::string where;
  if (range.after) {
    ASSIGN_OR_RETURN(const std::vector<KeyTerm> terms, KeyTerms(schema, *range.after));
    where = " WHERE (" + Compare(terms, 0, ">", false) + ")";
  }
  if (range.up_to) {
    ASSIGN_OR_RETURN(const std::vector<KeyTerm> terms, KeyTerms(schema, *range.up_to));
    where += (where.empty() ? " WHERE (" : " AND (") + Compare(terms, 0, "<", true) + ")";
  }
  return where;
}

std::string KeyTextFromResult(const Column& column, std::string_view value) {
  return column.type.kind == TypeKind::kBytes ? "\\x" + HexDigits(value) : std::string(value);
}

Result<KeyText> KeyTextOf(const TableSchema& schema, const RowBatch& batch, uint32_t image) {
  KeyText key;
  for (const uint32_t index : schema.key_columns) {
    const Column& column = schema.columns[index];
    const Cell& cell = batch.Image(image)[index];
    std::string text;
    if (!IsLabelled(column.type.kind)) {
      if (!AppendCellText(column.type, cell, batch.arena, text)) {
        return Status(Code::kCorrupt, "key column " + column.name + " of " + schema.name.ToString() + " is NULL");
      }
      // Cells print floats in their own shortest form, which as a literal would be read as a double.
      if (column.type.kind == TypeKind::kFloat32) {
        char digits[32];
        text.assign(digits, std::to_chars(digits, digits + sizeof digits, cell.AsDouble()).ptr);
      }
      key.push_back(std::move(text));
      continue;
    }
    const std::string_view label = batch.Bytes(cell);
    uint64_t number = 0;
    size_t begin = 0;
    while (begin < label.size()) {
      const size_t end =
          column.type.kind == TypeKind::kEnum ? label.size() : std::min(label.find(',', begin), label.size());
      for (size_t i = 0; i < column.type.labels->size(); ++i) {
        if ((*column.type.labels)[i] != label.substr(begin, end - begin)) continue;
        number |= column.type.kind == TypeKind::kEnum ? i + 1 : uint64_t{1} << i;
      }
      begin = end + 1;
    }
    key.push_back(std::to_string(number));
  }
  return key;
}

}  // namespace freshet
