// Requests as no client of ours would send them, over either HTTP version: heads and bytes, no protocol and no
// deadline.
#pragma once

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "connectrpc/detail/headers_access.h"
#include "http/exchange.h"
#include "http1/client_session.h"
#include "http2/client_session.h"
#include "integration/probe_service.h"
#include "io/connection.h"
#include "io/dialer.h"

namespace connectrpc::probe_test {

/// One connection to a server with one request. What arrives is kept unless it is left lying.
class WireClient final : private http::Exchange::Observer {
 public:
  using Clock = std::chrono::steady_clock;

  /// Connects; sends `head` and `body` as soon as it can.
  WireClient(boost::asio::io_context& io, std::uint16_t port, http::RequestHead head, std::string body, bool ends)
      : head_(std::move(head)), body_(std::move(body)), ends_(ends) {
    dialing_ = io::dial(io, "127.0.0.1", port, Deadline::none(),
                        [this](Result<std::unique_ptr<io::Stream>> stream) { begin(std::move(stream).value()); });
  }
  WireClient(const WireClient&) = delete;

  /// Whether what arrives is taken, so that the windows open.
  void read(bool on) {
    reading_ = on;
    if (on && exchange_) on_inbound();
  }
  void send(std::string bytes) { exchange_->send_body(std::move(bytes)); }
  void finish() { exchange_->finish(); }

  bool ended() const { return exchange_ && (exchange_->inbound_ended() || exchange_->reset()); }
  Clock::time_point began() const { return began_; }
  Clock::time_point ended_at() const { return ended_at_; }
  /// Head, body and trailers so far, as text.
  std::string answer() const {
    if (!exchange_) return "not connected";
    std::string text = exchange_->head_received() ? std::to_string(exchange_->response().status) + "\n" : "no head\n";
    for (const auto& [name, value] : exchange_->response().headers) append(text, name, value);
    text += received_;
    text += exchange_->body();
    text += "\n";
    for (const auto& [name, value] : exchange_->trailers()) append(text, name, value);
    if (!exchange_->inbound_ended() && exchange_->reset()) text += "reset: " + exchange_->reset()->text + "\n";
    return text;
  }
  /// Whether the server has said this code in words of the protocol.
  bool says(Protocol protocol, Code code) const {
    const std::string wanted = protocol == Protocol::connect ? "\"" + std::string(to_string(code)) + "\""
                                                             : "grpc-status: " + std::to_string(static_cast<int>(code));
    return answer().find(wanted) != std::string::npos;
  }

 private:
  void begin(std::unique_ptr<io::Stream> stream) {
    const http::SessionLimits limits;
    const Peer peer = stream->peer();
    const auto install = [&](auto session) {
      http::ClientLink& link = *session;
      connection_ = std::make_unique<io::Connection>(std::move(stream), std::move(session));
      connection_->start();
      began_ = Clock::now();
      exchange_ = link.start(std::move(head_), ends_ && body_.empty());
    };
    if (head_.version == HttpVersion::http2) {
      install(http2::make_client_session(limits, peer));
    } else {
      install(http1::make_client_session(limits, peer));
    }
    exchange_->observe(this);
    if (body_.empty()) return;
    exchange_->send_body(std::move(body_));
    if (ends_) exchange_->finish();
  }

  void on_inbound() override {
    if (reading_) received_ += exchange_->take_body();
    if (ended() && ended_at_ == Clock::time_point()) ended_at_ = Clock::now();
  }
  void on_outbound() override {}

  static void append(std::string& text, std::string_view name, std::string_view value) {
    text.append(name).append(": ").append(value).append("\n");
  }

  http::RequestHead head_;
  std::string body_;
  bool ends_;
  bool reading_ = true;
  io::Dialing dialing_;
  std::unique_ptr<io::Connection> connection_;
  std::unique_ptr<http::ClientExchange> exchange_;
  std::string received_;
  Clock::time_point began_;
  Clock::time_point ended_at_;
};

/// The head of a call with this plan, with a timeout that only the server watches.
inline http::RequestHead wire_head(Protocol protocol, HttpVersion version, const MethodSpec& method,
                                   const ProbeRequest& plan, std::chrono::milliseconds timeout) {
  http::RequestHead head;
  head.version = version;
  head.target = method.path;
  head.authority = "localhost";
  const bool unary = method.stream_type == StreamType::unary;
  head.headers.add_binary("probe-plan-bin", plan.SerializeAsString());
  const auto field = [&](std::string_view name, std::string_view value) {
    detail::HeadersAccess::append(head.headers, name, value);
  };
  switch (protocol) {
    case Protocol::connect:
      field("content-type", unary ? "application/proto" : "application/connect+proto");
      field("connect-protocol-version", "1");
      field("connect-timeout-ms", std::to_string(timeout.count()));
      return head;
    case Protocol::grpc:
      field("content-type", "application/grpc+proto");
      field("te", "trailers");
      break;
    case Protocol::grpc_web: field("content-type", "application/grpc-web+proto"); break;
  }
  field("grpc-timeout", std::to_string(timeout.count()) + "m");
  return head;
}

/// A message as the protocol frames it.
inline std::string wire_message(Protocol protocol, StreamType type, const ProbeRequest& message) {
  const std::string bytes = message.SerializeAsString();
  if (protocol == Protocol::connect && type == StreamType::unary) return bytes;
  std::string framed(1, '\0');
  for (const int shift : {24, 16, 8, 0}) framed += static_cast<char>(bytes.size() >> shift & 0xff);
  return framed + bytes;
}

}  // namespace connectrpc::probe_test
