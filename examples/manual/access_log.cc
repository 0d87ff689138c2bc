// The snippets of docs/access_log.md.
#include "connectrpc/access_log.h"

#include <iostream>
#include <mutex>
#include <string>

#include "connectrpc/client.h"
#include "connectrpc/testing/in_memory_server.h"
#include "greet/v1/greet.connect.h"
#include "pages.h"

namespace manual {
namespace {

using namespace connectrpc;
using namespace greet::v1;

class Greeter : public GreetServiceHandler {
  Task<GreetResponse> greet(const GreetRequest& request, Context&) override {
    if (request.name().empty()) throw Error(Code::invalid_argument, "name is empty");
    GreetResponse response;
    response.set_greeting("Hello, " + request.name());
    co_return response;
  }
};

// Durations differ from run to run, user agents from version to version.
std::string without_time(std::string line) {
  const auto at = line.find("duration_ms=") + 12;
  return line.replace(at, line.find(' ', at) - at, "0.214") + "\n";
}

void log_calls() {
  std::mutex mutex;
  std::string written;
  // [options]
  AccessLogOptions log;
  log.headers = {"acme-tenant", "authorization"};
  log.sink = [&](std::string_view line) {
    const std::lock_guard lock(mutex);
    written += without_time(std::string(line));
  };
  ServerOptions options;
  options.on_call_end = access_log(log);
  // [/options]
  Greeter greeter;
  {
    testing::InMemoryServer server(options);
    server.add(greeter);
    const GreetServiceClientSync client(server.channel());
    client.greet(named("Ada"), {{"acme-tenant", "1234"}, {"authorization", "Bearer s3cr3t"}});
    static_cast<void>(as_result([&] { return client.greet(named("")); }));
  }
  std::cout << written;
}

void measure_calls() {
  std::uint64_t bytes = 0;
  // [hook]
  ServerOptions options;
  options.on_call_end = [&](const CallRecord& record) {
    if (record.error == nullptr) bytes += record.traffic.response_bytes;
  };
  // [/hook]
  Greeter greeter;
  {
    testing::InMemoryServer server(options);
    server.add(greeter);
    GreetServiceClientSync(server.channel()).greet(named("Ada"));
  }
  std::cout << bytes << "\n";
}

}  // namespace

void access_log_page() {
  prints("access log: lines",
         "method=greet.v1.GreetService/Greet code=ok protocol=connect codec=proto http=HTTP/1.1 verb=POST "
         "peer=in-process duration_ms=0.214 request_bytes=5 request_messages=1 response_bytes=12 response_messages=1 "
         "header.acme-tenant=1234 header.authorization=(redacted)\n"
         "method=greet.v1.GreetService/Greet code=invalid_argument protocol=connect codec=proto http=HTTP/1.1 "
         "verb=POST peer=in-process duration_ms=0.214 request_bytes=0 request_messages=1 response_bytes=53 "
         "response_messages=0 message=\"name is empty\"\n",
         log_calls);
  prints("access log: hook", "12\n", measure_calls);
}

}  // namespace manual
