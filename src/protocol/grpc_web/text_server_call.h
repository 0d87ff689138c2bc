// gRPC-Web's text form on the server: the same bytes in base64, for clients that cannot read or write others.
#pragma once

#include <cstddef>
#include <string>
#include <utility>

#include "protocol/grpc_web/server_call.h"
#include "protocol/grpc_web/text_body.h"

namespace connectrpc::protocol {

/// A call whose request, answer or both are text. Everything that is sent at once is an encoding of its own, so that
/// the client can read on as it arrives.
class GrpcWebTextServerCall final : public ServerCall {
 public:
  /// `asked`: the request's type; `answered`: the answer's, as grpc_web_answer_type() gives it.
  GrpcWebTextServerCall(const http::RequestHead& head, const ContentType& asked, const ContentType& answered,
                        const MethodSpec& method, const ServerSettings& settings);

  Protocol protocol() const noexcept override { return Protocol::grpc_web; }
  std::optional<const Compression*> find_response_compression(std::string_view name) const override {
    return binary_.find_response_compression(name);
  }
  void set_response_compression(const Compression* compression) noexcept override {
    binary_.set_response_compression(compression);
  }
  ServerInput receive(std::string_view body, bool ended, std::optional<std::uint64_t> announced) override;
  std::size_t message_prefix() const noexcept override { return binary_.message_prefix(); }
  void send_headers(Headers headers, ServerOutput& out) override { binary_.send_headers(std::move(headers), out); }
  Result<void> send_message(std::string& body, std::size_t at) override;
  void finish(Ending ending, ServerOutput& out) override;

 private:
  void append(std::string_view bytes, std::string& out) const;

  bool text_in_;
  bool text_out_;
  GrpcWebServerCall binary_;
  TextBody text_;
  // What was decoded, from where binary_ has not dealt with it, and how much of it the last receive() gave away.
  std::string decoded_;
  std::size_t at_ = 0;
  std::size_t given_ = 0;
  bool complete_ = false;
  bool broken_ = false;
};

/// The type of the answer to a gRPC-Web request of type `asked`: the form that `accept` names if it names only one,
/// else the request's own.
ContentType grpc_web_answer_type(const http::RequestHead& head, ContentType asked);

}  // namespace connectrpc::protocol
