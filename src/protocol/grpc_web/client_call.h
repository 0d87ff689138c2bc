// gRPC-Web on the client: gRPC with its trailers in the body.
#pragma once

#include "protocol/grpc/client_call.h"

namespace connectrpc::protocol {

class GrpcWebClientCall final : public GrpcClientCall {
 public:
  GrpcWebClientCall(Codec codec, const MethodSpec& method, const ClientSettings& settings) noexcept
      : GrpcClientCall(ContentKind::grpc_web, codec, method, settings) {}

  Protocol protocol() const noexcept override { return Protocol::grpc_web; }

 private:
  std::optional<Error> read_ending(std::uint8_t flags, std::string_view payload) override;
  std::optional<Error> read_end(const ClientArrived& arrived) override;
};

}  // namespace connectrpc::protocol
