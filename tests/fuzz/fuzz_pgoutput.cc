// SPDX-License-Identifier: Apache-2.0
// Fuzzes the pgoutput parser, in and out of a streamed transaction: no input may crash it, and a tuple that it
// accepts must be readable to its end.
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "cdc/postgres/pgoutput.h"

namespace {

using freshet::pgoutput::TupleView;

void ReadAll(const TupleView& tuple) {
  std::vector<freshet::pgoutput::TupleColumn> columns;
  freshet::pgoutput::ReadTuple(tuple, columns);
  CHECK(columns.size() == tuple.columns);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  for (const bool in_stream : {false, true}) {
    const auto message = freshet::pgoutput::Parse(bytes, in_stream);
    if (!message.ok()) continue;
    if (const auto* insert = std::get_if<freshet::pgoutput::InsertMessage>(&*message)) ReadAll(insert->after);
    if (const auto* deleted = std::get_if<freshet::pgoutput::DeleteMessage>(&*message)) ReadAll(deleted->before);
    if (const auto* update = std::get_if<freshet::pgoutput::UpdateMessage>(&*message)) {
      if (update->before_kind != 0) ReadAll(update->before);
      ReadAll(update->after);
    }
  }
  return 0;
}
