// greet_server --port P [--tls-port P --cert F --key F] [--host H] [--blocking]: serves the greeting in all protocols
// until SIGINT or SIGTERM. Port 0 picks a free one; one line with the addresses says that it is ready.
#include "connectrpc/server.h"

#include <exception>
#include <iostream>
#include <string>

#include "common/arguments.h"
#include "greeter.h"

namespace {

int run(const examples::Arguments& arguments) {
  greet::Greeter greeter;
  greet::GreeterSync blocking;
  connectrpc::Server server;
  if (arguments.has("--blocking")) {
    server.add(blocking);
  } else {
    server.add(greeter);
  }
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
