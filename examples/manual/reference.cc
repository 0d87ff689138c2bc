// The snippets of docs/reference.
#include <chrono>
#include <iostream>
#include <string>
#include <thread>

#include "connectrpc/client.h"
#include "connectrpc/testing/in_memory_server.h"
#include "greet/v1/greet.connect.h"
#include "pages.h"

namespace manual {
namespace {

using namespace connectrpc;
using namespace greet::v1;
using namespace std::chrono_literals;

void show_headers() {
  // [headers]
  Headers headers = {{"Acme-Tag", "a"}, {"acme-other", "b"}, {"acme-tag", "c"}};
  std::cout << headers["ACME-TAG"] << " " << headers.get_all("acme-tag").size() << "\n";
  headers.set("acme-tag", "d");  // one value, at the first one's place
  for (const auto& [name, value] : headers) std::cout << name << "=" << value << " ";
  std::cout << headers.erase("acme-other") << " " << headers.size() << "\n";
  // [/headers]
  // [binary]
  std::string text = encode_binary_header("\xfe\x01");
  std::cout << text << " " << decode_binary_header("/gE=").value().size() << "\n";
  std::cout << decode_binary_header("/g-").error().message() << "\n";
  // [/binary]
  // [joined]
  Headers joined;
  joined.set("acme-id-bin", "AAE, AAE");
  std::cout << joined.get_all_binary("acme-id-bin").value().size() << "\n";
  // [/joined]
}

class Greeter : public GreetServiceHandler {
  Task<GreetResponse> greet(const GreetRequest&, Context& context) override {
    // [deadline-handler]
    if (context.deadline() && context.deadline().remaining() < 1s) {
      throw Error(Code::deadline_exceeded, "less than a second is left");
    }
    // [/deadline-handler]
    // [peer]
    const Peer& peer = context.peer();
    std::string who = peer.to_string();
    if (const TlsInfo* tls = peer.tls(); tls != nullptr && tls->certificate) who = tls->certificate->subject;
    if (const auto& process = peer.unix_credentials()) who = "uid " + std::to_string(process->uid);
    // [/peer]
    GreetResponse response;
    response.set_greeting("Hello, " + who);
    co_return response;
  }
};

void show_deadline() {
  // [deadline]
  Deadline deadline = Deadline::after(10s);
  Deadline sooner = min(deadline, Deadline::after(50ms));
  std::cout << (sooner < deadline) << (deadline < Deadline::none()) << deadline.expired() << "\n";
  std::this_thread::sleep_for(60ms);
  std::cout << sooner.expired() << " " << sooner.remaining().count() << "\n";
  // [/deadline]
  Greeter greeter;
  testing::InMemoryServer server;
  server.add(greeter);
  const GreetServiceClientSync client(server.channel());
  // [deadline-client]
  auto result = as_result([&] { return client.greet({}, CallOptions().deadline(Deadline::after(500ms))); });
  std::cout << to_string(result.error().code()) << "\n";
  // [/deadline-client]
}

void show_peer() {
  Greeter greeter;
  testing::InMemoryServer server;
  server.add(greeter);
  const GreetServiceClientSync client(server.channel());
  // [peer-client]
  auto response = client.greet({});
  std::cout << response->greeting() << ", from " << response.peer().to_string() << "\n";
  // [/peer-client]
  // [peer-made]
  std::cout << Peer::ipv4("192.0.2.1", 443).to_string() << " " << Peer::ipv6("::1", 80).to_string() << " "
            << Peer::unix_socket("/run/greet").to_string() << " " << Peer().to_string() << "\n";
  // [/peer-made]
}

}  // namespace

void reference_pages() {
  prints("reference: Headers",
         "a 2\nacme-tag=d acme-other=b 1 1\n/gE 2\nthe value is not base64 in the standard alphabet\n2\n",
         show_headers);
  prints("reference: Deadline", "110\n1 0\ndeadline_exceeded\n", show_deadline);
  prints("reference: Peer", "Hello, in-process, from in-process\n192.0.2.1:443 [::1]:80 unix:/run/greet unknown\n",
         show_peer);
}

}  // namespace manual
