// A body that is one message: Connect's unary calls.
#include "protocol/whole_body.h"

#include <algorithm>

namespace connectrpc::protocol {

WholeBody look_at_whole_body(std::string_view body, bool ended, std::optional<std::uint64_t> announced,
                             std::size_t limit) noexcept {
  WholeBody whole;
  whole.size = std::max<std::uint64_t>(body.size(), ended ? 0 : announced.value_or(0));
  if (whole.size > limit) {
    whole.kind = WholeBody::Kind::too_large;
  } else if (ended) {
    whole.kind = WholeBody::Kind::complete;
  }
  return whole;
}

}  // namespace connectrpc::protocol
