// Names of protocols in the names of tests.
#pragma once

#include "connectrpc/protocol.h"

namespace connectrpc {

/// Static; letters and digits only, as GoogleTest wants them.
inline const char* protocol_name(Protocol protocol) {
  switch (protocol) {
    case Protocol::connect: return "Connect";
    case Protocol::grpc: return "Grpc";
    case Protocol::grpc_web: break;
  }
  return "GrpcWeb";
}

}  // namespace connectrpc
