// What a call speaks: protocol, codec, HTTP version.
#pragma once

#include <cstdint>
#include <string_view>

namespace connectrpc {

/// The RPC protocols that share one port and one API.
enum class Protocol : std::uint8_t { connect, grpc, grpc_web };

/// How messages become bytes.
enum class Codec : std::uint8_t { proto, json };

/// What carries the call.
enum class HttpVersion : std::uint8_t { http1_0, http1_1, http2, http3 };

/// "connect", "grpc", "grpc-web". Static.
std::string_view to_string(Protocol protocol) noexcept;
/// "proto", "json": the word in content types. Static.
std::string_view to_string(Codec codec) noexcept;
/// "HTTP/1.1", "HTTP/2". Static.
std::string_view to_string(HttpVersion version) noexcept;

}  // namespace connectrpc
