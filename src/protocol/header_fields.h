// What protocols look for in a head, found in one pass.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "connectrpc/error.h"
#include "connectrpc/headers.h"

namespace connectrpc::protocol {

/// A field of a head.
struct Field {
  std::string_view first;
  bool present = false;
  bool repeated = false;
};

/// The fields of these lower-case names. Views live as long as the headers.
template <std::size_t count>
std::array<Field, count> pick_fields(const Headers& headers, const std::array<std::string_view, count>& names) {
  // Size and last letter tell most others apart.
  constexpr auto bit = [](std::string_view name) {
    const unsigned last = name.empty() ? 0 : static_cast<unsigned char>(name.back());
    return std::uint64_t{1} << ((name.size() + 5 * last) & 63U);
  };
  std::uint64_t wanted = 0;
  for (const std::string_view name : names) wanted |= bit(name);
  std::array<Field, count> fields;
  for (const HeaderView pair : headers) {
    if ((wanted & bit(pair.name)) == 0) continue;
    for (std::size_t i = 0; i < count; ++i) {
      if (pair.name != names[i]) continue;
      if (fields[i].present) {
        fields[i].repeated = true;
      } else {
        fields[i] = {pair.value, true, false};
      }
      break;
    }
  }
  return fields;
}

/// A list that may be spread over several lines (RFC 9110 section 5.3) as one text.
std::string join_values(const Headers& headers, std::string_view name);

using ParseTimeout = std::optional<std::chrono::nanoseconds> (*)(std::string_view) noexcept;

/// The smallest of the timeouts under `name`; leaves `timeout` empty for none and for what means none.
/// Code::invalid_argument if one of them is broken.
std::optional<Error> read_timeout(const Headers& headers, const Field& field, std::string_view name, ParseTimeout parse,
                                  std::optional<std::chrono::nanoseconds>& timeout);

}  // namespace connectrpc::protocol
