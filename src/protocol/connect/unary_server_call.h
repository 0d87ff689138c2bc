// Connect's unary calls on the server: plain HTTP, POST or GET.
#pragma once

#include <string>

#include "protocol/content_type.h"
#include "protocol/server_call.h"
#include "protocol/server_encodings.h"
#include "protocol/whole_body.h"

namespace connectrpc::protocol {

class ConnectUnaryServerCall final : public ServerCall {
 public:
  /// For a GET `codec` is what its query names.
  ConnectUnaryServerCall(const http::RequestHead& head, Codec codec, const ServerSettings& settings);

  Protocol protocol() const noexcept override { return Protocol::connect; }
  ServerInput receive(std::string_view body, bool ended, std::optional<std::uint64_t> announced) override;
  std::size_t message_prefix() const noexcept override { return 0; }
  void send_headers(Headers headers, ServerOutput& out) override;
  Result<void> send_message(std::string& body, std::size_t at) override;
  void finish(Ending ending, ServerOutput& out) override;

 private:
  void read_post(const http::RequestHead& head);
  void read_get(const http::RequestHead& head);
  ServerInput message(std::string_view payload);

  const ServerSettings& settings_;
  // The message of a GET, still packed.
  std::string get_message_;
  std::string unpacked_;
  std::optional<Headers> headers_;
  std::string payload_;
  bool get_;
  bool received_ = false;
  bool packed_ = false;
};

/// The answer that an error is in a unary call; `headers` may already have fields of the protocol.
ServerOutput make_unary_error(const Error& error, Headers headers, const Headers& trailers);

}  // namespace connectrpc::protocol
