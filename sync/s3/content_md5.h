// SPDX-License-Identifier: Apache-2.0
// MD5 of a local file, to compare with the entity tag of an S3 object. Not a signature: it finds damage. Any thread.
#pragma once

#include <string>
#include <string_view>

#include "base/status.h"

namespace freshet {

// 32 lower-case hexadecimal digits.
bool LooksLikeMd5(std::string_view etag);
// In that form. kLocalIo.
Result<std::string> Md5OfFile(const std::string& path);

}  // namespace freshet
