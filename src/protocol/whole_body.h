// A body that is one message: Connect's unary calls.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace connectrpc::protocol {

/// What a body that is one message came to.
struct WholeBody {
  enum class Kind : std::uint8_t {
    need_more,
    complete,
    too_large,
  };
  Kind kind = Kind::need_more;
  /// What is known of the message's size.
  std::uint64_t size = 0;
};

/// `announced` is the content-length: too large a body is noticed before it comes.
WholeBody look_at_whole_body(std::string_view body, bool ended, std::optional<std::uint64_t> announced,
                             std::size_t limit) noexcept;

}  // namespace connectrpc::protocol
