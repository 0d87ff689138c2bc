// greet_server --port P [--tls-port P --cert F --key F] [--host H] [--blocking] [--cors ORIGIN]: serves the greeting in
// all protocols, with health and reflection beside it, until SIGINT or SIGTERM. Port 0 picks a free one; one line with
// the addresses says that it is ready.
#include "connectrpc/server.h"

#include <exception>
#include <iostream>
#include <string>

#include "common/arguments.h"
#include "connectrpc/health.h"
#include "connectrpc/http/cors.h"
#include "connectrpc/reflection.h"
#include "greeter.h"

namespace {

int run(const examples::Arguments& arguments) {
  greet::Greeter greeter;
  greet::GreeterSync blocking;
  connectrpc::Health health({greet::v1::GreetServiceHandler::full_name});
  connectrpc::Server server;
  if (arguments.has("--blocking")) {
    server.add(blocking);
  } else {
    server.add(greeter);
  }
  if (arguments.has("--cors")) {
    connectrpc::http::CorsOptions cors;
    cors.origins = {arguments.get("--cors")};
    cors.request_headers = {"acme-city"};
    cors.response_headers = {"greet-version"};
    cors.trailers = {"greet-cost"};
    server.use(connectrpc::http::cors(cors));
  }
  connectrpc::add_health(server, health);
  connectrpc::add_reflection(server);
  const std::string host = arguments.get("--host", "127.0.0.1");
  std::string ready = "http://" + host + ":" + std::to_string(server.listen(host + ":" + arguments.get("--port", "0")));
  if (arguments.has("--cert")) {
    const auto tls = connectrpc::TlsConfig::from_files(arguments.get("--cert"), arguments.get("--key"));
    const auto port = server.listen(host + ":" + arguments.get("--tls-port", "0"), tls);
    ready += " https://" + host + ":" + std::to_string(port);
  }
  std::cout << ready << std::endl;
  server.run();
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(examples::Arguments(argc, argv));
  } catch (const std::exception& error) {
    std::cerr << "greet_server: " << error.what() << "\n";
    return 1;
  }
}
