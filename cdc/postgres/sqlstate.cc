// SPDX-License-Identifier: Apache-2.0
#include "cdc/postgres/sqlstate.h"

#include <utility>

namespace freshet {
namespace {

constexpr std::pair<std::string_view, Code> kStates[] = {
    {"28000", Code::kAuth},         // invalid_authorization_specification
    {"28P01", Code::kAuth},         // invalid_password
    {"42501", Code::kAuth},         // insufficient_privilege
    {"3D000", Code::kNotFound},     // invalid_catalog_name
    {"42P01", Code::kSchemaMoved},  // undefined_table
    {"42703", Code::kSchemaMoved},  // undefined_column
    {"42704", Code::kNotFound},     // undefined_object: publication, slot
    {"42710", Code::kExists},       // duplicate_object
    {"42P07", Code::kExists},       // duplicate_table
    {"55006", Code::kConflict},     // object_in_use: slot active
    {"55000", Code::kGone},         // object_not_in_prerequisite_state: slot lost (callers narrow it)
    {"58P01", Code::kGone},         // undefined_file: WAL segment removed
    {"53400", Code::kConflict},     // configuration_limit_exceeded: no free slot
    {"57014", Code::kCancelled},    // query_canceled
    {"0A000", Code::kUnsupported},  // feature_not_supported
    {"53300", Code::kUnavailable},  // too_many_connections
    {"55P03", Code::kTimeout},      // lock_not_available
};

// By class (first two characters) when the state itself is not listed.
constexpr std::pair<std::string_view, Code> kClasses[] = {
    {"08", Code::kUnavailable},  // connection exception
    {"57", Code::kUnavailable},  // operator intervention: shutdown, crash, cannot connect now
    {"53", Code::kUnavailable},  // insufficient resources
    {"58", Code::kUnavailable},  // system error on the server
    {"40", Code::kUnavailable},  // rollback: deadlock, serialization
    {"XX", Code::kUnavailable},  // internal error on the server
    {"28", Code::kAuth},
};

}  // namespace

Code CodeOfSqlstate(std::string_view sqlstate) {
  if (sqlstate.empty()) return Code::kUnavailable;
  for (const auto& [state, code] : kStates) {
    if (state == sqlstate) return code;
  }
  for (const auto& [prefix, code] : kClasses) {
    if (sqlstate.substr(0, 2) == prefix) return code;
  }
  return Code::kInvalid;
}

}  // namespace freshet
