// Which names and values users may set, and which names readers of user metadata see (metadata.md H3 to H5).
#include "base/ascii.h"
#include "base/base64.h"
#include "base/chunk.h"
#include "connectrpc/detail/headers_access.h"

namespace connectrpc::detail {
namespace {

using base::equals_lower;
using base::starts_with_lower;

// Letters, digits, '_', '-' and '.': what is between '-' and '9' but '/'.
[[gnu::always_inline]] inline bool has_name_characters(std::string_view name) noexcept {
  return base::none_of(name, [](base::Chunk c) {
    return ~(base::are_between(c | base::each(0x20), 'a', 'z') |
             (base::are_between(c, '-', '9') & (c != base::each('/'))) | (c == base::each('_')));
  });
}

[[gnu::always_inline]] inline bool has_value_characters(std::string_view value) noexcept {
  return base::none_of(value, [](base::Chunk c) { return ~base::are_between(c, 0x20, 0x7e); });
}

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

// Whether name_fault and value_fault have nothing to say.
[[gnu::always_inline]] inline bool is_sendable_name(std::string_view name) noexcept {
  return !name.empty() && has_name_characters(name) &&
         (!begins_as_reserved(name) || reservation(name) == Reservation::free);
}
[[gnu::always_inline]] inline bool is_sendable_value(std::string_view value) noexcept {
  return value.empty() || (value.front() != ' ' && value.back() != ' ' && has_value_characters(value));
}

[[gnu::always_inline]] inline bool may_be_binary_name(std::string_view name) noexcept {
  return !name.empty() && base::to_lower(name.back()) == 'n';
}

// Of a sendable pair.
[[gnu::noinline]] std::string_view base64_fault(std::string_view name, std::string_view value) noexcept {
  if (!is_binary_name(name) || base::for_each_comma_part(value, base::base64_valid)) return {};
  return "the text of a \"-bin\" header must be base64 (set_binary and add_binary encode)";
}

}  // namespace

bool is_binary_name(std::string_view name) noexcept {
  return may_be_binary_name(name) && base::ends_with_lower(name, "-bin");
}

std::string_view name_fault(std::string_view name) noexcept {
  if (name.empty()) return "a name must not be empty";
  if (name.front() == ':') return "names that begin with ':' are reserved by HTTP";
  if (!has_name_characters(name)) return "a name consists of ASCII letters, digits, '_', '-' and '.'";
  if (reservation(name) != Reservation::free) return "reserved by the protocols";
  return {};
}

std::string_view trailer_name_fault(std::string_view name) noexcept {
  if (equals_lower(name, "date")) return "reserved by HTTP in trailers";
  return name_fault(name);
}

std::string_view value_fault(std::string_view value) noexcept {
  if (value.empty()) return {};
  if (!has_value_characters(value)) return "a text value consists of printable ASCII and spaces";
  if (value.front() == ' ' || value.back() == ' ') return "HTTP trims spaces at the ends of a value";
  return {};
}

std::string_view pair_fault(std::string_view name, std::string_view value) noexcept {
  if (!is_sendable_name(name)) return name_fault(name);
  if (!is_sendable_value(value)) return value_fault(value);
  return may_be_binary_name(name) ? base64_fault(name, value) : std::string_view();
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
