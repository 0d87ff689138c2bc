// A body that is one message: Connect's unary calls.
#include "protocol/whole_body.h"

#include <algorithm>
#include <limits>

#include "protocol/growing_buffer.h"

namespace connectrpc::protocol {

WholeBody::Item WholeBody::read(std::string_view body, bool ended, std::optional<std::uint64_t> announced,
                                std::size_t limit) {
  Item item;
  item.size = std::max<std::uint64_t>(partial_.size() + body.size(), ended ? 0 : announced.value_or(0));
  if (item.size > limit) {
    item.kind = Kind::too_large;
    return item;
  }
  item.consumed = body.size();
  if (ended && partial_.empty()) {
    item.kind = Kind::complete;
    item.payload = body;
    return item;
  }
  append_growing(partial_, body, announced ? static_cast<std::size_t>(item.size) : limit);
  if (ended) {
    item.kind = Kind::complete;
    item.payload = partial_;
  }
  return item;
}

}  // namespace connectrpc::protocol
