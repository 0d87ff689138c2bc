// Finds where start lines, fields and chunk lines end, and refuses what has no place in any of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace connectrpc::http1 {

/// Looks at bytes before the parser does, each byte once, however the input is cut. Lines end in CRLF and nothing else:
/// peers that disagree about bare CR, bare LF or folded lines are what request smuggling lives on (RFC 9112 §2.2,
/// §5.2).
class LineScanner {
 public:
  enum class Until : std::uint8_t {
    line_end,    ///< the end of the first line
    empty_line,  ///< the end of the first empty line; no line may begin with a blank
  };
  enum class Result : std::uint8_t { more, done, bare_cr, bare_lf, control_byte, folded_line };

  /// Begins anew.
  void start(Until until) noexcept { *this = LineScanner(until); }
  /// Goes on in `bytes`. `used` becomes how many of them belong to the block, the line end included: all of them with
  /// `more`; those before the bad one with an error.
  Result scan(std::string_view bytes, std::size_t& used) noexcept;
  /// Bytes and lines seen so far.
  std::size_t size() const noexcept { return size_; }
  std::size_t lines() const noexcept { return lines_; }

  LineScanner() noexcept : LineScanner(Until::line_end) {}

 private:
  explicit LineScanner(Until until) noexcept : until_(until) {}

  std::size_t size_ = 0;
  std::size_t lines_ = 0;
  std::size_t line_size_ = 0;
  Until until_;
  bool after_cr_ = false;
};

}  // namespace connectrpc::http1
