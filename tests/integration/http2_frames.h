// HTTP/2 frames by hand.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "integration/raw_client.h"

namespace connectrpc::probe_test {

inline constexpr std::string_view preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

enum FrameType : char { settings_frame = 4, ping_frame = 6, goaway_frame = 7 };

/// A frame of the connection. `flags` 1: an answer to the peer's (ACK).
inline std::string frame(FrameType type, char flags, std::string_view payload) {
  std::string bytes{'\0', '\0', static_cast<char>(payload.size()), type, flags, '\0', '\0', '\0', '\0'};
  return bytes.append(payload);
}

/// Reads until a frame of this type comes that is no answer to ours; its payload.
inline std::string next_frame(RawClient& client, FrameType type) {
  for (;;) {
    const std::string head = client.read_exactly(9);
    if (head.size() < 9) return "closed";
    const auto size = static_cast<std::size_t>(static_cast<unsigned char>(head[1])) << 8 |
                      static_cast<std::size_t>(static_cast<unsigned char>(head[2]));
    std::string payload = client.read_exactly(size);
    if (head[3] == type && (head[4] & 1) == 0) return payload;
  }
}

}  // namespace connectrpc::probe_test
