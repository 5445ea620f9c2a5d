// SPDX-License-Identifier: Apache-2.0
// The state machine of one mirrored table: a tagged union and one pure function. sync/table_sink, the only
// caller, persists the new state in the commit that carries its cause.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "cdc/change/position.h"

namespace freshet {

// Entered when the job gets the table and a copy is due. Persisted. A restart stays here; a copy worker moves
// it on. Log events are applied; rows may be missing.
struct TableWaiting {};
// Entered when the first window opens. Persisted. A restart stays here: chunks that are not done are read.
struct TableCopying {};
// Entered after the last chunk, with the source's position noted after its read. Persisted. A restart stays.
struct TableCatchingUp {
  Position ready_at;
};
// Entered when the log has passed `ready_at`, or at once for a table created in the stream or not copied.
// Persisted. A restart stays here.
struct TableReady {};
// Entered when the table cannot be followed. Persisted. Its events are skipped; RESYNC TABLE moves it on.
struct TableStopped {
  std::string reason;
};

using TableState = std::variant<TableWaiting, TableCopying, TableCatchingUp, TableReady, TableStopped>;

struct WindowOpened {};
struct ChunksCompleted {
  Position source_position;  // Connector::CurrentPosition() after the last chunk's read
};
struct LogApplied {
  Position position;
};
struct CannotFollow {
  std::string reason;
};
struct CopyAgain {};

using TableInput = std::variant<WindowOpened, ChunksCompleted, LogApplied, CannotFollow, CopyAgain>;

enum class TableAction : uint8_t {
  kNone,
  kSetReady,     // queries are allowed from this commit on
  kRestartCopy,  // progress is forgotten, rows are removed, not ready
};

struct TableStep {
  TableState state;
  TableAction action = TableAction::kNone;
  bool changed = false;
};

TableStep Advance(const TableState& state, const TableInput& input);

// "WAITING", "COPYING", "CATCHING_UP", "READY", "STOPPED".
std::string_view TableStateName(const TableState& state);

// True in the states in which the copy is not finished: missing rows are legal.
bool CopyUnfinished(const TableState& state);

}  // namespace freshet
