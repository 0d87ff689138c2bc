// grpcpp_client --target HOST:PORT --inflight N --requests N [--api callback|queue|synchronous]: keeps N unary calls
// under way until all are answered, after a tenth of them as a warm-up; prints one JSON object.
#include <grpcpp/grpcpp.h>
#include <time.h>

#include <algorithm>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "bench/v1/echo.grpc.pb.h"
#include "options.h"

using bench::v1::EchoRequest;
using bench::v1::EchoResponse;
using bench::v1::EchoService;

static double microseconds(clockid_t clock) {
  timespec time;
  clock_gettime(clock, &time);
  return static_cast<double>(time.tv_sec) * 1e6 + static_cast<double>(time.tv_nsec) / 1e3;
}

static EchoRequest hello() {
  EchoRequest request;
  request.set_text("hello, world!");
  return request;
}

static void check(const grpc::Status& status, const EchoResponse& response) {
  if (status.ok() && response.text() == "hello, world!") return;
  std::fprintf(stderr, "a wrong answer: %s\n", status.error_message().c_str());
  std::exit(1);
}

struct Call {
  grpc::ClientContext context;
  EchoRequest request = hello();
  EchoResponse response;
  grpc::Status status;
  std::unique_ptr<grpc::ClientAsyncResponseReader<EchoResponse>> reader;
  double begun = microseconds(CLOCK_MONOTONIC);
};

using Latencies = std::vector<double>;

static Latencies run_queue(EchoService::Stub& stub, int in_flight, int total) {
  grpc::CompletionQueue queue;
  Latencies latencies;
  int left = total;
  const auto start = [&] {
    if (left-- <= 0) return;
    auto* call = new Call;
    call->reader = stub.AsyncEcho(&call->context, call->request, &queue);
    call->reader->Finish(&call->response, &call->status, call);
  };
  for (int i = 0; i < in_flight; ++i) start();
  void* tag = nullptr;
  bool ok = false;
  while (latencies.size() < static_cast<std::size_t>(total) && queue.Next(&tag, &ok)) {
    const std::unique_ptr<Call> call(static_cast<Call*>(tag));
    check(call->status, call->response);
    latencies.push_back(microseconds(CLOCK_MONOTONIC) - call->begun);
    start();
  }
  return latencies;
}

class Callbacks {
 public:
  Callbacks(EchoService::Stub& stub, int total) : stub_(stub), total_(total), left_(total) {}
  Latencies run(int in_flight) {
    std::unique_lock lock(mutex_);
    for (int i = 0; i < in_flight; ++i) start();
    all_done_.wait(lock, [this] { return latencies_.size() == static_cast<std::size_t>(total_); });
    return std::move(latencies_);
  }

 private:
  void start() {
    if (left_-- <= 0) return;
    auto* call = new Call;
    stub_.async()->Echo(&call->context, &call->request, &call->response, [this, call](const grpc::Status& status) {
      check(status, call->response);
      const std::lock_guard lock(mutex_);
      latencies_.push_back(microseconds(CLOCK_MONOTONIC) - call->begun);
      delete call;
      if (latencies_.size() == static_cast<std::size_t>(total_)) all_done_.notify_one();
      start();
    });
  }

  EchoService::Stub& stub_;
  int total_;
  int left_;
  std::mutex mutex_;
  std::condition_variable all_done_;
  Latencies latencies_;
};

static Latencies run_threads(EchoService::Stub& stub, int in_flight, int total) {
  std::mutex mutex;
  Latencies latencies;
  std::vector<std::thread> threads;
  for (int i = 0; i < in_flight; ++i) {
    threads.emplace_back([&, share = total / in_flight] {
      Latencies own;
      for (int left = share; left > 0; --left) {
        Call call;
        check(stub.Echo(&call.context, call.request, &call.response), call.response);
        own.push_back(microseconds(CLOCK_MONOTONIC) - call.begun);
      }
      const std::lock_guard lock(mutex);
      latencies.insert(latencies.end(), own.begin(), own.end());
    });
  }
  for (auto& thread : threads) thread.join();
  return latencies;
}

int main(int argc, char** argv) {
  const auto stub =
      EchoService::NewStub(grpc::CreateChannel(option(argc, argv, "--target", ""), grpc::InsecureChannelCredentials()));
  const std::string api = option(argc, argv, "--api", "callback");
  const int in_flight = std::stoi(option(argc, argv, "--inflight", "1"));
  const int requests = std::stoi(option(argc, argv, "--requests", "1000"));
  const auto run = [&](int total) {
    if (api == "queue") return run_queue(*stub, in_flight, total);
    if (api == "synchronous") return run_threads(*stub, in_flight, total);
    return Callbacks(*stub, total).run(in_flight);
  };
  run(std::max(requests / 10, in_flight));
  double cpu = microseconds(CLOCK_PROCESS_CPUTIME_ID);
  double wall = microseconds(CLOCK_MONOTONIC);
  Latencies latencies = run(requests);
  cpu = microseconds(CLOCK_PROCESS_CPUTIME_ID) - cpu;
  wall = microseconds(CLOCK_MONOTONIC) - wall;
  std::sort(latencies.begin(), latencies.end());
  const std::size_t done = latencies.size();
  std::printf("{\"done\": %zu, \"cpu_us\": %.3f, \"rps\": %.0f, \"p50_us\": %.1f, \"p99_us\": %.1f}\n", done,
              cpu / static_cast<double>(done), static_cast<double>(done) / wall * 1e6, latencies[done / 2],
              latencies[done * 99 / 100]);
}
