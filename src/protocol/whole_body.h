// A body that is one message: Connect's unary calls.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace connectrpc::protocol {

/// Waits for the end of a body. What is there at once is given as a view, without a copy; the rest is taken over piece
/// by piece, so that any message passes any window.
class WholeBody {
 public:
  enum class Kind : std::uint8_t {
    need_more,
    complete,
    too_large,  ///< `size` is what is known of it
  };
  struct Item {
    Kind kind = Kind::need_more;
    /// Valid until `consumed` bytes leave the body.
    std::string_view payload;
    std::size_t consumed = 0;
    std::uint64_t size = 0;
  };

  /// `announced` is the content-length: too large a body is noticed before it comes.
  Item read(std::string_view body, bool ended, std::optional<std::uint64_t> announced, std::size_t limit);

 private:
  std::string partial_;
};

}  // namespace connectrpc::protocol
