// A server process is replaced again and again while calls of every kind go on: none may fail.
//
//   rolling_restart [--rate 2000] [--seconds 60] [--replacements 3]
//
// The program holds the listening sockets and starts itself as the server (--serve); the load never rests, and opens
// new connections throughout.
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "connectrpc/client.h"
#include "connectrpc/server.h"
#include "integration/probe_service.h"
#include "io/test_certificate_testlib.h"

extern char** environ;

namespace connectrpc::probe_test {
namespace {

using namespace std::chrono_literals;
using ::probe::v1::ProbeServiceClient;
using Clock = std::chrono::steady_clock;

// ---- The server

int serve(const char* certificate_file, const char* key_file) {
  Counters counters;
  Probe probe(counters);
  ServerOptions options;
  options.threads = 2;
  // A connection of this load is never quiet for as long, though the machine be busy with other things.
  options.drain_quiet = std::chrono::seconds(5);
  Server server(options);
  server.add(probe);
  server.listen("fd:3");
  server.listen("fd:4", TlsConfig::from_files(certificate_file, key_file));
  // Whoever connects from here on waits in the sockets' queues.
  if (::write(STDOUT_FILENO, "\n", 1) != 1) return 1;
  server.run();
  return 0;
}

// ---- Its process

class ServerProcess {
 public:
  ServerProcess(const char* program, int plain, int tls, const char* certificate_file, const char* key_file) {
    std::array<int, 2> ready{};
    if (::pipe2(ready.data(), O_CLOEXEC) != 0) throw std::runtime_error("pipe2");
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    // First: its number may be 3 or 4, which those of the sockets are not, see listen_on().
    ::posix_spawn_file_actions_adddup2(&actions, ready[1], STDOUT_FILENO);
    ::posix_spawn_file_actions_adddup2(&actions, plain, 3);
    ::posix_spawn_file_actions_adddup2(&actions, tls, 4);
    const std::array<const char*, 5> arguments{program, "--serve", certificate_file, key_file, nullptr};
    const int error =
        ::posix_spawn(&pid_, program, &actions, nullptr, const_cast<char* const*>(arguments.data()), environ);
    ::posix_spawn_file_actions_destroy(&actions);
    ::close(ready[1]);
    if (error != 0) throw std::runtime_error("cannot start the server: " + std::string(std::strerror(error)));
    char byte = 0;
    const bool said = ::read(ready[0], &byte, 1) == 1;
    ::close(ready[0]);
    if (!said) throw std::runtime_error("the server did not start");
  }
  ServerProcess(const ServerProcess&) = delete;
  ~ServerProcess() {
    if (pid_ > 0) stop();
  }

  // Whether it ended well.
  bool stop() {
    ::kill(pid_, SIGTERM);
    int status = 0;
    const bool waited = ::waitpid(std::exchange(pid_, 0), &status, 0) > 0;
    return waited && WIFEXITED(status) && WEXITSTATUS(status) == 0;
  }

 private:
  pid_t pid_ = 0;
};

int listen_on(std::uint16_t& port) {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (::bind(socket, reinterpret_cast<const sockaddr*>(&address), size) != 0 || ::listen(socket, 4096) != 0 ||
      ::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    throw std::runtime_error("cannot listen");
  }
  port = ntohs(address.sin_port);
  const int high = ::fcntl(socket, F_DUPFD_CLOEXEC, 10);
  ::close(socket);
  return high;
}

// ---- The load

struct Wire {
  Protocol protocol;
  HttpVersion version;
  bool tls;
};

struct Tally {
  std::size_t begun = 0;
  std::size_t under_way = 0;
  std::size_t good = 0;
  std::size_t channels = 0;
  std::map<std::string, std::size_t> failures;
};

void expect(bool condition, const char* what) {
  if (!condition) throw std::runtime_error(std::string("wrong answer: ") + what);
}

ProbeRequest text(const char* what) {
  ProbeRequest request;
  request.set_text(what);
  return request;
}

CallOptions with_plan(int answers, bool echo, int pause_ms) {
  ProbeRequest plan;
  plan.set_answers(answers);
  plan.set_echo(echo);
  if (pause_ms > 0) {
    plan.set_pause(ProbeRequest::PAUSE_BETWEEN);
    plan.set_delay_ms(pause_ms);
  }
  return CallOptions().binary_header("probe-plan-bin", plan.SerializeAsString());
}

Task<> one_call(std::shared_ptr<ProbeServiceClient> client, unsigned kind) {
  switch (kind % 5) {
    case 0: {
      const auto response = co_await client->probe(text("unary"));
      expect(response->text() == "hello unary", "unary");
      break;
    }
    case 1: {
      ProbeRequest slow = text("slow");
      slow.set_delay_ms(20);
      const auto response = co_await client->probe(slow);
      expect(response->text() == "hello slow", "slow unary");
      break;
    }
    case 2: {
      auto call = client->serve(ProbeRequest(), with_plan(3, false, 30));
      int answers = 0;
      for (;;) {
        const auto response = co_await call.receive();
        if (!response) break;
        ++answers;
      }
      expect(answers == 3, "server stream");
      break;
    }
    case 3: {
      auto call = client->collect(with_plan(0, false, 0));
      for (int i = 0; i < 3; ++i) {
        const bool sent = co_await call.send(text("x"));
        expect(sent, "client stream");
      }
      const auto response = co_await call.finish();
      expect(response->text() == "|x|x|x", "client stream");
      break;
    }
    default: {
      auto call = client->talk(with_plan(0, true, 0));
      for (int i = 0; i < 3; ++i) {
        const bool sent = co_await call.send(text("x"));
        expect(sent, "bidi");
      }
      co_await call.close_send();
      int answers = 0;
      for (;;) {
        const auto response = co_await call.receive();
        if (!response) break;
        ++answers;
      }
      expect(answers == 3, "bidi");
      break;
    }
  }
}

class Load {
 public:
  Load(std::uint16_t plain, std::uint16_t tls, std::string authority, int rate)
      : plain_(plain), tls_(tls), authority_(std::move(authority)), rate_(rate) {
    for (const bool secure : {false, true}) {
      wires_.push_back({Protocol::connect, HttpVersion::http1_1, secure});
      wires_.push_back({Protocol::connect, HttpVersion::http2, secure});
      wires_.push_back({Protocol::grpc, HttpVersion::http2, secure});
      wires_.push_back({Protocol::grpc_web, HttpVersion::http1_1, secure});
      wires_.push_back({Protocol::grpc_web, HttpVersion::http2, secure});
    }
    for (const Wire& wire : wires_) clients_.push_back(connect(wire));
  }

  // Until `stop` comes true and all calls have ended.
  void run(const std::atomic<bool>& stop) {
    boost::asio::co_spawn(io_, begin_calls(stop), [](std::exception_ptr error) {
      if (error) std::rethrow_exception(error);
    });
    io_.run();
  }

  const Tally& tally() const { return tally_; }

 private:
  std::shared_ptr<ProbeServiceClient> connect(const Wire& wire) {
    ChannelOptions options;
    options.protocol = wire.protocol;
    options.http_version = wire.version;
    // A machine that falls behind makes calls wait, not connections pile up.
    options.max_connections = 64;
    // No call hangs without a word.
    options.timeout = 20s;
    if (wire.tls) options.tls.ca_pem(authority_);
    ++tally_.channels;
    return std::make_shared<ProbeServiceClient>(
        io_, (wire.tls ? "https://127.0.0.1:" : "http://127.0.0.1:") + std::to_string(wire.tls ? tls_ : plain_),
        options);
  }

  Task<> begin_calls(const std::atomic<bool>& stop) {
    boost::asio::steady_timer timer(io_);
    const auto begin = Clock::now();
    auto renewed = begin;
    while (!stop) {
      timer.expires_after(5ms);
      co_await timer.async_wait(boost::asio::use_awaitable);
      const auto now = Clock::now();
      // One client every 100 ms gives way to a new one, with connections of its own; calls keep theirs.
      if (now - renewed > 100ms) {
        renewed = now;
        const std::size_t at = tally_.channels % wires_.size();
        clients_[at] = connect(wires_[at]);
      }
      const auto due = static_cast<std::size_t>(std::chrono::duration<double>(now - begin).count() * rate_);
      while (tally_.begun < due) begin_call();
    }
    while (tally_.under_way > 0) {
      timer.expires_after(5ms);
      co_await timer.async_wait(boost::asio::use_awaitable);
    }
    // Connections at rest would keep the loop busy.
    io_.stop();
  }

  void begin_call() {
    const std::size_t at = tally_.begun % wires_.size();
    // Without duplex, HTTP/1.1 takes a stream's requests first: the same steps work.
    const auto kind = static_cast<unsigned>(tally_.begun / wires_.size());
    ++tally_.begun;
    ++tally_.under_way;
    boost::asio::co_spawn(io_, one_call(clients_[at], kind), [this, at, kind](std::exception_ptr error) {
      --tally_.under_way;
      try {
        if (error) std::rethrow_exception(error);
        ++tally_.good;
      } catch (const std::exception& failure) {
        const Wire& wire = wires_[at];
        ++tally_.failures[std::string(to_string(wire.protocol)) + " " + std::string(to_string(wire.version)) +
                          (wire.tls ? " TLS" : "") + " kind " + std::to_string(kind % 5) + ": " + failure.what()];
      }
    });
  }

  boost::asio::io_context io_{1};
  const std::uint16_t plain_;
  const std::uint16_t tls_;
  const std::string authority_;
  const int rate_;
  std::vector<Wire> wires_;
  std::vector<std::shared_ptr<ProbeServiceClient>> clients_;
  Tally tally_;
};

struct Plan {
  int rate = 2000;
  int seconds = 60;
  int replacements = 3;
};

int run(const char* program, const Plan& plan) {
  const io::TestCertificate certificate = io::make_test_certificate(io::TestCertificateSpec());
  const io::TestFile certificate_file(certificate.certificate);
  const io::TestFile key_file(certificate.key);
  const std::string certificate_path = certificate_file.path();
  const std::string key_path = key_file.path();
  std::uint16_t plain_port = 0;
  std::uint16_t tls_port = 0;
  const int plain = listen_on(plain_port);
  const int tls = listen_on(tls_port);
  const auto start = [&] {
    return std::make_unique<ServerProcess>(program, plain, tls, certificate_path.c_str(), key_path.c_str());
  };
  std::unique_ptr<ServerProcess> current = start();

  Load load(plain_port, tls_port, certificate.certificate, plan.rate);
  std::atomic<bool> stop{false};
  const auto begin = Clock::now();
  std::thread runner([&] { load.run(stop); });
  bool ended_well = true;
  for (int i = 1; i <= plan.replacements; ++i) {
    std::this_thread::sleep_until(begin + std::chrono::seconds(plan.seconds) * i / (plan.replacements + 1));
    std::unique_ptr<ServerProcess> next = start();
    ended_well = current->stop() && ended_well;
    current = std::move(next);
  }
  std::this_thread::sleep_until(begin + std::chrono::seconds(plan.seconds));
  stop = true;
  runner.join();
  const double seconds = std::chrono::duration<double>(Clock::now() - begin).count();
  ended_well = current->stop() && ended_well;

  const Tally& tally = load.tally();
  std::printf(
      "rolling restart: %zu calls in %.0f s (%.0f a second), %zu good, %zu failed; %zu channels; %d replacements\n",
      tally.begun, seconds, static_cast<double>(tally.begun) / seconds, tally.good, tally.begun - tally.good,
      tally.channels, plan.replacements);
  for (const auto& [failure, count] : tally.failures) std::printf("%zu times: %s\n", count, failure.c_str());
  if (!ended_well) std::printf("a server did not end well\n");
  // A machine too slow for the rate proves less than it says.
  const bool enough = static_cast<double>(tally.begun) >= 0.8 * plan.rate * plan.seconds;
  if (!enough) std::printf("the load came to less than four fifths of what was asked\n");
  return tally.good == tally.begun && ended_well && enough ? 0 : 1;
}

}  // namespace
}  // namespace connectrpc::probe_test

int main(int argc, char** argv) {
  using namespace connectrpc::probe_test;
  if (argc == 4 && std::string_view(argv[1]) == "--serve") return serve(argv[2], argv[3]);
  Plan plan;
  const std::map<std::string_view, int*> known{
      {"--rate", &plan.rate}, {"--seconds", &plan.seconds}, {"--replacements", &plan.replacements}};
  for (int i = 1; i < argc; i += 2) {
    const auto at = known.find(argv[i]);
    const int value = i + 1 < argc ? std::atoi(argv[i + 1]) : 0;
    if (at == known.end() || value <= 0) {
      std::fprintf(stderr, "usage: rolling_restart [--rate N] [--seconds N] [--replacements N]\n");
      return 2;
    }
    *at->second = value;
  }
  return run("/proc/self/exe", plan);
}
