// SPDX-License-Identifier: Apache-2.0
#include "sync/table_machine.h"

namespace freshet {

TableStep Advance(const TableState& state, const TableInput& input) {
  if (std::holds_alternative<CopyAgain>(input)) return {TableWaiting{}, TableAction::kRestartCopy, true};
  if (std::holds_alternative<TableStopped>(state)) return {state};  // the first reason stays
  if (const auto* cannot = std::get_if<CannotFollow>(&input)) {
    return {TableStopped{cannot->reason}, TableAction::kNone, true};
  }
  if (std::holds_alternative<WindowOpened>(input) && std::holds_alternative<TableWaiting>(state)) {
    return {TableCopying{}, TableAction::kNone, true};
  }
  const bool copying = std::holds_alternative<TableCopying>(state) || std::holds_alternative<TableWaiting>(state);
  if (const auto* completed = std::get_if<ChunksCompleted>(&input); completed != nullptr && copying) {
    return {TableCatchingUp{completed->source_position}, TableAction::kNone, true};
  }
  const auto* catching_up = std::get_if<TableCatchingUp>(&state);
  const auto* applied = std::get_if<LogApplied>(&input);
  if (catching_up != nullptr && applied != nullptr && applied->position.Covers(catching_up->ready_at)) {
    return {TableReady{}, TableAction::kSetReady, true};
  }
  return {state};
}

std::string_view TableStateName(const TableState& state) {
  static constexpr std::string_view kNames[] = {"WAITING", "COPYING", "CATCHING_UP", "READY", "STOPPED"};
  return kNames[state.index()];
}

bool CopyUnfinished(const TableState& state) {
  return state.index() <= 2;
}

}  // namespace freshet
