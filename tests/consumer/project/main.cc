// A server on a port of the system's choice; prints its address and serves until it is told to stop.
#include <connectrpc/server.h>

#include <iostream>

#include "hello.connect.h"

class Hello : public hello::v1::HelloServiceHandler {
  connectrpc::Task<hello::v1::HelloResponse> hello(const hello::v1::HelloRequest& request,
                                                   connectrpc::Context& context) override {
    context.response_headers().set("greeted", request.name());
    hello::v1::HelloResponse response;
    response.set_text("Hello, " + request.name() + "!");
    co_return response;
  }
};

int main() {
  Hello hello;
  connectrpc::Server server;
  server.add(hello);
  const int port = server.listen("127.0.0.1:0");
  std::cout << "http://127.0.0.1:" << port << std::endl;
  server.run();
}
