// The snippets of docs/cors.md.
#include "connectrpc/http/cors.h"

#include <iostream>
#include <string>

#include "connectrpc/router.h"
#include "greet/v1/greet.connect.h"
#include "pages.h"

namespace manual {
namespace {

using namespace connectrpc;
using namespace greet::v1;

class Greeter : public GreetServiceHandler {
  Task<GreetResponse> greet(const GreetRequest& request, Context& context) override {
    context.response_trailers().set("greet-cost", "3ms");
    co_return greeting("Hello, " + request.name());
  }
};

// Prints what concerns a browser.
class Printer : public http::ResponseWriter {
  Task<> write_head(const http::Response& response, bool) override {
    std::cout << response.status() << "\n";
    for (const auto& [name, value] : response.headers()) {
      if (name.starts_with("access-control-") || name == "vary") std::cout << name << ": " << value << "\n";
    }
    co_return;
  }
  Task<> write_body(std::string) override { co_return; }
  Task<> end(const http::Response&) override { co_return; }
};

Task<> preflight(Router& router) {
  http::Request request("OPTIONS", "/greet.v1.GreetService/Greet");
  request.set_header("origin", "https://app.example.com");
  request.set_header("access-control-request-method", "POST");
  Printer printer;
  http::Response response(request, printer);
  co_await router.serve(request, response);
}

void serve_pages() {
  Greeter greeter;
  Router server;
  // [cors]
  http::CorsOptions options;
  options.origins = {"https://app.example.com", "http://localhost:3000"};
  options.request_headers = {"authorization", "acme-tenant"};
  options.response_headers = {"greet-version"};
  options.trailers = {"greet-cost"};
  server.use(http::cors(options));
  // [/cors]
  server.add(greeter);
  run(preflight(server));
}

}  // namespace

void cors_page() {
  prints("cors: preflight",
         "204\n"
         "access-control-allow-origin: https://app.example.com\n"
         "access-control-allow-methods: GET, POST\n"
         "access-control-allow-headers: content-type, connect-protocol-version, connect-timeout-ms, "
         "connect-content-encoding, connect-accept-encoding, content-encoding, grpc-timeout, grpc-encoding, "
         "grpc-accept-encoding, x-grpc-web, x-user-agent, user-agent, accept, authorization, acme-tenant\n"
         "access-control-max-age: 7200\n"
         "vary: origin\n",
         serve_pages);
}

}  // namespace manual
