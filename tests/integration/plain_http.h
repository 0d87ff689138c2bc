// Plain HTTP requests, over HTTP/1.1 and HTTP/2, without any RPC.
#pragma once

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "connectrpc/detail/headers_access.h"
#include "connectrpc/headers.h"
#include "connectrpc/protocol.h"
#include "http/exchange.h"
#include "http1/client_session.h"
#include "http2/client_session.h"
#include "io/connection.h"
#include "io/dialer.h"

namespace connectrpc::probe_test {

/// What came back.
struct Answer {
  int status = 0;
  Headers headers;
  std::string body;
  Headers trailers;
  /// The end came as a reset or a broken connection.
  bool cut = false;

  std::string header(std::string_view name) const { return std::string(headers[name]); }
  std::vector<std::string> all(std::string_view name) const {
    const auto values = headers.get_all(name);
    return {values.begin(), values.end()};
  }
  std::string trailer(std::string_view name) const { return std::string(trailers[name]); }
};

/// One connection to a server on the loopback or a unix socket; requests one after the other.
class PlainClient final : private http::Exchange::Observer {
 public:
  PlainClient(std::uint16_t port, HttpVersion version) : version_(version) {
    dialing_ = io::dial(loop_, "127.0.0.1", port, Deadline::none(), take());
    connect();
  }
  PlainClient(std::string_view unix_path, HttpVersion version) : version_(version) {
    dialing_ = io::dial_unix(loop_, unix_path, take());
    connect();
  }

  Answer get(std::string target) { return request("GET", std::move(target)); }
  Answer request(std::string method, std::string target, const Headers& headers = Headers(), std::string body = "") {
    start(std::move(method), std::move(target), headers, body.empty());
    if (!body.empty()) {
      exchange_->send_body(std::move(body));
      exchange_->finish();
    }
    return wait();
  }

  /// A request step by step.
  void start(std::string method, std::string target, const Headers& headers, bool ends) {
    http::RequestHead head;
    head.method = std::move(method);
    head.target = std::move(target);
    head.authority = "test.example";
    head.headers = headers;
    head.version = version_;
    exchange_ = link_->start(std::move(head), ends);
    exchange_->observe(this);
  }
  http::ClientExchange& exchange() { return *exchange_; }
  /// Turns the loop until `done`.
  template <class Done>
  void turn_until(Done done) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (!done()) {
      loop_.restart();
      loop_.run_one_for(std::chrono::milliseconds(20));
      if (std::chrono::steady_clock::now() > end) throw std::runtime_error("nothing comes");
    }
  }
  Answer wait() {
    Answer answer;
    turn_until([&] {
      answer.body += exchange_->take_body();
      return exchange_->inbound_ended() || exchange_->reset();
    });
    answer.body += exchange_->take_body();
    answer.cut = !exchange_->inbound_ended();
    answer.status = exchange_->response().status;
    answer.headers = exchange_->response().headers;
    answer.trailers = exchange_->trailers();
    exchange_.reset();
    return answer;
  }

 private:
  io::DialCallback take() {
    return [this](Result<std::unique_ptr<io::Stream>> result) { stream_ = std::move(result).value(); };
  }
  void connect() {
    turn_until([this] { return stream_ != nullptr; });
    const auto install = [this](auto session) {
      link_ = session.get();
      connection_ = std::make_unique<io::Connection>(std::move(stream_), std::move(session));
    };
    if (version_ == HttpVersion::http2) {
      install(http2::make_client_session(http::SessionLimits(), Peer()));
    } else {
      install(http1::make_client_session(http::SessionLimits(), Peer()));
    }
    connection_->start();
  }
  void on_inbound() override {}
  void on_outbound() override {}

  boost::asio::io_context loop_;
  HttpVersion version_;
  io::Dialing dialing_;
  std::unique_ptr<io::Stream> stream_;
  http::ClientLink* link_ = nullptr;
  std::unique_ptr<io::Connection> connection_;
  std::unique_ptr<http::ClientExchange> exchange_;
};

/// Fields with any names.
template <class... Pairs>
Headers raw(const Pairs&... pairs) {
  Headers headers;
  (detail::HeadersAccess::append(headers, pairs.first, pairs.second), ...);
  return headers;
}
using Field = std::pair<std::string, std::string>;

}  // namespace connectrpc::probe_test
