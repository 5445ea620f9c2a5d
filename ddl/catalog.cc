// SPDX-License-Identifier: Apache-2.0
#include "ddl/catalog.h"

#include <algorithm>

#include "base/check.h"

namespace freshet {
namespace {

char Fold(char c, bool ignore_case) {
  return ignore_case && c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}

// FNV-1a: names are short, and folding goes byte by byte anyway.
constexpr uint64_t kFnvOffset = 14'695'981'039'346'656'037ULL;
constexpr uint64_t kFnvPrime = 1'099'511'628'211ULL;

uint64_t HashText(uint64_t hash, std::string_view text, bool ignore_case) {
  for (const char c : text) hash = (hash ^ static_cast<uint8_t>(Fold(c, ignore_case))) * kFnvPrime;
  return hash;
}

bool SameText(std::string_view a, std::string_view b, bool ignore_case) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [ignore_case](char x, char y) {
           return Fold(x, ignore_case) == Fold(y, ignore_case);
         });
}

}  // namespace

size_t Catalog::Hash::operator()(const NameView& name) const {
  const uint64_t schema = HashText(kFnvOffset, name.schema, ignore_case) * kFnvPrime;  // a NUL between the two
  return HashText(schema, name.table, ignore_case);
}

bool Catalog::Equal::operator()(const NameView& a, const NameView& b) const {
  return SameText(a.table, b.table, ignore_case) && SameText(a.schema, b.schema, ignore_case);
}

SchemaPtr Catalog::Find(std::string_view schema, std::string_view table) const {
  const auto found = tables_.find(NameView{schema, table});
  return found == tables_.end() ? nullptr : found->second;
}

void Catalog::Put(SchemaPtr schema) {
  CHECK(schema != nullptr);
  TableName name = schema->name;
  tables_.insert_or_assign(std::move(name), std::move(schema));
}

void Catalog::Remove(const TableName& name) {
  tables_.erase(name);
}

std::vector<SchemaPtr> Catalog::All() const {
  std::vector<SchemaPtr> all;
  all.reserve(tables_.size());
  for (const auto& [name, schema] : tables_) all.push_back(schema);
  std::sort(all.begin(), all.end(), [](const SchemaPtr& a, const SchemaPtr& b) { return a->name < b->name; });
  return all;
}

}  // namespace freshet
