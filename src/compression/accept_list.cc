// The accept-encoding list of a peer (RFC 9110 section 12.5.3).
#include "compression/accept_list.h"

#include <algorithm>

namespace connectrpc::compression {

int parse_weight(std::string_view parameters) noexcept {
  constexpr int whole = whole_weight;
  const std::string_view text = base::trim(parameters);
  if (text.size() < 3 || !base::starts_with_lower(text, "q=")) return whole;
  const std::string_view number = text.substr(2);
  if (!base::is_digit(number[0]) || (number.size() > 1 && number[1] != '.')) return whole;
  int weight = number[0] == '0' ? 0 : whole;
  int place = whole / 10;
  for (std::size_t i = 2; i < number.size(); ++i, place /= 10) {
    if (!base::is_digit(number[i])) return whole;
    weight += (number[i] - '0') * place;
  }
  return std::min(weight, whole);
}

bool accepts(std::string_view accepted, std::string_view name) noexcept {
  int own = -1;
  int any = 0;
  for_each_accepted(accepted, [&](std::string_view candidate, int weight) {
    if (base::iequals(candidate, name)) own = weight;
    if (candidate == "*") any = weight;
    return true;
  });
  return (own < 0 ? any : own) > 0;
}

}  // namespace connectrpc::compression
