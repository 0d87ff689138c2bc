// What our client calls itself.
#pragma once

#include <string_view>

#include "connectrpc/protocol.h"

namespace connectrpc::protocol {

/// "connect-cpp/0.1.0 (gcc 12.2)", or in gRPC's form "grpc-c++-connect/0.1.0 (gcc 12.2)". Static.
std::string_view user_agent(Protocol protocol) noexcept;

}  // namespace connectrpc::protocol
