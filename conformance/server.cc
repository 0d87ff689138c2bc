// The server that the Connect conformance suite tests. --loops N serves on N loops; with --blocking its handlers block.
#include "connectrpc/server.h"

#include <cstdio>
#include <exception>

#include "conformance/flags.h"
#include "conformance/frames.h"
#include "conformance/service.h"
#include "connectrpc/conformance/v1/server_compat.pb.h"

namespace conformance {
namespace {

int run(const Flags& flags) {
  const auto request = read_frame<suite::ServerCompatRequest>();
  if (!request) throw std::runtime_error("nothing on standard input");

  connectrpc::ServerOptions options;
  if (request->message_receive_limit() > 0) options.receive_limit = request->message_receive_limit();
  options.threads = flags.loops;
  // The suite's handlers sleep: as many may as the suite has calls under way.
  options.workers = 64;
  Service service;
  ServiceSync service_sync;
  connectrpc::Server server(options);
  if (flags.blocking) {
    server.add(service_sync);
  } else {
    server.add(service);
  }
  suite::ServerCompatResponse response;
  response.set_host("127.0.0.1");
  if (request->use_tls()) {
    auto tls = connectrpc::TlsConfig::from_pem(request->server_creds().cert(), request->server_creds().key());
    if (!request->client_tls_cert().empty()) tls.client_ca_pem(request->client_tls_cert()).require_client_certificate();
    response.set_port(server.listen("127.0.0.1:0", tls));
    response.set_pem_cert(request->server_creds().cert());
  } else {
    response.set_port(server.listen("127.0.0.1:0"));
  }
  write_frame(response);
  server.run();
  return 0;
}

}  // namespace
}  // namespace conformance

int main(int argc, char** argv) {
  try {
    return conformance::run(conformance::Flags(argc, argv));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "conformance_server: %s\n", error.what());
    return 1;
  }
}
