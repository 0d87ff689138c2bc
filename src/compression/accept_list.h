// The accept-encoding list of a peer (RFC 9110 section 12.5.3).
#pragma once

#include <string_view>

#include "base/ascii.h"

namespace connectrpc::compression {

/// The weight in "q=0.5" in thousandths; 1000 where there is none or it is broken.
int parse_weight(std::string_view parameters) noexcept;

/// The largest weight, which is also that of an element without one.
inline constexpr int whole_weight = 1000;

/// Calls visit(name, weight in thousandths) for each element of "gzip;q=0.5, *", until it gives false.
template <class Visit>
void for_each_accepted(std::string_view accepted, Visit visit) {
  base::for_each_comma_part(accepted, [&visit](std::string_view element) -> bool {
    const std::size_t semicolon = element.find(';');
    const std::string_view name = base::trim(element.substr(0, semicolon));
    if (name.empty()) return true;
    return visit(name,
                 semicolon == std::string_view::npos ? whole_weight : parse_weight(element.substr(semicolon + 1)));
  });
}

/// Whether the list allows `name`, by itself or by "*".
bool accepts(std::string_view accepted, std::string_view name) noexcept;

}  // namespace connectrpc::compression
