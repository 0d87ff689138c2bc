// bench_server --port P [--tls FOLDER | --tls-cert FILE --tls-key FILE] [--threads N] [--blocking] [--workers N]
// [--interceptor] [--coroutine] [--headers N]: serves bench.v1.EchoService on 127.0.0.1 with the library's defaults,
// until SIGINT or SIGTERM. FOLDER holds cert.pem and key.pem. Port 0 picks a free one; one line with the address says
// that it is ready. With an interceptor that does nothing, or one that is a coroutine and does nothing; echo alone,
// answering with N headers.
#include "connectrpc/server.h"

#include <exception>
#include <iostream>
#include <memory>
#include <stdexcept>
#include <string>

#include "bench/additions.h"
#include "bench/echo_service.h"
#include "bench/options.h"

namespace {

int run(const bench::Options& options) {
  connectrpc::ServerOptions server_options;
  server_options.threads = options.number("--threads", 1, 1, 1024);
  server_options.workers = static_cast<std::size_t>(options.number("--workers", 0, 0, 1024));
  bench::EchoService service;
  bench::EchoServiceSync blocking;
  connectrpc::Server server(server_options);
  bench::HeaderedEcho headered(options.number("--headers", 0, 0, 1000));
  if (options.has("--interceptor")) server.intercept(std::make_shared<bench::Nothing>());
  if (options.has("--coroutine")) server.intercept(std::make_shared<bench::NothingAround>());
  if (options.has("--headers")) {
    server.add(headered);
  } else if (options.has("--blocking")) {
    server.add(blocking);
  } else {
    server.add(service);
  }
  const std::string address = "127.0.0.1:" + std::to_string(options.number("--port", 0, 0, 65535));
  const std::string folder = options.text("--tls", "");
  const std::string certificate = options.text("--tls-cert", folder.empty() ? "" : folder + "/cert.pem");
  const std::string key = options.text("--tls-key", folder.empty() ? "" : folder + "/key.pem");
  if (certificate.empty() != key.empty()) throw std::invalid_argument("--tls-cert and --tls-key go together");
  if (certificate.empty()) {
    std::cout << "http://127.0.0.1:" << server.listen(address) << std::endl;
  } else {
    const auto tls = connectrpc::TlsConfig::from_files(certificate, key);
    std::cout << "https://127.0.0.1:" << server.listen(address, tls) << std::endl;
  }
  server.run();
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(bench::Options(argc, argv,
                              {"--port", "--tls", "--tls-cert", "--tls-key", "--threads", "--workers", "--headers"},
                              {"--blocking", "--interceptor", "--coroutine"}));
  } catch (const std::exception& error) {
    std::cerr << "bench_server: " << error.what() << "\n";
    return 1;
  }
}
