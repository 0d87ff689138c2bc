// The snippets of docs/health.md and docs/reflection.md.
#include "connectrpc/health.h"

#include <grpc/health/v1/health.connect.h>
#include <grpc/reflection/v1/reflection.connect.h>

#include <chrono>
#include <iostream>
#include <sstream>
#include <string>

#include "connectrpc/client.h"
#include "connectrpc/reflection.h"
#include "connectrpc/server.h"
#include "connectrpc/testing/in_memory_server.h"
#include "greet/v1/greet.connect.h"
#include "pages.h"

namespace manual {
namespace {

using namespace connectrpc;
using namespace greet::v1;

class Greeter : public GreetServiceHandler {};

// Stands for a client of a database.
struct Database {
  bool up = true;
  Task<bool> ping() { co_return up; }
};

std::string asked(const grpc::health::v1::HealthClientSync& client, const std::string& service) {
  grpc::health::v1::HealthCheckRequest request;
  request.set_service(service);
  const auto result = as_result([&] { return client.check(request); });
  if (!result) return result.error().what();
  return grpc::health::v1::HealthCheckResponse::ServingStatus_Name((*result)->status());
}

void serve_health() {
  Greeter greeter;
  // [add]
  Health health({GreetServiceHandler::full_name});  // these and "", the server as a whole, are serving
  Server server;
  server.add(greeter);
  add_health(server, health);
  // [/add]
  const auto port = server.listen("127.0.0.1:0");
  server.start();
  const grpc::health::v1::HealthClientSync client("http://127.0.0.1:" + std::to_string(port));
  std::cout << asked(client, "") << "\n" << asked(client, "greet.v1.GreetService") << "\n";
  // [set]
  health.set(GreetServiceHandler::full_name, HealthStatus::not_serving);
  health.set("", HealthStatus::not_serving);
  // [/set]
  std::cout << asked(client, "greet.v1.GreetService") << "\n" << asked(client, "acme.v1.Shop") << "\n";
}

void check_health() {
  Greeter greeter;
  Database database;
  Health health;
  Server server;
  server.add(greeter);
  add_health(server, health);
  // [check]
  HealthCheckOptions often;
  often.interval = std::chrono::milliseconds(20);
  often.timeout = std::chrono::milliseconds(500);
  health.check_every(server.loop(0), "acme.Database", [&]() -> Task<bool> { return database.ping(); }, often);
  // [/check]
  const auto port = server.listen("127.0.0.1:0");
  server.start();
  // [watch]
  grpc::health::v1::HealthClientSync client("http://127.0.0.1:" + std::to_string(port));
  grpc::health::v1::HealthCheckRequest request;
  request.set_service("acme.Database");
  auto watch = client.watch(request);
  while (const auto change = watch.receive()) {
    std::cout << change->status() << "\n";
    if (change->status() == grpc::health::v1::HealthCheckResponse::SERVING) break;
  }
  // [/watch]
}

void serve_reflection() {
  Greeter greeter;
  testing::InMemoryServer server;
  // [reflection]
  server.add(greeter);
  add_reflection(server);
  // [/reflection]
  ChannelOptions options;
  options.protocol = Protocol::grpc;
  auto call = grpc::reflection::v1::ServerReflectionClientSync(server.channel(options)).server_reflection_info();
  grpc::reflection::v1::ServerReflectionRequest request;
  request.set_list_services("");
  call.send(request);
  const auto answer = call.receive();
  for (const auto& service : answer->list_services_response().service()) std::cout << service.name() << "\n";
}

}  // namespace

void health_page() {
  prints("health: set by hand", "SERVING\nSERVING\nNOT_SERVING\nnot_found: unknown service \"acme.v1.Shop\"\n",
         serve_health);
  // The first check may have ended before the stream began.
  prints("health: checks", "1\n", [] {
    std::ostringstream seen;
    std::streambuf* const page = std::cout.rdbuf(seen.rdbuf());
    check_health();
    std::cout.rdbuf(page);
    const std::string text = seen.str();
    std::cout << (text == "0\n1\n" ? "1\n" : text);
  });
  prints("reflection",
         "greet.v1.GreetService\ngrpc.reflection.v1.ServerReflection\ngrpc.reflection.v1alpha.ServerReflection\n",
         serve_reflection);
}

}  // namespace manual
