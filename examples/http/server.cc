// http_server --www DIRECTORY [--port P] [--unix PATH] [--upstream HOST:PORT]: an RPC service, plain routes, files, and
// a proxy for the rest, on the same port. Port 0 picks a free one; one line with the address says that it is ready.
#include "connectrpc/server.h"

#include <atomic>
#include <exception>
#include <iostream>
#include <memory>
#include <string>

#include "common/arguments.h"
#include "connectrpc/http/static_files.h"
#include "greet/greeter.h"
#include "proxy.h"

namespace {

using namespace connectrpc;

// [counting]
// Counts what is answered: around everything on the port, RPCs and unknown paths included.
class Counter {
 public:
  Task<> count(http::Request& /*request*/, http::Response& response, const http::Next& next) {
    ++requests_;
    response.on_head([this](http::Response& leaving) {
      if (leaving.status() >= 500) ++failures_;
      leaving.set_header("server", "greeter");
    });
    return next();
  }
  Task<> metrics(http::Request& /*request*/, http::Response& response) const {
    return response.send("requests " + std::to_string(requests_) + "\nfailures " + std::to_string(failures_) + "\n",
                         "text/plain; version=0.0.4");
  }

 private:
  std::atomic<long> requests_{0};
  std::atomic<long> failures_{0};
};
// [/counting]

// [guard]
// Who may not come in hears so in the protocol he speaks: Connect, gRPC, gRPC-Web, or JSON.
Task<> guard(http::Request& request, http::Response& /*response*/, const http::Next& next) {
  if (request.path().starts_with("/admin/") && request.headers()["authorization"] != "Bearer open-sesame") {
    throw Error(Code::unauthenticated, "a token is needed here");
  }
  co_await next();
}
// [/guard]

// [echo]
// A body is read piece by piece, and written as fast as the client takes it.
Task<> shout(http::Request& request, http::Response& response) {
  response.set_header("content-type", "text/plain");
  while (auto piece = co_await request.read()) {
    for (char& letter : *piece) letter = letter >= 'a' && letter <= 'z' ? static_cast<char>(letter - 32) : letter;
    co_await response.write(*std::move(piece));
  }
  response.add_trailer("x-shouted", "yes");
}
// [/echo]

int run(const examples::Arguments& arguments) {
  greet::Greeter greeter;
  Counter counter;
  // [routes]
  Router admin;
  admin.add(greeter);
  admin.handle("GET", "/whoami", [](http::Request& request, http::Response& response) {
    return response.send(request.peer().to_string() + "\n", "text/plain");
  });

  Server server({.log = [](const LogRecord& record) { std::cerr << record.text << "\n"; }});
  server.use([&](auto& request, auto& response, auto& next) { return counter.count(request, response, next); });
  server.use(guard);
  server.add(greeter);
  server.mount("/admin", admin);  // /admin/greet.v1.GreetService/Greet, /admin/whoami
  server.handle("/healthz", [](http::Request&, http::Response& response) { return response.send("ok\n"); });
  server.handle("GET", "/metrics", [&](auto& request, auto& response) { return counter.metrics(request, response); });
  server.handle("POST", "/shout", shout);
  server.handle("/static/", http::static_files(arguments.get("--www")));
  // [/routes]
  if (arguments.has("--upstream")) server.unknown(examples::proxy_to(arguments.get("--upstream")));

  // [ports]
  const auto port = server.listen("127.0.0.1:" + arguments.get("--port", "0"));
  if (arguments.has("--unix")) server.listen("unix:" + arguments.get("--unix"));  // "/run/greeter.sock", or "@greeter"
  // [/ports]
  std::cout << "http://127.0.0.1:" << port << std::endl;
  server.run();
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(examples::Arguments(argc, argv));
  } catch (const std::exception& error) {
    std::cerr << "http_server: " << error.what() << "\n";
    return 1;
  }
}
