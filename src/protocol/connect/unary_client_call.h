// Connect's unary calls on the client: plain HTTP, POST or GET.
#pragma once

#include <string>

#include "protocol/answer_encoding.h"
#include "protocol/client_call.h"
#include "protocol/failed_answer.h"
#include "protocol/whole_body.h"

namespace connectrpc::protocol {

class ConnectUnaryClientCall final : public ClientCall {
 public:
  ConnectUnaryClientCall(Codec codec, const MethodSpec& method, const ClientSettings& settings) noexcept;

  Protocol protocol() const noexcept override { return Protocol::connect; }
  void open(const ClientTarget& target, const Headers& user_headers, std::optional<std::chrono::nanoseconds> timeout,
            ClientOutput& out) override;
  std::size_t message_prefix() const noexcept override { return 0; }
  Result<void> send_message(std::string prefixed_payload, ClientOutput& out) override;
  void close_send(ClientOutput& out) override;
  bool stable_encoding() const noexcept override { return get_; }
  ClientInput receive(const ClientArrived& arrived) override;
  Error reset_error(const http::Reset& reset) override;

 private:
  void append_content_type();
  bool make_get();
  std::optional<Error> read_head(const http::ResponseHead& head);
  ClientInput receive_failed(const ClientArrived& arrived);
  ClientInput message(std::string_view body);
  ClientInput conclude(std::optional<Error> error);

  const MethodSpec& method_;
  const ClientSettings& settings_;
  Codec codec_;
  // Kept until the request is complete: only then is it known whether a GET can carry it.
  http::RequestHead head_;
  std::string payload_;
  AnswerEncoding encoding_;
  std::optional<FailedAnswer> failed_;
  std::string unpacked_;
  bool get_;
  bool packed_ = false;
  bool head_read_ = false;
  bool received_ = false;
};

}  // namespace connectrpc::protocol
