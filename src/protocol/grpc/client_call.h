// gRPC on the client (gRPC over HTTP/2).
#pragma once

#include "protocol/envelope_client_call.h"

namespace connectrpc::protocol {

class GrpcClientCall : public EnvelopeClientCall {
 public:
  GrpcClientCall(Codec codec, const MethodSpec& method, const ClientSettings& settings) noexcept
      : GrpcClientCall(ContentKind::grpc, codec, method, settings) {}

  Protocol protocol() const noexcept override { return Protocol::grpc; }
  void open(const ClientTarget& target, const Headers& user_headers, std::optional<std::chrono::nanoseconds> timeout,
            ClientOutput& out) final;

 protected:
  using EnvelopeClientCall::EnvelopeClientCall;

  std::string_view encoding_name() const noexcept final { return "grpc-encoding"; }
  FailedAnswer::Body failed_body() const noexcept final { return FailedAnswer::Body::ignored; }
  std::optional<Error> read_ending(std::uint8_t flags, std::string_view payload) override;
  std::optional<Error> read_end(const ClientArrived& arrived) override;
  std::optional<Error> read_failed(const ClientArrived& arrived) final;

  /// An answer without a body whose head has the status: its fields are trailers (metadata.md C6).
  bool is_trailers_only(const ClientArrived& arrived) const;
  std::optional<Error> read_trailers(const Headers& trailers);
  std::optional<Error> read_trailers_only(const ClientArrived& arrived);
};

}  // namespace connectrpc::protocol
