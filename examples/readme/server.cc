// The server of the README.
#include "connectrpc/server.h"

#include <string>

#include "greet/v1/greet.connect.h"

using namespace connectrpc;
using namespace greet::v1;

class Greeter : public GreetServiceHandler {
  Task<GreetResponse> greet(const GreetRequest& request, Context& context) override {
    if (request.name().empty()) {
      throw Error(Code::invalid_argument, "name is empty").with_metadata("greet-hint", "say who you are");
    }
    context.response_headers().set("greet-version", "v1");
    context.response_headers().set_binary("greet-emoji-bin", "👋");
    context.response_trailers().set("greet-cost", "3ms");
    std::string who = request.name();
    if (auto city = context.request_headers().get("acme-city")) who += " of " + std::string(*city);
    GreetResponse response;
    response.set_greeting("Hello, " + who);
    co_return response;
  }
};

int main(int argc, char** argv) {
  Greeter greeter;
  Server server({.threads = 2});
  server.add(greeter);
  server.listen(argc > 1 ? argv[1] : "127.0.0.1:8080");  // Connect, gRPC and gRPC-Web; HTTP/1.1 and h2c
  server.run();                                          // until SIGINT or SIGTERM; drains; returns
}
