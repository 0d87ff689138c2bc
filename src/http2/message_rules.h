// What HTTP/2 demands of a message (RFC 9113 section 8), looked at field by field.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/character_set.h"
#include "base/chunk.h"

namespace connectrpc::http2 {

/// How a message breaks the rules: it is malformed (RFC 9113 section 8.1.1).
enum class Fault : std::uint8_t {
  none,
  invalid_name,
  invalid_value,
  unknown_pseudo_header,
  repeated,
  misplaced,             ///< a pseudo-header behind another field, or what trailers must not have
  about_the_connection,  ///< section 8.2.2
  incomplete_head,
  wrong_length,    ///< the body's, by content-length
  trailers_go_on,  ///< their frame does not end the stream
  no_head,         ///< an answer's body or end without it
};

/// Whether a field of this name, which is in lower case, speaks of a connection of HTTP/1.1 (RFC 9113 section 8.2.2).
inline bool is_about_the_connection(std::string_view name) noexcept {
  return name == "connection" || name == "keep-alive" || name == "upgrade" || name == "proxy-connection" ||
         name == "transfer-encoding";
}

/// One message of the peer's as it comes: its head's fields, what its body's length may be, its trailers. nghttp2 could
/// do the same, a letter at a time: a third more for each.
class MessageRules {
 public:
  enum class Of : bool { requests, responses };

  /// A response's request had `method`, which decides about the length of the body.
  void answers(std::string_view method) noexcept { method_ = method_of(method); }
  /// The head was an informational one: another follows.
  void begin_again() noexcept;

  /// Looks at a field of a head.
  Fault head_field(Of of, std::string_view name, std::string_view value) noexcept {
    if (name.starts_with(':')) return pseudo_header(of, name, value);
    if (const Fault fault = field(name, value); fault != Fault::none) return fault;
    regular_ = true;
    return is_special(name) ? special_field(of, name, value) : Fault::none;
  }
  /// Looks at a field of trailers.
  Fault trailer(std::string_view name, std::string_view value) noexcept {
    if (name.starts_with(':')) return Fault::misplaced;
    if (const Fault fault = field(name, value); fault != Fault::none) return fault;
    return is_special(name) ? special_trailer(name, value) : Fault::none;
  }
  Fault head_complete(Of of) noexcept;
  /// `received` bytes of the body have come.
  Fault body(std::uint64_t received) const noexcept {
    return length_ && received > *length_ ? Fault::wrong_length : Fault::none;
  }
  /// All of it has come.
  Fault end(std::uint64_t received) const noexcept {
    return length_ && received != *length_ ? Fault::wrong_length : Fault::none;
  }

  /// What content-length announces; empty if nothing does or it says nothing about the body.
  std::optional<std::uint64_t> length() const noexcept { return length_; }
  /// Of a response; 0 while there is none.
  int status() const noexcept { return status_; }
  static bool is_informational(int status) noexcept { return status >= 100 && status < 200; }
  /// A fault in words, with the name of the field: `invalid field "a b"`.
  std::string describe(Fault fault, std::string_view name) const;

 private:
  enum Seen : std::uint8_t { seen_method = 1, seen_scheme = 2, seen_path = 4, seen_authority = 8, seen_host = 16 };
  enum class Method : std::uint8_t { other, head, connect, options };
  // What stands in :path; with another scheme than http and https it may be anything.
  enum class Path : std::uint8_t { other, absolute, asterisk };

  // The characters alone.
  [[gnu::always_inline]] static Fault field(std::string_view name, std::string_view value) noexcept {
    if (!is_plain(name) && !is_lower_token(name)) return Fault::invalid_name;
    return base::has_controls(value) && !base::is_field_value(value) ? Fault::invalid_value : Fault::none;
  }
  // Most names have nothing else.
  [[gnu::always_inline]] static bool is_plain(std::string_view name) noexcept {
    return !name.empty() && base::none_of(name, [](base::Chunk c) {
      return ~(base::are_between(c, 'a', 'z') | (base::are_between(c, '-', '9') & (c != base::each('/'))) |
               (c == base::each('_')));
    });
  }
  static bool is_lower_token(std::string_view name) noexcept;
  // Names about which there is more to say, and a few others of their lengths.
  static bool is_special(std::string_view name) noexcept {
    constexpr auto bit = [](std::size_t size) { return std::uint32_t{1} << size; };
    constexpr std::uint32_t sizes = bit(2) | bit(4) | bit(7) | bit(10) | bit(14) | bit(16) | bit(17);
    return name.size() < 32 && (sizes >> name.size() & 1U) != 0;
  }

  static Method method_of(std::string_view text) noexcept;
  Fault pseudo_header(Of of, std::string_view name, std::string_view value) noexcept;
  Fault request_pseudo(std::string_view name, std::string_view value) noexcept;
  Fault response_pseudo(std::string_view name, std::string_view value) noexcept;
  Fault special_field(Of of, std::string_view name, std::string_view value) noexcept;
  static Fault special_trailer(std::string_view name, std::string_view value) noexcept;
  Fault take_length(Of of, std::string_view digits) noexcept;
  Fault first(Seen field) noexcept;

  std::optional<std::uint64_t> length_;
  int status_ = 0;
  std::uint8_t seen_ = 0;
  Method method_ = Method::other;
  Path path_ = Path::other;
  bool http_scheme_ = false;
  bool regular_ = false;  // a field that is no pseudo-header has come
};

}  // namespace connectrpc::http2
