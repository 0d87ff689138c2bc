// gRPC-Web on the client.
#include "protocol/grpc_web/client_call.h"

#include "protocol/grpc_web/trailer_block.h"

namespace connectrpc::protocol {

std::optional<Error> GrpcWebClientCall::read_ending(std::uint8_t flags, std::string_view payload) {
  if ((flags & ~flag_compressed) != flag_trailers) return GrpcClientCall::read_ending(flags, payload);
  const std::optional<Headers> trailers = parse_trailer_block(payload);
  if (!trailers) return Error(Code::internal, "the trailers in the answer's body are no header fields");
  ending_ = read_trailers(*trailers);
  return std::nullopt;
}

std::optional<Error> GrpcWebClientCall::read_end(const ClientArrived& arrived) {
  if (is_trailers_only(arrived)) return read_trailers_only(arrived);
  return Error(Code::internal, "the answer ended without trailers in its body");
}

}  // namespace connectrpc::protocol
