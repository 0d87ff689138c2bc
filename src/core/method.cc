// The names of stream types.
#include "connectrpc/method.h"

namespace connectrpc {

std::string_view to_string(StreamType type) noexcept {
  switch (type) {
    case StreamType::unary: return "unary";
    case StreamType::client: return "client";
    case StreamType::server: return "server";
    case StreamType::bidi: return "bidi";
  }
  return "unknown";
}

}  // namespace connectrpc
