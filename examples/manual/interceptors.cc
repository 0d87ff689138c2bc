// The snippets of docs/interceptors.md.
#include <google/protobuf/message.h>

#include <chrono>
#include <iostream>
#include <memory>
#include <optional>
#include <string>

#include "connectrpc/client.h"
#include "connectrpc/testing/in_memory_server.h"
#include "greet/v1/greet.connect.h"
#include "pages.h"

namespace manual {
namespace {

using namespace connectrpc;
using namespace greet::v1;

// [values-type]
struct User {
  std::string name;
};
// [/values-type]

class Greeter : public GreetServiceHandler {
  Task<GreetResponse> greet(const GreetRequest& request, Context& context) override {
    std::cout << "handler\n";
    if (request.name() == "nobody") throw Error(Code::not_found, "there is no nobody");
    GreetResponse response;
    response.set_greeting("Hello, " + request.name());
    // [values-handler]
    if (const User* user = context.value<User>()) response.set_greeting("Hello, " + user->name);
    // [/values-handler]
    co_return response;
  }
  Task<> greet_many(const GreetRequest& request, StreamWriter<GreetResponse>& responses, Context&) override {
    GreetResponse response;
    response.set_greeting("Hello, " + request.name());
    for (int i = 0; i < 2; ++i) co_await responses.send(response);
  }
};

// [tracing]
class Tracing : public Interceptor {
 public:
  explicit Tracing(std::string name) : name_(std::move(name)) {}

 private:
  Task<> intercept(Context& context, const Next& next) override {
    std::cout << name_ << " before " << context.method().name() << "\n";
    co_await next();
    std::cout << name_ << " after\n";
  }

  std::string name_;
};
// [/tracing]

void show_order() {
  Greeter greeter;
  testing::InMemoryServer server;
  server.add(greeter);
  // [attach]
  server.intercept(std::make_shared<Tracing>("all services"));
  server.intercept("greet.v1.GreetService", std::make_shared<Tracing>("one service"));
  server.intercept("greet.v1.GreetService/Greet", std::make_shared<Tracing>("one method"));

  ChannelOptions options;
  options.interceptors = {std::make_shared<Tracing>("client's first"), std::make_shared<Tracing>("client's second")};
  GreetServiceClientSync client(server.channel(options));
  // [/attach]
  client.greet(named("Ada"));
}

// [auth]
class Auth : public Interceptor {
  Task<> intercept(Context& context, const Next& next) override {
    const Headers& headers = context.request_headers();
    if (headers["authorization"] != "Bearer good") {
      throw Error(Code::unauthenticated, "bad token").with_metadata("www-authenticate", "Bearer");
    }
    context.set_value(User{"Ada of the token"});
    co_await next();
    context.response_trailers().set("served-by", "node 7");
  }
};
// [/auth]

// [auth-client]
class WithToken : public Interceptor {
  Task<> intercept(Context& context, const Next& next) override {
    context.request_headers().set("authorization", "Bearer good");
    co_await next();
  }
};
// [/auth-client]

void authenticate() {
  Greeter greeter;
  testing::InMemoryServer server;
  server.add(greeter).intercept(std::make_shared<Auth>());
  try {
    GreetServiceClientSync(server.channel()).greet(named("Ada"));
  } catch (const Error& error) {
    std::cout << error.what() << ", " << error.metadata()["www-authenticate"] << "\n";
  }
  ChannelOptions options;
  options.interceptors = {std::make_shared<WithToken>()};
  const auto response = GreetServiceClientSync(server.channel(options)).greet(named("Ada"));
  std::cout << response->greeting() << "\n" << response.trailers()["served-by"] << "\n";
}

// [errors]
class HidesErrors : public Interceptor {
  Task<> intercept(Context& context, const Next& next) override {
    std::optional<Error> failed;
    try {
      co_await next();
    } catch (const Error& error) {
      failed = error;
    }
    context.response_trailers().set("outcome", failed ? to_string(failed->code()) : "ok");
    if (failed) throw Error(failed->code(), "ask the operator");
  }
};
// [/errors]

void hide_errors() {
  Greeter greeter;
  testing::InMemoryServer server;
  server.add(greeter).intercept(std::make_shared<HidesErrors>());
  try {
    GreetServiceClientSync(server.channel()).greet(named("nobody"));
  } catch (const Error& error) {
    std::cout << error.what() << ", " << error.metadata()["outcome"] << "\n";
  }
}

// [metadata-interceptor]
class Timing : public MetadataInterceptor {
 public:
  void on_start(Context& context) override { context.set_value(std::chrono::steady_clock::now()); }

  void on_end(Context& context, const Error* error) override {
    const auto* start = context.value<std::chrono::steady_clock::time_point>();
    const auto took = std::chrono::steady_clock::now() - *start;
    context.response_trailers().set("took-ns", std::to_string(std::chrono::nanoseconds(took).count()));
    std::cout << context.method().full_name() << ": " << (error == nullptr ? "ok" : error->what()) << "\n";
  }
};
// [/metadata-interceptor]

void time_calls() {
  Greeter greeter;
  testing::InMemoryServer server;
  server.add(greeter).intercept(std::make_shared<Timing>());
  const GreetServiceClientSync client(server.channel());
  const auto response = client.greet(named("Ada"));
  std::cout << response.trailers().contains("took-ns") << "\n";
  const auto failed = as_result([&] { return client.greet(named("nobody")); });
  std::cout << failed.error().trailers().contains("took-ns") << "\n";
}

// [messages]
class Watches : public Interceptor {
  Task<> intercept(Context& context, const Next& next) override {
    int count = 0;
    context.on_request_message([](google::protobuf::MessageLite& message) {
      std::cout << "request: " << dynamic_cast<google::protobuf::Message&>(message).ShortDebugString() << "\n";
    });
    context.on_response_message([&](google::protobuf::MessageLite& message) {
      ++count;
      if (auto* response = dynamic_cast<GreetResponse*>(&message)) response->set_greeting(response->greeting() + "!");
    });
    context.on_response_headers([](Headers& headers) { headers.set("watched", "yes"); });
    co_await next();
    std::cout << count << " responses\n";
  }
};
// [/messages]

void watch_messages() {
  Greeter greeter;
  testing::InMemoryServer server;
  server.add(greeter).intercept(std::make_shared<Watches>());
  auto call = GreetServiceClientSync(server.channel()).greet_many(named("Ada"));
  std::string greetings;
  while (const auto response = call.receive()) greetings += response->greeting() + "\n";
  const Headers headers = call.headers();
  std::cout << greetings << headers["watched"] << "\n";
}

// [respond]
class Cache : public Interceptor {
  Task<> intercept(Context& context, const Next& next) override {
    if (context.request_headers()["acme-cache"] == "ok") {
      GreetResponse response;
      response.set_greeting("Hello from the cache");
      context.response_headers().set("acme-cached", "yes");
      context.respond(response);
      co_return;
    }
    co_await next();
  }
};
// [/respond]

void answer_from_cache() {
  Greeter greeter;
  testing::InMemoryServer server;
  server.add(greeter).intercept(std::make_shared<Cache>());
  const GreetServiceClientSync client(server.channel());
  const auto cached = client.greet(named("Ada"), {{"acme-cache", "ok"}});
  std::cout << cached->greeting() << "\n" << cached.headers()["acme-cached"] << "\n";
  std::cout << client.greet(named("Ada")).headers().contains("acme-cached") << "\n";
}

class Forgets : public Interceptor {
  Task<> intercept(Context&, const Next&) override { co_return; }
};

void forget_next() {
  Greeter greeter;
  // [log]
  ServerOptions options;
  options.log = [](const LogRecord& record) { std::cout << record.method << ": " << record.text << "\n"; };
  // [/log]
  testing::InMemoryServer server(options);
  server.add(greeter).intercept(std::make_shared<Forgets>());
  const GreetServiceClientSync client(server.channel());
  std::cout << as_result([&] { return client.greet(named("Ada")); }).error().what() << "\n";
}

}  // namespace

void interceptors_page() {
  prints("interceptors: order",
         "client's first before Greet\n"
         "client's second before Greet\n"
         "all services before Greet\n"
         "one service before Greet\n"
         "one method before Greet\n"
         "handler\n"
         "one method after\n"
         "one service after\n"
         "all services after\n"
         "client's second after\n"
         "client's first after\n",
         show_order);
  prints("interceptors: authentication",
         "unauthenticated: bad token, Bearer\nhandler\nHello, Ada of the token\nnode 7\n", authenticate);
  prints("interceptors: errors", "handler\nnot_found: ask the operator, not_found\n", hide_errors);
  prints("interceptors: timing",
         "handler\ngreet.v1.GreetService/Greet: ok\n1\n"
         "handler\ngreet.v1.GreetService/Greet: not_found: there is no nobody\n1\n",
         time_calls);
  prints("interceptors: messages", "request: name: \"Ada\"\n2 responses\nHello, Ada!\nHello, Ada!\nyes\n",
         watch_messages);
  prints("interceptors: answering", "Hello from the cache\nyes\nhandler\n0\n", answer_from_cache);
  prints("interceptors: misuse",
         "greet.v1.GreetService/Greet: an interceptor returned without having called next() and without an answer\n"
         "unknown: an interceptor failed\n",
         forget_next);
}

}  // namespace manual
