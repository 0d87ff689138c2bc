// http_beast_server [--port P]: the greet service inside an HTTP/1.1 server that is made of Boost.Beast. Port 0 picks a
// free one; one line with the address says that it is ready.
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <exception>
#include <iostream>
#include <string>

#include "common/arguments.h"
#include "connectrpc/router.h"
#include "greet/greeter.h"

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
using asio::use_awaitable;
using asio::ip::tcp;
using connectrpc::Router;
using connectrpc::Task;
namespace http = connectrpc::http;
using Parser = beast::http::request_parser<beast::http::buffer_body>;

// [writer]
// Puts a response on Beast's socket.
class BeastWriter final : public http::ResponseWriter {
 public:
  BeastWriter(tcp::socket& socket, bool keep_alive) : socket_(socket), keep_alive_(keep_alive) {}

  Task<> write_head(const http::Response& response, bool ends) override {
    beast::http::response<beast::http::empty_body> head;
    head.result(static_cast<unsigned>(response.status()));
    head.keep_alive(keep_alive_);
    for (const auto& [name, value] : response.headers()) head.insert(std::string(name), std::string(value));
    const bool bodiless = response.status() == 204 || response.status() == 304;
    if (ends && !head.has_content_length() && !bodiless) head.content_length(0);
    chunked_ = !ends && !head.has_content_length();
    if (chunked_) head.chunked(true);
    beast::http::response_serializer<beast::http::empty_body> serializer(head);
    co_await beast::http::async_write_header(socket_, serializer, use_awaitable);
  }
  Task<> write_body(std::string bytes) override {
    if (chunked_) {
      co_await asio::async_write(socket_, beast::http::make_chunk(asio::buffer(bytes)), use_awaitable);
    } else {
      co_await asio::async_write(socket_, asio::buffer(bytes), use_awaitable);
    }
  }
  Task<> end(const http::Response& response) override {
    if (!chunked_) co_return;
    beast::http::fields trailers;
    for (const auto& [name, value] : response.trailers()) trailers.insert(std::string(name), std::string(value));
    co_await asio::async_write(socket_, beast::http::make_chunk_last(trailers), use_awaitable);
  }

 private:
  tcp::socket& socket_;
  const bool keep_alive_;
  bool chunked_ = false;
};
// [/writer]

// [reader]
// Takes the next bytes of a request's body from Beast.
Task<std::optional<std::string>> read_piece(tcp::socket& socket, beast::flat_buffer& buffer, Parser& parser) {
  while (!parser.is_done()) {
    std::string piece(16 * 1024, '\0');
    parser.get().body().data = piece.data();
    parser.get().body().size = piece.size();
    boost::system::error_code error;
    co_await beast::http::async_read_some(socket, buffer, parser, asio::redirect_error(use_awaitable, error));
    if (error && error != beast::http::error::need_buffer) throw boost::system::system_error(error);
    piece.resize(piece.size() - parser.get().body().size);
    if (!piece.empty()) co_return piece;
  }
  co_return std::nullopt;
}
// [/reader]

// [session]
// One connection: each request goes through the router as through a function.
Task<> serve_connection(tcp::socket socket, Router& router) {
  beast::flat_buffer buffer;
  for (bool open = true; open;) {
    Parser parser;
    parser.body_limit(boost::none);
    co_await beast::http::async_read_header(socket, buffer, parser, use_awaitable);
    const auto& head = parser.get();

    http::Request request(std::string(head.method_string()), std::string(head.target()),
                          [&] { return read_piece(socket, buffer, parser); });
    for (const auto& field : head) request.add_header(std::string(field.name_string()), std::string(field.value()));
    request.set_authority(std::string(head[beast::http::field::host]));

    BeastWriter writer(socket, parser.keep_alive());
    http::Response response(request, writer);
    co_await router.serve(request, response);
    open = parser.keep_alive() && parser.is_done();
  }
}
// [/session]

Task<> accept_all(tcp::acceptor& acceptor, Router& router) {
  for (;;) {
    tcp::socket socket = co_await acceptor.async_accept(use_awaitable);
    // A connection that ends or breaks concerns nobody else.
    asio::co_spawn(acceptor.get_executor(), serve_connection(std::move(socket), router), asio::detached);
  }
}

int run(const examples::Arguments& arguments) {
  greet::Greeter greeter;
  Router router;
  router.add(greeter);
  router.handle("/healthz", [](http::Request&, http::Response& response) { return response.send("ok from Beast\n"); });
  router.handle("POST", "/length", [](http::Request& request, http::Response& response) -> Task<> {
    const std::string body = co_await request.read_all();
    std::string text = std::to_string(body.size()) + "\n";
    co_await response.send(std::move(text));
  });

  asio::io_context io(1);
  const auto port = static_cast<std::uint16_t>(std::stoi(arguments.get("--port", "0")));
  tcp::acceptor acceptor(io, tcp::endpoint(asio::ip::make_address("127.0.0.1"), port));
  asio::co_spawn(io, accept_all(acceptor, router), asio::detached);
  asio::signal_set signals(io, SIGINT, SIGTERM);
  signals.async_wait([&](const boost::system::error_code&, int) { io.stop(); });
  std::cout << "http://127.0.0.1:" << acceptor.local_endpoint().port() << std::endl;
  io.run();
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(examples::Arguments(argc, argv));
  } catch (const std::exception& error) {
    std::cerr << "http_beast_server: " << error.what() << "\n";
    return 1;
  }
}
