// The snippets of docs/streams.md.
#include <algorithm>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <iostream>
#include <stdexcept>
#include <string>
#include <thread>

#include "connectrpc/client.h"
#include "connectrpc/testing/in_memory_server.h"
#include "greet/v1/greet.connect.h"
#include "pages.h"

namespace manual {
namespace {

using namespace connectrpc;
using namespace greet::v1;
using namespace std::chrono_literals;

// [service]
class Greeter : public GreetServiceHandler {
  // One request, many answers.
  Task<> greet_many(const GreetRequest& request, StreamWriter<GreetResponse>& responses, Context& context) override {
    context.response_headers().set("greet-version", "v1");
    for (int i = 1; i <= 3; ++i) {
      GreetResponse response;
      response.set_greeting("Hello " + std::to_string(i) + ", " + request.name());
      if (!co_await responses.send(response)) co_return;  // the caller has gone
    }
    context.response_trailers().set("greet-count", "3");
  }

  // Many requests, one answer.
  Task<GreetResponse> greet_all(StreamReader<GreetRequest>& requests, Context& context) override {
    std::string all;
    int count = 0;
    while (auto request = co_await requests.receive()) {
      all += " " + request->name();
      ++count;
    }
    context.response_trailers().set("greet-count", std::to_string(count));
    GreetResponse response;
    response.set_greeting("Hello," + all);
    co_return response;
  }

  // Many of both, each as it comes.
  Task<> converse(StreamReader<GreetRequest>& requests, StreamWriter<GreetResponse>& responses,
                  Context& context) override {
    co_await context.send_headers({{"greet-version", "v1"}});
    int count = 0;
    while (auto request = co_await requests.receive()) {
      GreetResponse response;
      response.set_greeting("Hello, " + request->name());
      co_await responses.send(response);
      ++count;
    }
    context.response_trailers().set("greet-count", std::to_string(count));
  }
};
// [/service]

// [service-sync]
class BlockingGreeter : public GreetServiceHandlerSync {
  void greet_many(const GreetRequest& request, StreamWriterSync<GreetResponse>& responses, Context& context) override {
    context.response_headers().set("greet-version", "v1");
    for (int i = 1; i <= 3; ++i) {
      GreetResponse response;
      response.set_greeting("Hello " + std::to_string(i) + ", " + request.name());
      if (!responses.send(response)) return;
    }
    context.response_trailers().set("greet-count", "3");
  }

  GreetResponse greet_all(StreamReaderSync<GreetRequest>& requests, Context& context) override {
    std::string all;
    int count = 0;
    while (auto request = requests.receive()) {
      all += " " + request->name();
      ++count;
    }
    context.response_trailers().set("greet-count", std::to_string(count));
    GreetResponse response;
    response.set_greeting("Hello," + all);
    return response;
  }

  void converse(StreamReaderSync<GreetRequest>& requests, StreamWriterSync<GreetResponse>& responses,
                Context& context) override {
    context.send_headers_now({{"greet-version", "v1"}});
    int count = 0;
    while (auto request = requests.receive()) {
      GreetResponse response;
      response.set_greeting("Hello, " + request->name());
      responses.send(response);
      ++count;
    }
    context.response_trailers().set("greet-count", std::to_string(count));
  }
};
// [/service-sync]

Task<> read_many(const GreetServiceClient& client) {
  // [server-stream]
  auto call = client.greet_many(named("Ada"), {{"acme-tenant-id", "1234"}});
  while (auto response = co_await call.receive()) std::cout << response->greeting() << "\n";
  Headers headers = co_await call.headers();
  std::cout << headers["greet-version"] << ", " << call.trailers()["greet-count"] << " greetings\n";
  // [/server-stream]
}

void read_many_blocking(const GreetServiceClientSync& client) {
  // [server-stream-sync]
  auto call = client.greet_many(named("Ada"), {{"acme-tenant-id", "1234"}});
  while (auto response = call.receive()) std::cout << response->greeting() << "\n";
  Headers headers = call.headers();
  std::cout << headers["greet-version"] << ", " << call.trailers()["greet-count"] << " greetings\n";
  // [/server-stream-sync]
}

Task<> write_all(const GreetServiceClient& client) {
  // [client-stream]
  auto call = client.greet_all({{"acme-tenant-id", "1234"}});
  co_await call.send(named("Ada"));
  co_await call.send(named("Grace"));
  auto response = co_await call.finish();  // closes the sending side
  std::cout << response->greeting() << "\n" << response.trailers()["greet-count"] << " names\n";
  // [/client-stream]
}

void write_all_blocking(const GreetServiceClientSync& client) {
  // [client-stream-sync]
  auto call = client.greet_all({{"acme-tenant-id", "1234"}});
  call.send(named("Ada"));
  call.send(named("Grace"));
  auto response = call.finish();
  std::cout << response->greeting() << "\n" << response.trailers()["greet-count"] << " names\n";
  // [/client-stream-sync]
}

Task<> converse(const GreetServiceClient& client) {
  // [bidi]
  auto call = client.converse({{"acme-tenant-id", "1234"}});
  co_await call.open();                       // the request's headers are on their way
  Headers headers = co_await call.headers();  // initial metadata, before any message
  std::cout << headers["greet-version"] << "\n";
  for (const char* name : {"Ada", "Grace"}) {
    co_await call.send(named(name));
    if (auto response = co_await call.receive()) std::cout << response->greeting() << "\n";
  }
  co_await call.close_send();
  while (auto response = co_await call.receive()) std::cout << "one more\n";
  std::cout << call.trailers()["greet-count"] << " names\n";  // trailing metadata
  // [/bidi]
}

void converse_blocking(const GreetServiceClientSync& client) {
  // [bidi-sync]
  auto call = client.converse({{"acme-tenant-id", "1234"}});
  call.open();
  Headers headers = call.headers();
  std::cout << headers["greet-version"] << "\n";
  for (const char* name : {"Ada", "Grace"}) {
    call.send(named(name));
    if (auto response = call.receive()) std::cout << response->greeting() << "\n";
  }
  call.close_send();
  while (auto response = call.receive()) std::cout << "one more\n";
  std::cout << call.trailers()["greet-count"] << " names\n";
  // [/bidi-sync]
}

// [both-sides]
using ConverseCall = BidiStreamCall<GreetRequest, GreetResponse>;

Task<> send_names(ConverseCall& call) {
  for (int i = 0; i < 100; ++i) co_await call.send(named("Ada"));
  co_await call.close_send();
}

Task<> count_greetings(ConverseCall& call, int& count) {
  while (auto response = co_await call.receive()) ++count;
}

Task<> send_and_count(const GreetServiceClient& client) {
  using namespace boost::asio::experimental::awaitable_operators;
  auto call = client.converse();
  int count = 0;
  co_await (send_names(call) && count_greetings(call, count));
  std::cout << count << " greetings\n";
}
// [/both-sides]

void send_and_count_blocking(const GreetServiceClientSync& client) {
  // [both-sides-sync]
  auto call = client.converse();
  std::jthread sender([&] {
    for (int i = 0; i < 100; ++i) call.send(named("Ada"));
    call.close_send();
  });
  int count = 0;
  while (auto response = call.receive()) ++count;
  std::cout << count << " greetings\n";
  // [/both-sides-sync]
}

// [open]
Task<> call_by_its_description(ChannelPtr channel) {
  const MethodSpec& method = GreetServiceHandler::greet_many_method;  // or one made from a descriptor at run time
  Call call = channel->open(method, {{"acme-tenant-id", "1234"}});
  co_await call.send(named("Ada"));
  co_await call.close_send();
  Headers headers = co_await call.headers();
  GreetResponse response;
  while (co_await call.receive(response)) std::cout << response.greeting() << "\n";
  std::cout << call.trailers()["greet-count"] << "\n";
}
// [/open]

namespace silent {

class Greeter : public GreetServiceHandler {
  // [handler-cancelled]
  Task<> greet_many(const GreetRequest&, StreamWriter<GreetResponse>& responses, Context&) override {
    boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor);
    GreetResponse response;
    response.set_greeting("tick");
    while (co_await responses.send(response)) {
      timer.expires_after(1h);
      co_await timer.async_wait(boost::asio::use_awaitable);  // throws when the call is cancelled
    }
  }
  // [/handler-cancelled]
  Task<> converse(StreamReader<GreetRequest>& requests, StreamWriter<GreetResponse>&, Context& context) override {
    context.response_trailers().set("greet-count", "0");
    while (auto request = co_await requests.receive()) {
      if (request->name().empty()) throw Error(Code::invalid_argument, "name is empty");
    }
  }
};

class BlockingGreeter : public GreetServiceHandlerSync {
  // [handler-cancelled-sync]
  void greet_many(const GreetRequest&, StreamWriterSync<GreetResponse>& responses, Context& context) override {
    GreetResponse response;
    response.set_greeting("tick");
    responses.send(response);
    while (!context.cancelled()) std::this_thread::sleep_for(10ms);
  }
  // [/handler-cancelled-sync]
};

void cancel(const GreetServiceClientSync& client) {
  // [cancel]
  auto call = client.greet_many(named("Ada"));
  call.receive();
  call.cancel();  // or let `call` go out of scope
  try {
    call.receive();
  } catch (const Error& error) {
    std::cout << to_string(error.code()) << "\n";
  }
  // [/cancel]
}

// [cancel-coroutine]
Task<> read_to_the_end(ServerStreamCall<GreetResponse>& call) {
  while (auto response = co_await call.receive()) std::cout << response->greeting() << "\n";
}

Task<> read_for_a_while(const GreetServiceClient& client) {
  using namespace boost::asio::experimental::awaitable_operators;
  auto call = client.greet_many(named("Ada"));
  boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor, 250ms);
  co_await (read_to_the_end(call) || timer.async_wait(boost::asio::use_awaitable));
}
// [/cancel-coroutine]

void time_out(const GreetServiceClientSync& client) {
  // [timeouts]
  CallOptions options;
  options.timeout(10s);            // the whole call, told to the server
  options.message_timeout(400ms);  // each wait for headers or a message
  auto call = client.greet_many(named("Ada"), options);
  try {
    while (auto response = call.receive()) std::cout << response->greeting() << "\n";
  } catch (const Error& error) {
    std::cout << to_string(error.code()) << ", noticed " << (error.is_remote() ? "there" : "here") << "\n";
  }
  // [/timeouts]
}

void send_until_it_ends(const GreetServiceClientSync& client) {
  // [end]
  auto call = client.converse();
  while (call.send(named(""))) std::this_thread::sleep_for(1ms);  // false: the server has ended the call
  try {
    call.receive();  // and this says how
  } catch (const Error& error) {
    std::cout << error.what() << ", " << error.trailers()["greet-count"] << "\n";
  }
  std::cout << call.trailers()["greet-count"] << "\n";
  // [/end]
}

}  // namespace silent

// [reuse]
class BusyGreeter : public GreetServiceHandler {
  Task<> converse(StreamReader<GreetRequest>& requests, StreamWriter<GreetResponse>& responses, Context&) override {
    GreetRequest request;
    GreetResponse response;
    while (co_await requests.receive(request)) {
      response.set_greeting("Hello, " + request.name());
      co_await responses.send(response);
    }
  }
  Task<GreetResponse> greet_all(StreamReader<GreetRequest>& requests, Context&) override {
    GreetRequest request;
    GreetResponse response;
    for (bool more = true; more;) {
      more = requests.try_receive(request) || co_await requests.receive(request);
      if (more) response.mutable_greeting()->append(request.name()).append(";");
    }
    co_return response;
  }
  Task<> greet_many(const GreetRequest& request, StreamWriter<GreetResponse>& responses, Context&) override {
    GreetResponse response;
    response.set_greeting("Hello, " + request.name());
    bool more = true;
    for (int i = 0; i < 1000 && more; ++i) more = responses.try_send(response) || co_await responses.send(response);
  }
};
// [/reuse]

Task<> talk_to_a_busy_one(GreetServiceClient client) {
  auto uploading = client.greet_all();
  for (int i = 0; i < 1000; ++i) co_await uploading.send(named(i % 2 == 0 ? "Ada" : ""));
  const auto all = co_await uploading.finish();
  std::cout << std::ranges::count(all->greeting(), ';') << " names, " << std::ranges::count(all->greeting(), 'A')
            << " of them Ada\n";
  // [reuse-client]
  GreetResponse response;
  int count = 0;
  auto reading = client.greet_many(named("Ada"));
  while (co_await reading.receive(response)) ++count;
  std::cout << count << " times " << response.greeting() << "\n";  // the last message is still there
  // [/reuse-client]
  auto talk = client.converse();
  for (const char* name : {"Ada", "", "Grace"}) {
    co_await talk.send(named(name));
    co_await talk.receive(response);
    std::cout << response.greeting() << "\n";
  }
  co_await talk.close_send();
}

ChannelOptions with(Protocol protocol) {
  ChannelOptions options;
  options.protocol = protocol;
  // [http2]
  options.http_version = HttpVersion::http2;
  // [/http2]
  return options;
}

void every_kind(const ChannelPtr& channel) {
  const GreetServiceClient client(channel);
  const GreetServiceClientSync blocking(channel);
  constexpr auto many = "Hello 1, Ada\nHello 2, Ada\nHello 3, Ada\nv1, 3 greetings\n";
  constexpr auto all = "Hello, Ada Grace\n2 names\n";
  constexpr auto talk = "v1\nHello, Ada\nHello, Grace\n2 names\n";
  prints("streams: server", many, [&] { run(read_many(client)); });
  prints("streams: server, blocking", many, [&] { read_many_blocking(blocking); });
  prints("streams: client", all, [&] { run(write_all(client)); });
  prints("streams: client, blocking", all, [&] { write_all_blocking(blocking); });
  prints("streams: bidi", talk, [&] { run(converse(client)); });
  prints("streams: bidi, blocking", talk, [&] { converse_blocking(blocking); });
  prints("streams: both sides", "100 greetings\n", [&] { run(send_and_count(client)); });
  prints("streams: both sides, blocking", "100 greetings\n", [&] { send_and_count_blocking(blocking); });
  prints("streams: by description", "Hello 1, Ada\nHello 2, Ada\nHello 3, Ada\n3\n",
         [&] { run(call_by_its_description(channel)); });
}

}  // namespace

void streams_page() {
  for (const Protocol protocol : {Protocol::connect, Protocol::grpc, Protocol::grpc_web}) {
    Greeter greeter;
    testing::InMemoryServer server;
    server.add(greeter);
    every_kind(server.channel(with(protocol)));
    BlockingGreeter blocking_greeter;
    testing::InMemoryServer blocking_server;
    blocking_server.add(blocking_greeter);
    every_kind(blocking_server.channel(with(protocol)));

    BusyGreeter busy_greeter;
    testing::InMemoryServer busy_server;
    busy_server.add(busy_greeter);
    prints("streams: reuse", "1000 names, 500 of them Ada\n1000 times Hello, Ada\nHello, Ada\nHello, \nHello, Grace\n",
           [&] { run(talk_to_a_busy_one(GreetServiceClient(busy_server.channel(with(protocol))))); });

    silent::Greeter silent_greeter;
    testing::InMemoryServer silent_server;
    silent_server.add(silent_greeter);
    silent::BlockingGreeter silent_blocking;
    testing::InMemoryServer silent_blocking_server;
    silent_blocking_server.add(silent_blocking);
    for (const ChannelPtr& channel :
         {silent_server.channel(with(protocol)), silent_blocking_server.channel(with(protocol))}) {
      const GreetServiceClientSync client(channel);
      prints("streams: cancel", "canceled\n", [&] { silent::cancel(client); });
      prints("streams: cancel in a coroutine", "tick\n",
             [&] { run(silent::read_for_a_while(GreetServiceClient(channel))); });
      prints("streams: timeouts", "tick\ndeadline_exceeded, noticed here\n", [&] { silent::time_out(client); });
    }
    prints("streams: end", "invalid_argument: name is empty, 0\n0\n",
           [&] { silent::send_until_it_ends(GreetServiceClientSync(silent_server.channel(with(protocol)))); });
  }
}

}  // namespace manual
