// h2spec_server: answers every request over HTTP/2 with a line of text once it has come whole; prints its address. The
// servers of RPC answer a request that is none before its body has come, which is their right and hides from h2spec
// what the connection does with that body.
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <exception>
#include <iostream>
#include <list>
#include <map>
#include <memory>
#include <utility>

#include "connectrpc/detail/headers_access.h"
#include "http2/server_session.h"
#include "io/acceptor.h"
#include "io/connection.h"
#include "io/tcp_stream.h"

namespace {

using namespace connectrpc;

class Requests final : public http::RequestHandler {
 public:
  void on_request(std::unique_ptr<http::ServerExchange> exchange) override {
    requests_.emplace_front();
    Request& request = requests_.front();
    request.all = &requests_;
    request.at = requests_.begin();
    request.exchange = std::move(exchange);
    request.exchange->observe(&request);
    request.on_inbound();
  }

 private:
  struct Request final : http::Exchange::Observer {
    void on_inbound() override {
      if (!exchange->reset()) {
        exchange->consume(exchange->body().size());
        if (!exchange->inbound_ended()) return;
        http::ResponseHead head;
        detail::HeadersAccess::append(head.headers, "content-type", "text/plain");
        exchange->send_head(std::move(head), false);
        exchange->send_body("The request has come whole.\n");
        exchange->finish();
      }
      all->erase(at);  // ends this object
    }
    void on_outbound() override {}

    std::list<Request>* all = nullptr;
    std::list<Request>::iterator at;
    std::unique_ptr<http::ServerExchange> exchange;
  };

  std::list<Request> requests_;
};

int run() {
  io::Loop loop;
  Requests requests;
  std::map<io::Connection*, std::unique_ptr<io::Connection>> connections;
  const std::unique_ptr<io::Acceptor> acceptor = io::Acceptor::listen(loop, "127.0.0.1:0").value();
  acceptor->start([&](int socket) {
    std::unique_ptr<io::Stream> stream = io::make_tcp_stream(loop, socket);
    const Peer peer = stream->peer();
    auto connection =
        std::make_unique<io::Connection>(std::move(stream), http2::make_server_session(requests, {}, peer, "http"));
    connection->on_closed([&](io::Connection& ended) { connections.erase(&ended); });
    io::Connection& started = *connection;
    connections.emplace(&started, std::move(connection));
    started.start();
  });
  boost::asio::signal_set signals(loop, SIGINT, SIGTERM);
  signals.async_wait([&](const auto&, int) { loop.stop(); });
  std::cout << "http://" << acceptor->address() << std::endl;
  loop.run();
  return 0;
}

}  // namespace

int main() {
  try {
    return run();
  } catch (const std::exception& error) {
    std::cerr << "h2spec_server: " << error.what() << "\n";
    return 1;
  }
}
