// The client of the README.
#include <iostream>

#include "connectrpc/client.h"
#include "greet/v1/greet.connect.h"

using namespace connectrpc;
using namespace greet::v1;

int main(int argc, char** argv) {
  // Speaks Connect; {.protocol = Protocol::grpc} as second argument makes it gRPC.
  GreetServiceClientSync client(argc > 1 ? argv[1] : "http://127.0.0.1:8080");
  GreetRequest request;
  request.set_name("Ada");
  try {
    auto response = client.greet(request, {{"acme-city", "London"}});
    std::cout << response->greeting() << "\n" << response.trailers()["greet-cost"] << "\n";
  } catch (const Error& error) {
    std::cerr << error.what() << "\n" << error.metadata()["greet-hint"] << "\n";
  }
}
