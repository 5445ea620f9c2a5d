// SPDX-License-Identifier: Apache-2.0
// Parameters of COM_STMT_EXECUTE: binary values to the texts that SqlSession binds. Pure.
//
//   execute := u32 statement-id  u8 cursor-flags  u32 iterations(1)  [parameters]
//   parameters := null-bitmap[(n + 7) / 8]  u8 types-follow  [(u8 type  u8 flags)*]  value*
//   A value sent before with COM_STMT_SEND_LONG_DATA takes no bytes here. Values: result_set.h.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "server/protocol.h"
#include "sql/engine.h"

namespace freshet {

struct ParameterType {
  protocol::ColumnType type = protocol::ColumnType::kString;
  bool is_unsigned = false;
};

using LongData = std::map<size_t, std::string>;  // by parameter index

// `payload` starts at the null bitmap. `types` are those of the last execution and are replaced when the
// client sends new ones. kInvalid: malformed; kUnsupported: a type that is none of a parameter.
Result<std::vector<PreparedValue>> ParseParameters(std::string_view payload, size_t count,
                                                   std::vector<ParameterType>& types, const LongData& long_data);

}  // namespace freshet
