// bench_client --target HOST:PORT [--inflight N] [--requests N] [--protocol grpc|connect|grpc-web] [--codec proto|json]
// [--http 1|2] [--timeout-ms N] [--blocking] [--interceptor] [--coroutine] [--headers N]: keeps N unary calls under
// way until all requests are answered, after a tenth of them as a warm-up; checks every answer; prints one JSON object:
// CPU time of this process and wall time. With an interceptor that does nothing, or one that is a coroutine and does
// nothing; with N headers in each request.
#include <time.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstdio>
#include <exception>
#include <iostream>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "bench/additions.h"
#include "bench/options.h"
#include "bench/v1/echo.connect.h"

namespace {

using bench::v1::EchoRequest;
using bench::v1::EchoResponse;

constexpr const char* hello = "hello, world!";

double microseconds(clockid_t clock) {
  timespec time = {};
  clock_gettime(clock, &time);
  return static_cast<double>(time.tv_sec) * 1e6 + static_cast<double>(time.tv_nsec) / 1e3;
}

EchoRequest request() {
  EchoRequest made;
  made.set_text(hello);
  return made;
}

void check(const EchoResponse& response) {
  if (response.text() != hello) throw std::runtime_error("a wrong answer: \"" + response.text() + "\"");
}

/// Calls that are still to be made, and how long those made took (microseconds).
struct Work {
  explicit Work(int calls) : left(calls) { latencies.reserve(static_cast<std::size_t>(calls)); }
  int left;
  std::vector<double> latencies;
};

connectrpc::Task<> keep_calling(const bench::v1::EchoServiceClient& client, Work& work) {
  const EchoRequest message = request();
  while (work.left-- > 0) {
    const double begun = microseconds(CLOCK_MONOTONIC);
    const auto response = co_await client.echo(message);
    check(*response);
    work.latencies.push_back(microseconds(CLOCK_MONOTONIC) - begun);
  }
}

std::vector<double> run_coroutines(boost::asio::io_context& io, const bench::v1::EchoServiceClient& client,
                                   int in_flight, int calls) {
  Work work(calls);
  std::exception_ptr failed;
  int running = in_flight;
  for (int i = 0; i < in_flight; ++i) {
    boost::asio::co_spawn(io, keep_calling(client, work), [&](std::exception_ptr error) {
      if (error) failed = error;
      if (--running == 0 || error) io.stop();
    });
  }
  io.restart();
  io.run();
  if (failed) std::rethrow_exception(failed);
  return std::move(work.latencies);
}

std::vector<double> run_threads(const bench::v1::EchoServiceClientSync& client, int in_flight, int calls) {
  std::mutex mutex;
  Work work(calls);
  std::exception_ptr failed;
  std::vector<std::thread> threads;
  for (int i = 0; i < in_flight; ++i) {
    const int share = calls / in_flight + (i < calls % in_flight ? 1 : 0);
    threads.emplace_back([&, share] {
      const EchoRequest message = request();
      std::vector<double> own;
      own.reserve(static_cast<std::size_t>(share));
      try {
        for (int left = share; left > 0; --left) {
          const double begun = microseconds(CLOCK_MONOTONIC);
          const auto response = client.echo(message);
          check(*response);
          own.push_back(microseconds(CLOCK_MONOTONIC) - begun);
        }
      } catch (...) {
        const std::lock_guard lock(mutex);
        failed = std::current_exception();
      }
      const std::lock_guard lock(mutex);
      work.latencies.insert(work.latencies.end(), own.begin(), own.end());
    });
  }
  for (std::thread& thread : threads) thread.join();
  if (failed) std::rethrow_exception(failed);
  return std::move(work.latencies);
}

template <class Run>
void measure(const Run& run, int requests, int in_flight) {
  run(std::max(requests / 10, in_flight));
  double cpu = microseconds(CLOCK_PROCESS_CPUTIME_ID);
  double wall = microseconds(CLOCK_MONOTONIC);
  std::vector<double> latencies = run(requests);
  cpu = microseconds(CLOCK_PROCESS_CPUTIME_ID) - cpu;
  wall = microseconds(CLOCK_MONOTONIC) - wall;
  std::sort(latencies.begin(), latencies.end());
  const std::size_t done = latencies.size();
  std::printf("{\"done\": %zu, \"cpu_us\": %.3f, \"rps\": %.0f, \"p50_us\": %.1f, \"p99_us\": %.1f}\n", done,
              cpu / static_cast<double>(done), static_cast<double>(done) / wall * 1e6, latencies[done / 2],
              latencies[done * 99 / 100]);
}

connectrpc::ChannelOptions channel_options(const bench::Options& options) {
  connectrpc::ChannelOptions made;
  const std::string protocol = options.text("--protocol", "grpc");
  if (protocol == "grpc") {
    made.protocol = connectrpc::Protocol::grpc;
  } else if (protocol == "grpc-web") {
    made.protocol = connectrpc::Protocol::grpc_web;
  } else if (protocol != "connect") {
    throw std::invalid_argument("--protocol takes grpc, connect or grpc-web, not \"" + protocol + "\"");
  }
  const std::string codec = options.text("--codec", "proto");
  if (codec == "json") {
    made.codec = connectrpc::Codec::json;
  } else if (codec != "proto") {
    throw std::invalid_argument("--codec takes proto or json, not \"" + codec + "\"");
  }
  if (options.has("--http")) {
    made.http_version =
        options.number("--http", 2, 1, 2) == 1 ? connectrpc::HttpVersion::http1_1 : connectrpc::HttpVersion::http2;
  }
  made.timeout = std::chrono::milliseconds(options.number("--timeout-ms", 0, 0, 3'600'000));
  if (options.has("--interceptor")) made.interceptors.push_back(std::make_shared<bench::Nothing>());
  if (options.has("--coroutine")) made.interceptors.push_back(std::make_shared<bench::NothingAround>());
  for (const auto& [name, value] : bench::request_pairs(options.number("--headers", 0, 0, 1000))) {
    made.headers.set(name, value);
  }
  return made;
}

int run(const bench::Options& options) {
  const std::string target = options.text("--target", "");
  if (target.empty()) throw std::invalid_argument("--target HOST:PORT is missing");
  const int in_flight = options.number("--inflight", 1, 1, 100'000);
  const int requests = options.number("--requests", 1000, 1, 1'000'000'000);
  if (options.has("--blocking")) {
    const bench::v1::EchoServiceClientSync client("http://" + target, channel_options(options));
    measure([&](int calls) { return run_threads(client, in_flight, calls); }, requests, in_flight);
  } else {
    boost::asio::io_context io(1);
    const bench::v1::EchoServiceClient client(io, "http://" + target, channel_options(options));
    measure([&](int calls) { return run_coroutines(io, client, in_flight, calls); }, requests, in_flight);
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(bench::Options(
        argc, argv,
        {"--target", "--inflight", "--requests", "--protocol", "--codec", "--http", "--timeout-ms", "--headers"},
        {"--blocking", "--interceptor", "--coroutine"}));
  } catch (const std::exception& error) {
    std::cerr << "bench_client: " << error.what() << "\n";
    return 1;
  }
}
