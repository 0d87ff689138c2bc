// Why a call was cancelled while its handler ran.
#pragma once

#include <cstdint>
#include <string_view>

namespace connectrpc {

enum class CancelReason : std::uint8_t {
  deadline,         ///< the call's deadline has passed; the caller was answered
  peer,             ///< the caller reset the call
  connection_lost,  ///< the connection broke
  shutdown,         ///< the server is going down
  user,             ///< this program asked for it
};

/// "deadline", "peer", "connection_lost", "shutdown", "user". Static.
std::string_view to_string(CancelReason reason) noexcept;

}  // namespace connectrpc
