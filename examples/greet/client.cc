// greet_client --url URL --name NAME [--city C] [--protocol connect|grpc|grpc-web] [--json] [--ca F]
// [--proxy URL]: one call.
#include "connectrpc/client.h"

#include <exception>
#include <iostream>
#include <string>

#include "common/arguments.h"
#include "greet/v1/greet.connect.h"

namespace {

void print(const char* what, const connectrpc::Headers& headers) {
  for (const auto& [name, value] : headers) std::cout << what << name << ": " << value << "\n";
}

int run(const examples::Arguments& arguments) {
  connectrpc::ChannelOptions options;
  const std::string protocol = arguments.get("--protocol", "connect");
  if (protocol == "grpc") options.protocol = connectrpc::Protocol::grpc;
  if (protocol == "grpc-web") options.protocol = connectrpc::Protocol::grpc_web;
  if (arguments.has("--json")) options.codec = connectrpc::Codec::json;
  if (arguments.has("--ca")) options.tls.ca_file(arguments.get("--ca"));
  if (arguments.has("--proxy")) options.proxy = arguments.get("--proxy");
  const greet::v1::GreetServiceClientSync client(arguments.get("--url", "http://127.0.0.1:8080"), options);
  greet::v1::GreetRequest request;
  request.set_name(arguments.get("--name"));
  connectrpc::CallOptions call;
  if (arguments.has("--city")) call.header("acme-city", arguments.get("--city"));
  try {
    const auto response = client.greet(request, call);
    std::cout << response->greeting() << "\n";
    print("  header  ", response.headers());
    print("  trailer ", response.trailers());
    return 0;
  } catch (const connectrpc::Error& error) {
    std::cout << error.what() << "\n";
    if (const auto bad = error.detail<greet::v1::BadName>())
      std::cout << "  detail  " << bad->field() << ": " << bad->reason() << "\n";
    print("  meta    ", error.metadata());
    return 1;
  }
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(examples::Arguments(argc, argv));
  } catch (const std::exception& error) {
    std::cerr << "greet_client: " << error.what() << "\n";
    return 2;
  }
}
