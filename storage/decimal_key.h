// SPDX-License-Identifier: Apache-2.0
// Text of a decimal number as order-preserving bytes that give the exact text back. Used inside row keys
// for decimals too wide for an integer and for unconstrained NUMERIC. No state; any thread.
#pragma once

#include <string>
#include <string_view>

#include "base/cursor.h"
#include "base/status.h"

namespace freshet {

// Any text is taken; what is not a number in the servers' spelling sorts before all numbers.
void AppendDecimalKey(std::string_view text, std::string& out);

// Appends the text. kCorrupt when the bytes are no decimal key.
Status DecodeDecimalKey(ByteCursor& cursor, std::string& text);

}  // namespace freshet
