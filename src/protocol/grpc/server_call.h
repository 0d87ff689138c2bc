// gRPC on the server (gRPC over HTTP/2).
#pragma once

#include "protocol/content_type.h"
#include "protocol/envelope_server_call.h"

namespace connectrpc::protocol {

class GrpcServerCall : public EnvelopeServerCall {
 public:
  GrpcServerCall(const http::RequestHead& head, const ContentType& type, const MethodSpec& method,
                 const ServerSettings& settings);

  Protocol protocol() const noexcept override { return Protocol::grpc; }
  void send_headers(Headers headers, ServerOutput& out) final;
  void finish(Ending ending, ServerOutput& out) final;

 protected:
  /// Puts the end of an answer whose head has been sent on its way.
  virtual void send_trailers(Headers trailers, ServerOutput& out);

 private:
  ContentType type_;
  bool headers_sent_ = false;
};

/// An answer that is nothing but trailers.
ServerOutput make_trailers_only(const ContentType& type, const Error* error, Headers trailers);

}  // namespace connectrpc::protocol
