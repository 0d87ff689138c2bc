// The snippets of docs/metadata.md.
#include <iostream>
#include <map>
#include <stdexcept>
#include <string>

#include "connectrpc/client.h"
#include "connectrpc/testing/in_memory_server.h"
#include "greet/v1/greet.connect.h"
#include "pages.h"

namespace manual {
namespace {

using namespace connectrpc;
using namespace greet::v1;
using namespace std::chrono_literals;

namespace plain {

// [service]
class Greeter : public GreetServiceHandler {
  Task<GreetResponse> greet(const GreetRequest& request, Context& context) override {
    const Headers& headers = context.request_headers();
    std::cout << "tenant " << headers["acme-tenant-id"] << "\n";  // "" if it was not sent
    context.response_headers().set("greet-version", "v1");
    context.response_trailers().set("greet-cost", "3ms");
    GreetResponse response;
    response.set_greeting("Hello, " + request.name());
    co_return response;
  }
};
// [/service]

// [service-sync]
class BlockingGreeter : public GreetServiceHandlerSync {
  GreetResponse greet(const GreetRequest& request, Context& context) override {
    const Headers& headers = context.request_headers();
    std::cout << "tenant " << headers["acme-tenant-id"] << "\n";
    context.response_headers().set("greet-version", "v1");
    context.response_trailers().set("greet-cost", "3ms");
    GreetResponse response;
    response.set_greeting("Hello, " + request.name());
    return response;
  }
};
// [/service-sync]

void call_blocking(const ChannelPtr& channel) {
  // [client-sync]
  GreetServiceClientSync client(channel);
  GreetRequest request;
  request.set_name("Ada");
  auto response = client.greet(request, {{"acme-tenant-id", "1234"}});
  std::cout << response->greeting() << "\n";
  std::cout << response.headers()["greet-version"] << "\n";
  std::cout << response.trailers()["greet-cost"] << "\n";
  // [/client-sync]
}

// [client]
Task<> call(GreetServiceClient client) {
  GreetRequest request;
  request.set_name("Ada");
  auto response = co_await client.greet(request, {{"acme-tenant-id", "1234"}});
  std::cout << response->greeting() << "\n";
  std::cout << response.headers()["greet-version"] << "\n";
  std::cout << response.trailers()["greet-cost"] << "\n";
}
// [/client]

}  // namespace plain

namespace reading {

class Greeter : public GreetServiceHandler {
  Task<GreetResponse> greet(const GreetRequest&, Context& context) override {
    // [reading]
    const Headers& headers = context.request_headers();
    if (auto tenant = headers.get("Acme-Tenant-Id")) std::cout << "tenant " << *tenant << "\n";  // in any case
    for (std::string_view language : headers.get_all("acme-language")) std::cout << "language " << language << "\n";
    for (const auto& [name, value] : headers) {
      if (name.starts_with("acme-")) std::cout << name << ": " << value << "\n";
    }
    // [/reading]
    // [raw]
    std::cout << context.raw_request_headers()["content-type"] << "\n";  // what was on the wire
    std::cout << headers.contains("content-type") << "\n";               // what is the user's
    // [/raw]
    co_return GreetResponse();
  }
};

}  // namespace reading

void call_with_options(testing::InMemoryServer& server) {
  const GreetRequest request;
  // [client-wide]
  ChannelOptions channel_options;
  channel_options.headers.set("acme-tenant-id", "1234");
  GreetServiceClientSync client(server.channel(channel_options));
  // [/client-wide]
  // [options]
  client.greet(request, CallOptions().header("acme-language", "en").header("acme-language", "fr").timeout(2s));
  // [/options]
  // [map]
  std::map<std::string, std::string> pairs = {{"acme-language", "de"}};
  client.greet(request, Headers(pairs));
  // [/map]
}

namespace failing {

class Greeter : public GreetServiceHandler {
  // [error-handler]
  Task<GreetResponse> greet(const GreetRequest& request, Context& context) override {
    context.response_headers().set("greet-version", "v1");
    context.response_trailers().set("greet-cost", "3ms");
    if (request.name().empty()) {
      throw Error(Code::invalid_argument, "name is empty").with_metadata("greet-hint", "say who you are");
    }
    GreetResponse response;
    response.set_greeting("Hello, " + request.name());
    co_return response;
  }
  // [/error-handler]
};

void call(const GreetServiceClientSync& client) {
  // [error-client]
  try {
    client.greet(GreetRequest());
  } catch (const Error& error) {
    std::cout << error.what() << "\n";
    for (const auto& [name, value] : error.metadata()) {
      if (name.starts_with("greet-")) std::cout << name << ": " << value << "\n";
    }
  }
  // [/error-client]
}

Task<> call_for_result(const GreetServiceClient& client) {
  // [error-result]
  auto result = co_await as_result(client.greet(GreetRequest()));
  if (!result) std::cout << result.error().metadata()["greet-hint"] << "\n";
  // [/error-result]
}

}  // namespace failing

namespace binary {

class Greeter : public GreetServiceHandler {
  // [binary-handler]
  Task<GreetResponse> greet(const GreetRequest&, Context& context) override {
    Result<std::optional<std::string>> token = context.request_headers().get_binary("acme-token-bin");
    if (!token) throw token.error();  // invalid_argument: what came is not base64
    GreetResponse response;
    response.set_greeting(*token ? std::to_string((*token)->size()) + " bytes" : "no token");
    context.response_headers().set_binary("greet-emoji-bin", "👋");
    BadName detail;
    detail.set_field("name");
    context.response_trailers().set_message("greet-note-bin", detail);
    co_return response;
  }
  // [/binary-handler]
};

void call(const GreetServiceClientSync& client) {
  // [binary-client]
  const std::string token("\x00\xff\x0a", 3);
  auto response = client.greet(GreetRequest(), CallOptions().binary_header("acme-token-bin", token));
  std::cout << response->greeting() << "\n";
  std::cout << response.headers()["greet-emoji-bin"] << "\n";                      // the text on the wire
  std::cout << *response.headers().get_binary("greet-emoji-bin").value() << "\n";  // its bytes
  std::cout << response.trailers().get_message<BadName>("greet-note-bin").value()->field() << "\n";
  // [/binary-client]
}

}  // namespace binary

void set_what_may_not_be_set() {
  // [refused]
  Headers headers;
  try {
    headers.set("content-type", "text/plain");
  } catch (const std::invalid_argument& error) {
    std::cout << error.what() << "\n";
  }
  if (Result<void> added = headers.try_add("acme-note", "two\nlines"); !added) {
    std::cout << added.error().message() << "\n";
  }
  // [/refused]
}

namespace propagating {

class Back : public GreetServiceHandler {
  Task<GreetResponse> greet(const GreetRequest&, Context& context) override {
    GreetResponse response;
    response.set_greeting(std::string(context.request_headers()["traceparent"]) + ", " +
                          (context.deadline() ? "a deadline" : "no deadline") +
                          (context.request_headers().contains("authorization") ? ", a secret" : ""));
    co_return response;
  }
};

class Front : public GreetServiceHandler {
 public:
  explicit Front(ChannelPtr back) : back_(std::move(back)) {}

 private:
  // [propagation]
  Task<GreetResponse> greet(const GreetRequest& request, Context& context) override {
    auto response = co_await back_.greet(request, CallOptions::from(context, "traceparent", "acme-tenant-id"));
    co_return *response;
  }
  // [/propagation]
  GreetServiceClient back_;
};

void call() {
  Back back;
  testing::InMemoryServer back_server;
  back_server.add(back);
  Front front(back_server.channel());
  testing::InMemoryServer server;
  server.add(front);
  const GreetServiceClientSync client(server.channel());
  const auto response = client.greet(
      GreetRequest(), CallOptions().header("traceparent", "00-1").header("authorization", "secret").timeout(10s));
  std::cout << response->greeting() << "\n";
}

}  // namespace propagating

namespace late {

class Greeter : public GreetServiceHandler {
  Task<GreetResponse> greet(const GreetRequest&, Context& context) override {
    co_await context.send_headers();
    // [late]
    try {
      context.response_headers().set("greet-version", "v2");
    } catch (const std::logic_error& error) {
      std::cout << error.what() << "\n";
    }
    // [/late]
    context.response_trailers().set("greet-cost", "3ms");
    co_return GreetResponse();
  }
};

}  // namespace late

constexpr Protocol protocols[] = {Protocol::connect, Protocol::grpc, Protocol::grpc_web};

ChannelOptions with(Protocol protocol) {
  ChannelOptions options;
  options.protocol = protocol;
  return options;
}

}  // namespace

void metadata_page() {
  for (const Protocol protocol : protocols) {
    plain::Greeter greeter;
    testing::InMemoryServer server;
    server.add(greeter);
    plain::BlockingGreeter blocking_greeter;
    testing::InMemoryServer blocking_server;
    blocking_server.add(blocking_greeter);
    constexpr auto expected = "tenant 1234\nHello, Ada\nv1\n3ms\n";
    prints("metadata: service", expected,
           [&] { run(plain::call(GreetServiceClient(server.channel(with(protocol))))); });
    prints("metadata: blocking service", expected,
           [&] { plain::call_blocking(blocking_server.channel(with(protocol))); });

    failing::Greeter failing_greeter;
    testing::InMemoryServer failing_server;
    failing_server.add(failing_greeter);
    const ChannelPtr channel = failing_server.channel(with(protocol));
    prints("metadata: errors",
           "invalid_argument: name is empty\ngreet-version: v1\ngreet-hint: say who you are\ngreet-cost: 3ms\n",
           [&] { failing::call(GreetServiceClientSync(channel)); });
    prints("metadata: errors by value", "say who you are\n",
           [&] { run(failing::call_for_result(GreetServiceClient(channel))); });

    binary::Greeter binary_greeter;
    testing::InMemoryServer binary_server;
    binary_server.add(binary_greeter);
    prints("metadata: binary", "3 bytes\n8J+Riw\n👋\nname\n",
           [&] { binary::call(GreetServiceClientSync(binary_server.channel(with(protocol)))); });

    late::Greeter late_greeter;
    testing::InMemoryServer late_server;
    late_server.add(late_greeter);
    prints("metadata: late", "these headers were sent: they cannot be changed any more\n3ms\n", [&] {
      const auto response = GreetServiceClientSync(late_server.channel(with(protocol))).greet(GreetRequest());
      std::cout << response.trailers()["greet-cost"] << "\n";
    });
  }
  reading::Greeter reader;
  testing::InMemoryServer reader_server;
  reader_server.add(reader);
  prints("metadata: reading",
         "tenant 1234\nlanguage en\nlanguage fr\nacme-tenant-id: 1234\nacme-language: en\nacme-language: fr\n"
         "application/proto\n0\n"
         "tenant 1234\nlanguage de\nacme-tenant-id: 1234\nacme-language: de\napplication/proto\n0\n",
         [&] { call_with_options(reader_server); });
  prints("metadata: refused",
         "header \"content-type\": reserved by the protocols\n"
         "header \"acme-note\": a text value consists of printable ASCII and spaces\n",
         set_what_may_not_be_set);
  prints("metadata: propagation", "00-1, a deadline\n", propagating::call);
}

}  // namespace manual
