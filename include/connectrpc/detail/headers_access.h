// How the library itself reads and writes Headers past the rules for users. Not API.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "connectrpc/headers.h"

namespace connectrpc::detail {

/// Which reserved names a reader of user metadata does not see differs by one point: `trailer-*` is hidden where a
/// Connect unary response uses it.
enum class TrailerPrefix { shown, hidden };

/// How far pairs were checked. Each includes those behind it.
enum class Checked : std::uint8_t {
  for_users,  ///< by pair_fault: users may send them
  for_wire,   ///< names are tokens, values have no control characters: they cannot become other fields
  not_at_all,
};

class HeadersAccess {
 public:
  /// Appends a pair as it was received: nothing is checked but sizes, the name is lower-cased.
  static void append(Headers& headers, std::string_view name, std::string_view value);
  /// The same with a name that is in lower case already.
  static void append_lower(Headers& headers, std::string_view name, std::string_view value);
  /// Appends a protocol's own field: `name` is a token in lower case, the value is looked at.
  static void append_own(Headers& headers, std::string_view name, std::string_view value);
  /// Appends a pair about which pair_fault has nothing to say.
  static void append_faultless(Headers& headers, std::string_view name, std::string_view value);
  /// Appends all pairs of `from`, checked as far as they are.
  static void append_all(Headers& headers, const Headers& from);
  /// Makes room for `bytes` of names and values in `pairs` pairs.
  static void reserve(Headers& headers, std::size_t pairs, std::size_t bytes);
  /// Bytes of names and values together.
  static std::size_t byte_size(const Headers& headers) noexcept;
  /// Whether every pair came through the checks for users. If not (received pairs were assigned or appended), whoever
  /// sends asks pair_fault about each.
  static bool all_checked(const Headers& headers) noexcept { return headers.checked_ == Checked::for_users; }
  /// Whether every pair can be written as it is.
  static bool all_writable(const Headers& headers) noexcept { return headers.checked_ != Checked::not_at_all; }
  /// From now on users' changes throw std::logic_error.
  static void freeze(Headers& headers) noexcept { headers.frozen_ = true; }

 private:
  friend class connectrpc::Headers;
  friend Headers user_metadata(const Headers& raw, TrailerPrefix trailer_prefix);

  static Headers::Block make_block(std::size_t bytes);
  [[nodiscard]] static Headers::Block make_room(Headers& headers, std::size_t bytes);
  static void put(Headers& headers, std::string_view name, std::string_view value);
  template <bool name_is_lower>
  static void put_by(Headers& headers, std::string_view name, std::string_view value);
  template <bool name_is_lower>
  static void put_growing(Headers& headers, std::string_view name, std::string_view value);
  static void add_checked(Headers& headers, Checked checked) noexcept;
  static void put_encoded(Headers& headers, const char* pairs, std::size_t bytes, std::size_t count);
  static void replace(Headers& headers, std::string_view name, std::string_view value);
  static void replace_from(Headers& headers, std::size_t first, std::string_view name, std::string_view value);
  static Headers visible_part(const Headers& raw, TrailerPrefix trailer_prefix);
};

/// Why a user may not set this name (metadata.md H3, H4), or "" if he may.
std::string_view name_fault(std::string_view name) noexcept;
/// The same for a name in trailers, where `date` is reserved as well.
std::string_view trailer_name_fault(std::string_view name) noexcept;
/// Why a user may not set this text, or "" if he may.
std::string_view value_fault(std::string_view value) noexcept;
/// name_fault, value_fault, and base64 under a "-bin" name: all that Headers::add checks.
std::string_view pair_fault(std::string_view name, std::string_view value) noexcept;
/// Whether values of this name are bytes: it ends in "-bin", in any case.
bool is_binary_name(std::string_view name) noexcept;

/// Whether some name with a rule of its own may begin as this one does: most do not.
constexpr bool begins_as_reserved(std::string_view name) noexcept {
  // A letter's lowest five bits are the same in both cases; others that share them cost a second look.
  constexpr auto bit = [](char c) { return std::uint32_t{1} << (static_cast<unsigned char>(c) & 31U); };
  constexpr std::uint32_t first =
      bit(':') | bit('a') | bit('c') | bit('e') | bit('g') | bit('h') | bit('k') | bit('p') | bit('t') | bit('u');
  return !name.empty() && (first & bit(name.front())) != 0;
}

/// Whether readers of user metadata see this (lower-case) name.
bool is_user_visible(std::string_view lower_case_name, TrailerPrefix trailer_prefix) noexcept;
/// The part of `raw` that readers of user metadata see, in order.
Headers user_metadata(const Headers& raw, TrailerPrefix trailer_prefix = TrailerPrefix::shown);

}  // namespace connectrpc::detail
