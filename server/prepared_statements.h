// SPDX-License-Identifier: Apache-2.0
// PreparedStatements: one connection's COM_STMT_* commands and the statements they keep. Used by the
// connection's thread. Statuses are the connection's, as in result_writer.h.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "server/executor.h"
#include "server/result_writer.h"
#include "server/statement_parameters.h"

namespace freshet {

class PreparedStatements {
 public:
  PreparedStatements(PacketChannel& channel, ResultWriter& writer, Executor& executor)
      : channel_(channel), writer_(writer), executor_(executor) {}

  // The payloads are without the command byte.
  Status Prepare(std::string_view sql);
  Status Execute(std::string_view payload);
  Status SendLongData(std::string_view payload);  // no reply, errors come with the next execution
  Status Close(std::string_view payload);         // no reply
  Status Reset(std::string_view payload);
  void Clear();

 private:
  struct Prepared {
    std::string sql;
    size_t parameters = 0;
    bool takes_values = false;
    std::vector<ParameterType> types;
    LongData long_data;
    bool long_data_failed = false;
  };
  Prepared* Find(uint32_t id);
  void DropLongData(Prepared& prepared);
  Status Run(Prepared& prepared, const std::vector<PreparedValue>& values);

  PacketChannel& channel_;
  ResultWriter& writer_;
  Executor& executor_;
  std::map<uint32_t, Prepared> statements_;
  uint32_t last_id_ = 0;
  size_t long_data_bytes_ = 0;  // of all statements together
};

}  // namespace freshet
