// SPDX-License-Identifier: Apache-2.0
// Where log lines go when standard error is a terminal that something else is drawn on. Called once, by the
// composition root, before other threads log.
#pragma once

#include <string>

#include "base/status.h"

namespace freshet {

// Lines are added to this file from now on instead of standard error. kLocalIo: it cannot be opened, nothing changed.
Status LogToFile(const std::string& path);

}  // namespace freshet
