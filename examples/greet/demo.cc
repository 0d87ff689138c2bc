// greet_demo --plain URL --tls URL --ca F: calls a greet_server in every way there is and prints what came back.
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <exception>
#include <functional>
#include <iostream>
#include <optional>
#include <string>

#include "common/arguments.h"
#include "connectrpc/client.h"
#include "greet/v1/greet.connect.h"
#include "table.h"

namespace greet {
namespace {

using connectrpc::ChannelOptions;
using connectrpc::Codec;
using connectrpc::Error;
using connectrpc::HttpVersion;
using connectrpc::Protocol;
using connectrpc::Response;
using connectrpc::Result;
using Greeting = Result<Response<v1::GreetResponse>>;

/// One way to call.
struct Way {
  bool blocking;
  Protocol protocol;
  HttpVersion version;
  Codec codec;
  bool tls;
};

struct Server {
  std::string plain;
  std::string tls;
  std::string ca;
};

Greeting call_blocking(const std::string& url, const ChannelOptions& options, const v1::GreetRequest& request) {
  const v1::GreetServiceClientSync client(url, options);
  try {
    return client.greet(request, {{"acme-city", "London"}});
  } catch (const Error& error) {
    return error;
  }
}

connectrpc::Task<> call_in_coroutine(const v1::GreetServiceClient& client, const v1::GreetRequest& request,
                                     std::optional<Greeting>& result) {
  result = co_await connectrpc::as_result(client.greet(request, {{"acme-city", "London"}}));
}

Greeting call(const Server& server, const Way& way, const std::string& name) {
  ChannelOptions options;
  options.protocol = way.protocol;
  options.http_version = way.version;
  options.codec = way.codec;
  if (way.tls) options.tls.ca_file(server.ca);
  v1::GreetRequest request;
  request.set_name(name);
  const std::string& url = way.tls ? server.tls : server.plain;
  if (way.blocking) return call_blocking(url, options, request);

  boost::asio::io_context io(1);
  const v1::GreetServiceClient client(io, url, options);
  std::optional<Greeting> result;
  boost::asio::co_spawn(io, call_in_coroutine(client, request, result), [&](std::exception_ptr) { io.stop(); });
  io.run();
  return std::move(result).value();
}

void each_way(const std::function<void(const Way&)>& visit) {
  for (const bool blocking : {false, true})
    for (const bool tls : {false, true})
      for (const Protocol protocol : {Protocol::connect, Protocol::grpc, Protocol::grpc_web})
        for (const HttpVersion version : {HttpVersion::http1_1, HttpVersion::http2})
          for (const Codec codec : {Codec::proto, Codec::json})
            // gRPC needs HTTP/2.
            if (protocol != Protocol::grpc || version == HttpVersion::http2)
              visit({blocking, protocol, version, codec, tls});
}

std::string shown(const connectrpc::Headers& headers, std::string_view name) {
  const auto value = headers.get(name);
  return value ? std::string(*value) : "(missing)";
}

std::string shown_binary(const connectrpc::Headers& headers, std::string_view name) {
  const auto value = headers.get_binary(name);
  if (!value) return value.error().what();
  return *value ? **value : "(missing)";
}

/// How many were not what they should be.
int greet_in_every_way(const Server& server) {
  std::cout << "\nGreet({name: \"Ada\"}) with the request header acme-city: London\n\n";
  Table table(
      {"client", "over", "protocol", "HTTP", "codec", "greeting", "greet-version", "greet-cost", "greet-emoji-bin"});
  int unexpected = 0;
  each_way([&](const Way& way) {
    std::vector<std::string> row{way.blocking ? "blocking" : "coroutine", way.tls ? "TLS" : "plain",
                                 std::string(to_string(way.protocol)), std::string(to_string(way.version)),
                                 std::string(to_string(way.codec))};
    const Greeting greeting = call(server, way, "Ada");
    if (greeting) {
      const auto& response = *greeting;
      const std::vector<std::string> came{response->greeting(), shown(response.headers(), "greet-version"),
                                          shown(response.trailers(), "greet-cost"),
                                          shown_binary(response.headers(), "greet-emoji-bin")};
      if (came != std::vector<std::string>{"Hello, Ada of London!", "v1", "3ms", "👋"}) ++unexpected;
      row.insert(row.end(), came.begin(), came.end());
    } else {
      ++unexpected;
      row.insert(row.end(), {greeting.error().what(), "", "", ""});
    }
    table.add(std::move(row));
  });
  table.print();
  std::cout
      << "\n  greet-version and greet-emoji-bin are response headers (the second one holds bytes), greet-cost is a\n"
         "  trailer. The handler sets them the same way for all of these.\n";
  return unexpected;
}

int fail_in_each_protocol(const Server& server) {
  std::cout << "\nGreet({name: \"\"}), which the service refuses\n\n";
  Table table({"protocol", "code", "message", "detail greet.v1.BadName", "metadata greet-hint", "greet-cost"});
  int unexpected = 0;
  for (const Protocol protocol : {Protocol::connect, Protocol::grpc, Protocol::grpc_web}) {
    const Greeting greeting = call(server, {false, protocol, HttpVersion::http2, Codec::proto, true}, "");
    if (greeting) {
      ++unexpected;
      continue;
    }
    const Error& error = greeting.error();
    const auto bad = error.detail<v1::BadName>();
    const std::vector<std::string> row{std::string(to_string(protocol)),
                                       std::string(to_string(error.code())),
                                       error.message(),
                                       bad ? bad->field() + ": " + bad->reason() : "(missing)",
                                       shown(error.metadata(), "greet-hint"),
                                       shown(error.metadata(), "greet-cost")};
    if (row != std::vector<std::string>{row[0], "invalid_argument", "name is empty", "name: must not be empty",
                                        "say who you are", "3ms"})
      ++unexpected;
    table.add(row);
  }
  table.print();
  return unexpected;
}

int run(const examples::Arguments& arguments) {
  const Server server{arguments.get("--plain"), arguments.get("--tls"), arguments.get("--ca")};
  const int unexpected = greet_in_every_way(server) + fail_in_each_protocol(server);
  if (unexpected > 0) std::cout << "\n" << unexpected << " of these are not as they should be\n";
  return unexpected > 0 ? 1 : 0;
}

}  // namespace
}  // namespace greet

int main(int argc, char** argv) {
  try {
    return greet::run(examples::Arguments(argc, argv));
  } catch (const std::exception& error) {
    std::cerr << "greet_demo: " << error.what() << "\n";
    return 2;
  }
}
