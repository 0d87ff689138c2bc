// The snippets of docs/auth.md and docs/limits.md.
#include <atomic>
#include <chrono>
#include <iostream>
#include <memory>
#include <string>

#include "connectrpc/auth.h"
#include "connectrpc/client.h"
#include "connectrpc/limits.h"
#include "connectrpc/testing/in_memory_server.h"
#include "greet/v1/greet.connect.h"
#include "pages.h"

namespace manual {
namespace {

using namespace connectrpc;
using namespace greet::v1;
using namespace std::chrono_literals;

struct User {
  std::string name;
};

class Greeter : public GreetServiceHandler {
  Task<GreetResponse> greet(const GreetRequest& request, Context& context) override {
    const User* user = context.value<User>();
    GreetResponse response;
    response.set_greeting("Hello, " + (user != nullptr ? user->name : request.name()));
    co_return response;
  }
};

std::string outcome(const GreetServiceClientSync& client, const CallOptions& options = CallOptions()) {
  const auto result = as_result([&] { return client.greet(named("Ada"), options); });
  return result ? (*result)->greeting() : result.error().what();
}

void fixed_tokens() {
  Greeter greeter;
  testing::InMemoryServer server;
  server.add(greeter);
  const std::string token_of_the_day = "s3cr3t";
  // [tokens]
  server.intercept(bearer_auth({token_of_the_day}, {.realm = "greetings", .open = {"grpc.health.v1.Health"}}));
  // [/tokens]
  const GreetServiceClientSync client(server.channel());
  // [challenge]
  const auto refused = as_result([&] { return client.greet(named("Ada")); });
  std::cout << refused.error().what() << "\n" << refused.error().metadata()["www-authenticate"] << "\n";
  // [/challenge]
  std::cout << outcome(client, {{"authorization", "Bearer s3cr3t"}}) << "\n";
}

// Stands for a directory of users that takes a while to answer.
Task<std::string> look_up(std::string_view token) { co_return token == "of-ada" ? "Ada Lovelace" : ""; }

void checked_tokens() {
  Greeter greeter;
  testing::InMemoryServer server;
  server.add(greeter);
  // [check]
  server.intercept(bearer_auth([](std::string_view token, Context& context) -> Task<bool> {
    const TlsInfo* tls = context.peer().tls();
    if (tls != nullptr && tls->certificate) {
      context.set_value(User{tls->certificate->subject});  // proved by the handshake
      co_return true;
    }
    const std::string name = co_await look_up(token);
    if (name.empty()) co_return false;
    context.set_value(User{name});
    co_return true;
  }));
  // [/check]
  const GreetServiceClientSync client(server.channel());
  std::cout << outcome(client, {{"authorization", "Bearer of-ada"}}) << "\n";
  std::cout << outcome(client, {{"authorization", "Bearer of-bob"}}) << "\n";
}

void logins() {
  Greeter greeter;
  testing::InMemoryServer server;
  server.add(greeter);
  // [basic]
  server.intercept(basic_auth({{"ada", "love:lace"}}));
  // [/basic]
  const GreetServiceClientSync client(server.channel());
  std::cout << outcome(client, {{"authorization", "Basic YWRhOmxvdmU6bGFjZQ=="}}) << "\n";
}

void limit_rate() {
  Greeter greeter;
  testing::InMemoryServer server;
  server.add(greeter);
  // [rate]
  RateLimitOptions limit;
  limit.calls_per_second = 0.01;
  limit.burst = 2;
  limit.key = [](const Context& context) { return std::string(context.request_headers()["acme-tenant"]); };
  server.intercept(rate_limit(limit));
  // [/rate]
  const GreetServiceClientSync client(server.channel());
  std::cout << outcome(client) << "\n" << outcome(client) << "\n";
  const auto refused = as_result([&] { return client.greet(named("Ada")); });
  std::cout << to_string(refused.error().code()) << ", retry-after "
            << (refused.error().metadata()["retry-after"].empty() ? "missing" : "there") << "\n";
  std::cout << outcome(client, {{"acme-tenant", "other"}}) << "\n";
}

void limit_load() {
  Greeter greeter;
  testing::InMemoryServer server;
  server.add(greeter);
  // [concurrency]
  server.intercept(concurrency_limit({.max_calls = 20, .key = peer_address}));
  // [/concurrency]
  // [shedding]
  server.intercept(load_shedding({.max_calls = 2000, .max_delay = 100ms, .open = {"grpc.health.v1.Health"}}));
  // [/shedding]
  std::cout << outcome(GreetServiceClientSync(server.channel())) << "\n";
}

void bound_deadlines() {
  Greeter greeter;
  // [deadlines]
  ServerOptions options;
  options.deadlines = {.min_timeout = 10ms, .max_timeout = 60s, .default_timeout = 5s};
  // [/deadlines]
  testing::InMemoryServer server(options);
  server.add(greeter);
  std::cout << outcome(GreetServiceClientSync(server.channel())) << "\n";
}

}  // namespace

void guards_pages() {
  prints("auth: tokens", "unauthenticated: a bearer token is needed\nBearer realm=\"greetings\"\nHello, Ada\n",
         fixed_tokens);
  prints("auth: check",
         "Hello, Ada Lovelace\n"
         "unauthenticated: the bearer token is not accepted\n",
         checked_tokens);
  prints("auth: basic", "Hello, Ada\n", logins);
  prints("limits: rate", "Hello, Ada\nHello, Ada\nresource_exhausted, retry-after there\nHello, Ada\n", limit_rate);
  prints("limits: load", "Hello, Ada\n", limit_load);
  prints("limits: deadlines", "Hello, Ada\n", bound_deadlines);
}

}  // namespace manual
