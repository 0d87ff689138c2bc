// gRPC-Web on the server.
#include "protocol/grpc_web/server_call.h"

#include "protocol/grpc_web/trailer_block.h"

namespace connectrpc::protocol {

void GrpcWebServerCall::send_trailers(Headers trailers, ServerOutput& out) {
  std::string frame(envelope_prefix, '\0');
  print_trailer_block(trailers, frame);
  write_envelope_prefix(frame, flag_trailers);
  out.body += frame;
}

}  // namespace connectrpc::protocol
