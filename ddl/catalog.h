// SPDX-License-Identifier: Apache-2.0
// Catalog: the schemas of all tables that a job tracks, as of one position of the source's log. A plain
// value, owned by one source binder and used by its reading thread; not the store's own catalog.
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "ddl/table_schema.h"

namespace freshet {

class Catalog {
 public:
  // `ignore_case`: names differing in ASCII case only are one table (lower_case_table_names 1 and 2).
  explicit Catalog(bool ignore_case = false)
      : ignore_case_(ignore_case), tables_(0, Hash{ignore_case}, Equal{ignore_case}) {}

  // Null when not tracked. Allocates nothing.
  SchemaPtr Find(std::string_view schema, std::string_view table) const;
  SchemaPtr Find(const TableName& name) const { return Find(name.schema, name.table); }
  // Adds or replaces by schema->name. REQUIRES: not null.
  void Put(SchemaPtr schema);
  void Remove(const TableName& name);
  // In name order.
  std::vector<SchemaPtr> All() const;
  bool ignore_case() const { return ignore_case_; }
  size_t size() const { return tables_.size(); }

 private:
  struct NameView {
    std::string_view schema;
    std::string_view table;
  };
  struct Hash {
    using is_transparent = void;
    bool ignore_case;
    size_t operator()(const NameView& name) const;
    size_t operator()(const TableName& name) const { return (*this)(NameView{name.schema, name.table}); }
  };
  struct Equal {
    using is_transparent = void;
    bool ignore_case;
    bool operator()(const NameView& a, const NameView& b) const;
    bool operator()(const TableName& a, const TableName& b) const {
      return (*this)(NameView{a.schema, a.table}, NameView{b.schema, b.table});
    }
    bool operator()(const TableName& a, const NameView& b) const { return (*this)(NameView{a.schema, a.table}, b); }
    bool operator()(const NameView& a, const TableName& b) const { return (*this)(a, NameView{b.schema, b.table}); }
  };

  bool ignore_case_;
  std::unordered_map<TableName, SchemaPtr, Hash, Equal> tables_;
};

}  // namespace freshet
