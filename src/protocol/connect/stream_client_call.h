// Connect's streams on the client.
#pragma once

#include "protocol/envelope_client_call.h"

namespace connectrpc::protocol {

class ConnectStreamClientCall final : public EnvelopeClientCall {
 public:
  ConnectStreamClientCall(Codec codec, const MethodSpec& method, const ClientSettings& settings) noexcept
      : EnvelopeClientCall(ContentKind::connect_stream, codec, method, settings) {}

  Protocol protocol() const noexcept override { return Protocol::connect; }
  void open(const ClientTarget& target, const Headers& user_headers, std::optional<std::chrono::nanoseconds> timeout,
            ClientOutput& out) override;

 private:
  std::string_view encoding_name() const noexcept override { return "connect-content-encoding"; }
  FailedAnswer::Body failed_body() const noexcept override { return FailedAnswer::Body::connect_error; }
  std::optional<Error> read_ending(std::uint8_t flags, std::string_view payload) override;
  std::optional<Error> read_end(const ClientArrived& arrived) override;
};

}  // namespace connectrpc::protocol
