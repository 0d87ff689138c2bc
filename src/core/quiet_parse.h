// Keeps protobuf's parser from writing to the standard error stream.
#pragma once

#include <google/protobuf/stubs/common.h>

#include <optional>
#include <string_view>

#include "base/utf8.h"

#if GOOGLE_PROTOBUF_VERSION < 4022000
#include <google/protobuf/stubs/logging.h>
#endif

namespace connectrpc::detail {

/// For as long as it lives protobuf does not print that a string of a peer's is not UTF-8: the caller is told of that.
/// Does something only where there can be such a string, since it takes a lock that all threads share. From 4.22 on
/// protobuf logs through abseil, where the program alone decides.
class QuietParse {
 public:
  explicit QuietParse([[maybe_unused]] std::string_view bytes) {
#if GOOGLE_PROTOBUF_VERSION < 4022000
    if (!base::is_ascii(bytes)) silencer_.emplace();
#endif
  }
  QuietParse(const QuietParse&) = delete;
  QuietParse& operator=(const QuietParse&) = delete;

#if GOOGLE_PROTOBUF_VERSION < 4022000
 private:
  std::optional<google::protobuf::LogSilencer> silencer_;
#endif
};

}  // namespace connectrpc::detail
