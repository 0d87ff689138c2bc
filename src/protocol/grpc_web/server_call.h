// gRPC-Web on the server: gRPC with its trailers in the body.
#pragma once

#include "protocol/grpc/server_call.h"

namespace connectrpc::protocol {

class GrpcWebServerCall final : public GrpcServerCall {
 public:
  using GrpcServerCall::GrpcServerCall;
  Protocol protocol() const noexcept override { return Protocol::grpc_web; }

 private:
  void send_trailers(Headers trailers, ServerOutput& out) override;
};

}  // namespace connectrpc::protocol
