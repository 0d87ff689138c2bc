// Connect's streams on the server.
#pragma once

#include "protocol/content_type.h"
#include "protocol/envelope_server_call.h"

namespace connectrpc::protocol {

class ConnectStreamServerCall final : public EnvelopeServerCall {
 public:
  ConnectStreamServerCall(const http::RequestHead& head, const ContentType& type, const MethodSpec& method,
                          const ServerSettings& settings);

  Protocol protocol() const noexcept override { return Protocol::connect; }
  void send_headers(Headers headers, ServerOutput& out) override;
  void finish(Ending ending, ServerOutput& out) override;

 private:
  bool headers_sent_ = false;
};

/// Appends the envelope that ends a stream; the error's own metadata comes before `trailers`.
void append_end_stream(const Error* error, Headers trailers, std::string& body);

}  // namespace connectrpc::protocol
