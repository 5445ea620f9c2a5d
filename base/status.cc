// SPDX-License-Identifier: Apache-2.0
#include "base/status.h"

namespace freshet {

std::string_view CodeName(Code code) {
  switch (code) {
    case Code::kOk: return "OK";
    case Code::kInvalid: return "INVALID";
    case Code::kNotFound: return "NOT_FOUND";
    case Code::kExists: return "EXISTS";
    case Code::kUnsupported: return "UNSUPPORTED";
    case Code::kCorrupt: return "CORRUPT";
    case Code::kUnavailable: return "UNAVAILABLE";
    case Code::kTimeout: return "TIMEOUT";
    case Code::kAuth: return "AUTH";
    case Code::kGone: return "GONE";
    case Code::kConflict: return "CONFLICT";
    case Code::kLocalIo: return "LOCAL_IO";
    case Code::kCancelled: return "CANCELLED";
    case Code::kSchemaMoved: return "SCHEMA_MOVED";
  }
  return "UNKNOWN";
}

const std::string& Status::message() const {
  static const std::string kEmpty;
  return rep_ ? rep_->message : kEmpty;
}

std::string Status::ToString() const {
  if (ok()) return "OK";
  return std::string(CodeName(code())) + ": " + rep_->message;
}

Status Status::At(std::string_view context) && {
  if (rep_) rep_->message = std::string(context) + ": " + rep_->message;
  return std::move(*this);
}

}  // namespace freshet
