// The way into the protocols on the client.
#include "protocol/client_call.h"

#include "protocol/connect/stream_client_call.h"
#include "protocol/connect/unary_client_call.h"
#include "protocol/grpc/client_call.h"
#include "protocol/grpc_web/client_call.h"

namespace connectrpc::protocol {

std::unique_ptr<ClientCall> make_client_call(Protocol protocol, Codec codec, const MethodSpec& method,
                                             const ClientSettings& settings) {
  switch (protocol) {
    case Protocol::grpc: return std::make_unique<GrpcClientCall>(codec, method, settings);
    case Protocol::grpc_web: return std::make_unique<GrpcWebClientCall>(codec, method, settings);
    case Protocol::connect: break;
  }
  if (method.stream_type == StreamType::unary) return std::make_unique<ConnectUnaryClientCall>(codec, method, settings);
  return std::make_unique<ConnectStreamClientCall>(codec, method, settings);
}

}  // namespace connectrpc::protocol
