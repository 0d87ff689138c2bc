// Forwards requests to another HTTP/1.1 server, as they are: each on a connection of its own, bodies as they come.
#include "proxy.h"

#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <string>

namespace examples {

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
using asio::use_awaitable;
using asio::ip::tcp;
using connectrpc::Code;
using connectrpc::Error;
using connectrpc::Task;
namespace http = connectrpc::http;

// What concerns one connection alone stays on it.
bool is_hop_by_hop(beast::http::field name) {
  switch (name) {
    case beast::http::field::connection:
    case beast::http::field::keep_alive:
    case beast::http::field::transfer_encoding:
    case beast::http::field::upgrade: return true;
    default: return false;
  }
}

Task<tcp::socket> connect(const std::string& host, const std::string& port) {
  const auto executor = co_await asio::this_coro::executor;
  tcp::resolver resolver(executor);
  tcp::socket socket(executor);
  const auto addresses = co_await resolver.async_resolve(host, port, use_awaitable);
  co_await asio::async_connect(socket, addresses, use_awaitable);
  co_return socket;
}

Task<> send_request(tcp::socket& socket, http::Request& request) {
  beast::http::request<beast::http::empty_body> head(beast::http::string_to_verb(request.method()), request.target(),
                                                     11);
  if (head.method() == beast::http::verb::unknown) head.method_string(request.method());
  for (const auto& [name, value] : request.headers()) head.insert(std::string(name), std::string(value));
  head.set(beast::http::field::host, request.authority());
  head.set(beast::http::field::connection, "close");
  const bool chunked = !request.content_length() && request.method() != "GET" && request.method() != "HEAD";
  if (request.content_length()) head.content_length(*request.content_length());
  if (chunked) head.chunked(true);
  beast::http::request_serializer<beast::http::empty_body> serializer(head);
  co_await beast::http::async_write_header(socket, serializer, use_awaitable);
  while (auto piece = co_await request.read()) {
    if (chunked) {
      co_await asio::async_write(socket, beast::http::make_chunk(asio::buffer(*piece)), use_awaitable);
    } else {
      co_await asio::async_write(socket, asio::buffer(*piece), use_awaitable);
    }
  }
  if (chunked) co_await asio::async_write(socket, beast::http::make_chunk_last(), use_awaitable);
}

Task<> relay_answer(tcp::socket& socket, bool head_only, http::Response& response) {
  beast::flat_buffer buffer;
  beast::http::response_parser<beast::http::buffer_body> parser;
  parser.body_limit(boost::none);
  parser.skip(head_only);
  co_await beast::http::async_read_header(socket, buffer, parser, use_awaitable);
  response.set_status(static_cast<int>(parser.get().result_int()));
  for (const auto& field : parser.get()) {
    if (!is_hop_by_hop(field.name())) response.add_header(std::string(field.name_string()), std::string(field.value()));
  }
  while (!parser.is_done()) {
    std::string piece(16 * 1024, '\0');
    parser.get().body().data = piece.data();
    parser.get().body().size = piece.size();
    boost::system::error_code error;
    co_await beast::http::async_read_some(socket, buffer, parser, asio::redirect_error(use_awaitable, error));
    if (error && error != beast::http::error::need_buffer) throw boost::system::system_error(error);
    piece.resize(piece.size() - parser.get().body().size);
    co_await response.write(std::move(piece));
  }
}

// [proxy]
Task<> forward(const std::string& host, const std::string& port, http::Request& request, http::Response& response) {
  try {
    tcp::socket socket = co_await connect(host, port);
    co_await send_request(socket, request);
    co_await relay_answer(socket, request.method() == "HEAD", response);
  } catch (const boost::system::system_error& error) {
    throw Error(Code::unavailable, "the server behind this one cannot be asked: " + error.code().message());
  }
}
// [/proxy]

}  // namespace

http::Handler proxy_to(const std::string& upstream) {
  const auto colon = upstream.rfind(':');
  return [host = upstream.substr(0, colon), port = upstream.substr(colon + 1)](
             http::Request& request, http::Response& response) { return forward(host, port, request, response); };
}

}  // namespace examples
