// The names of protocols, codecs and HTTP versions.
#include "connectrpc/protocol.h"

namespace connectrpc {

std::string_view to_string(Protocol protocol) noexcept {
  switch (protocol) {
    case Protocol::connect: return "connect";
    case Protocol::grpc: return "grpc";
    case Protocol::grpc_web: return "grpc-web";
  }
  return "unknown";
}

std::string_view to_string(Codec codec) noexcept {
  switch (codec) {
    case Codec::proto: return "proto";
    case Codec::json: return "json";
  }
  return "unknown";
}

std::string_view to_string(HttpVersion version) noexcept {
  switch (version) {
    case HttpVersion::http1_0: return "HTTP/1.0";
    case HttpVersion::http1_1: return "HTTP/1.1";
    case HttpVersion::http2: return "HTTP/2";
    case HttpVersion::http3: return "HTTP/3";
  }
  return "unknown";
}

}  // namespace connectrpc
