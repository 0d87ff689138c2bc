// Which names and values users may set, and which names readers of user metadata see (metadata.md H3 to H5).
#include <array>
#include <cstddef>

#include "base/ascii.h"
#include "base/base64.h"
#include "connectrpc/detail/headers_access.h"

namespace connectrpc::detail {
namespace {

using base::equals_lower;
using base::starts_with_lower;

constexpr std::array<bool, 256> make_name_characters() {
  std::array<bool, 256> allowed{};
  for (char c = 'a'; c <= 'z'; ++c) allowed[static_cast<unsigned char>(c)] = true;
  for (char c = 'A'; c <= 'Z'; ++c) allowed[static_cast<unsigned char>(c)] = true;
  for (char c = '0'; c <= '9'; ++c) allowed[static_cast<unsigned char>(c)] = true;
  for (const char c : {'_', '-', '.'}) allowed[static_cast<unsigned char>(c)] = true;
  return allowed;
}
constexpr std::array<bool, 256> name_characters = make_name_characters();

enum class Reservation { free, trailer_prefix, reserved };

// The first letter decides on one or two comparisons; names in any case.
Reservation reservation(std::string_view name) noexcept {
  bool reserved = false;
  switch (name.empty() ? '\0' : base::to_lower(name.front())) {
    case ':': reserved = true; break;
    case 'a': reserved = equals_lower(name, "accept-encoding"); break;
    case 'c':
      reserved = starts_with_lower(name, "connect-") || equals_lower(name, "connection") ||
                 equals_lower(name, "content-type") || equals_lower(name, "content-length") ||
                 equals_lower(name, "content-encoding");
      break;
    case 'e': reserved = equals_lower(name, "expect"); break;
    case 'g':
      reserved = starts_with_lower(name, "grpc-") && !equals_lower(name, "grpc-trace-bin") &&
                 !equals_lower(name, "grpc-tags-bin") && !equals_lower(name, "grpc-retry-pushback-ms");
      break;
    case 'h': reserved = equals_lower(name, "host") || equals_lower(name, "http2-settings"); break;
    case 'k': reserved = equals_lower(name, "keep-alive"); break;
    case 'p': reserved = equals_lower(name, "proxy-connection"); break;
    case 't':
      if (starts_with_lower(name, "trailer-")) return Reservation::trailer_prefix;
      reserved = equals_lower(name, "te") || equals_lower(name, "trailer") || equals_lower(name, "transfer-encoding");
      break;
    case 'u': reserved = equals_lower(name, "upgrade"); break;
    default: break;
  }
  return reserved ? Reservation::reserved : Reservation::free;
}

}  // namespace

bool is_binary_name(std::string_view name) noexcept { return base::ends_with_lower(name, "-bin"); }

std::string_view name_fault(std::string_view name) noexcept {
  if (name.empty()) return "a name must not be empty";
  if (name.front() == ':') return "names that begin with ':' are reserved by HTTP";
  for (const char c : name)
    if (!name_characters[static_cast<unsigned char>(c)])
      return "a name consists of ASCII letters, digits, '_', '-' and '.'";
  if (reservation(name) != Reservation::free) return "reserved by the protocols";
  return {};
}

std::string_view trailer_name_fault(std::string_view name) noexcept {
  if (equals_lower(name, "date")) return "reserved by HTTP in trailers";
  return name_fault(name);
}

std::string_view value_fault(std::string_view value) noexcept {
  if (value.empty()) return {};
  for (const char c : value)
    if (c < 0x20 || c > 0x7e) return "a text value consists of printable ASCII and spaces";
  if (value.front() == ' ' || value.back() == ' ') return "HTTP trims spaces at the ends of a value";
  return {};
}

std::string_view pair_fault(std::string_view name, std::string_view value) noexcept {
  if (const std::string_view fault = name_fault(name); !fault.empty()) return fault;
  if (const std::string_view fault = value_fault(value); !fault.empty()) return fault;
  if (is_binary_name(name) && !base::for_each_comma_part(value, base::base64_valid))
    return "the text of a \"-bin\" header must be base64 (set_binary and add_binary encode)";
  return {};
}

bool is_user_visible(std::string_view lower_case_name, TrailerPrefix trailer_prefix) noexcept {
  switch (reservation(lower_case_name)) {
    case Reservation::free: return true;
    case Reservation::trailer_prefix: return trailer_prefix == TrailerPrefix::shown;
    case Reservation::reserved: break;
  }
  return false;
}

}  // namespace connectrpc::detail
