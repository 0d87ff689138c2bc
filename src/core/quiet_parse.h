// Keeps protobuf's parser from writing to the standard error stream.
#pragma once

namespace connectrpc::detail {

/// For as long as it lives protobuf does not print, on this thread, that a string of a peer's is not UTF-8: the caller
/// is told of that. From 4.22 on protobuf logs through abseil, where the program alone decides.
class QuietParse {
 public:
  QuietParse() noexcept;
  QuietParse(const QuietParse&) = delete;
  QuietParse& operator=(const QuietParse&) = delete;
  ~QuietParse();
};

}  // namespace connectrpc::detail
