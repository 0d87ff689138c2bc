// Lets blocks flow to or from the server: ten of them a second each, the rest at full speed. Meanwhile it looks at the
// memory of both processes and calls a unary method, and says at the end whether all stayed within bounds.
#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <charconv>
#include <chrono>
#include <exception>
#include <fstream>
#include <iomanip>
#include <iostream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "flow/v1/flow.connect.h"

namespace connectrpc {
namespace {

using namespace std::chrono_literals;
using ::flow::v1::Block;
using ::flow::v1::Count;
using ::flow::v1::FlowServiceClient;
using ::flow::v1::Nothing;
using ::flow::v1::Pace;
using Clock = std::chrono::steady_clock;

constexpr int block_size = 16 * 1024;
constexpr int slow_blocks = 10;

struct Arguments {
  std::string url;
  std::string server_pid;
  bool down = true;
  Protocol protocol = Protocol::connect;
  HttpVersion version = HttpVersion::http2;
  int mebibytes = 1024;

  int blocks() const { return slow_blocks + mebibytes * (1024 * 1024 / block_size); }
};

/// Resident memory of a process, as the kernel counts it.
class Memory {
 public:
  explicit Memory(std::string pid) : folder_("/proc/" + std::move(pid) + "/") {}

  long kib_now() const { return read("VmRSS:"); }
  long kib_peak() const { return read("VmHWM:"); }
  /// The peak begins anew.
  void forget_peak() const { std::ofstream(folder_ + "clear_refs") << "5"; }

 private:
  long read(const std::string& name) const {
    std::ifstream status(folder_ + "status");
    std::string word;
    long kib = -1;
    while (status >> word)
      if (word == name && status >> kib) return kib;
    throw std::runtime_error("no " + name + " in " + folder_ + "status");
  }

  std::string folder_;
};

Task<> sleep(std::chrono::milliseconds time) {
  boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor, time);
  co_await timer.async_wait(boost::asio::use_awaitable);
}

/// One demonstration.
class Flow {
 public:
  explicit Flow(const Arguments& arguments)
      : arguments_(arguments), client_(io_, arguments.url, options()), server_(arguments.server_pid), own_("self") {}

  /// Whether everything stayed within bounds.
  bool run() {
    std::exception_ptr thrown;
    boost::asio::co_spawn(io_, all(), [&](std::exception_ptr error) {
      thrown = error;
      io_.stop();
    });
    io_.run();
    if (thrown) std::rethrow_exception(thrown);
    return good_;
  }

 private:
  ChannelOptions options() const {
    ChannelOptions options;
    options.protocol = arguments_.protocol;
    options.http_version = arguments_.version;
    return options;
  }

  Task<> all() {
    // Twice what is in flight at most, so that buffers have grown and code is loaded.
    co_await stream(200, 0);
    for (int i = 0; i < 20; ++i) co_await look();
    co_await sleep(300ms);
    server_idle_ = server_.kib_now();
    own_idle_ = own_.kib_now();
    server_.forget_peak();
    own_.forget_peak();

    bool ended = false;
    boost::asio::co_spawn(io_, watch(), [&](std::exception_ptr error) {
      ended = true;
      if (error) fail("the unary calls failed");
    });
    const auto begin = Clock::now();
    co_await stream(arguments_.blocks(), slow_blocks);
    const std::chrono::duration<double> took = Clock::now() - fast_since_;
    while (!ended) co_await sleep(10ms);
    std::cout << "  " << arguments_.mebibytes << " MiB at full speed in " << took.count() << " s, "
              << std::chrono::duration<double>(Clock::now() - begin).count() << " s in all\n";
    check("server's peak at full speed above idle, KiB", server_.kib_peak() - server_idle_, 2048);
    check("client's peak at full speed above idle, KiB", own_.kib_peak() - own_idle_, 2048);
  }

  // Beside the stream, while it is slow.
  Task<> watch() {
    std::vector<long> calls;
    int last = -1;
    int most = 0;
    for (int i = 0; i < 2 * (slow_blocks - 1); ++i) {
      co_await sleep(500ms);
      const auto begin = Clock::now();
      const int seen = co_await look();
      calls.push_back(std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - begin).count());
      last = arguments_.down ? seen : sent_;
      const int taken = arguments_.down ? taken_ : seen;
      most = std::max(most, last - taken);
    }
    check("slowest unary call, us", *std::max_element(calls.begin(), calls.end()), 50'000);
    // Of HTTP/1.1 the kernel's buffers are a part.
    check("blocks sent and not taken", most, arguments_.version == HttpVersion::http2 ? 24 : 700);
    check("server's peak while slow above idle, KiB", server_.kib_peak() - server_idle_, 1024);
    check("client's peak while slow above idle, KiB", own_.kib_peak() - own_idle_, 1024);
    server_.forget_peak();
    own_.forget_peak();
  }

  Task<int> look() {
    const Nothing nothing;
    auto count = co_await client_.look(nothing);
    co_return count->blocks();
  }

  Task<> stream(int blocks, int slow) {
    if (arguments_.down) {
      co_await down(blocks, slow);
    } else {
      co_await up(blocks, slow);
    }
  }

  Task<> down(int blocks, int slow) {
    Pace pace;
    pace.set_blocks(blocks);
    pace.set_block_size(block_size);
    auto call = client_.down(pace);
    co_await call.open();
    for (taken_ = 0;; ++taken_) {
      if (taken_ < slow) co_await sleep(1s);
      if (taken_ == slow) fast_since_ = Clock::now();
      const std::optional<Block> block = co_await call.receive();
      if (!block) break;
      if (block->number() != taken_) throw std::runtime_error("out of order");
    }
    if (taken_ != blocks) throw std::runtime_error("not all blocks came");
  }

  Task<> up(int blocks, int slow) {
    Block block;
    block.set_payload(std::string(block_size, 'x'));
    auto call = client_.up({{"flow-slow", std::to_string(slow)}});
    const auto begin = Clock::now();
    for (sent_ = 0; sent_ < blocks; ++sent_) {
      block.set_number(sent_);
      const bool more = co_await call.send(block);
      if (!more) break;
    }
    auto count = co_await call.finish();
    // The server's first block of full speed is not seen from here.
    fast_since_ = begin + std::chrono::seconds(slow);
    if (count->blocks() != blocks) throw std::runtime_error("not all blocks arrived");
  }

  void check(std::string_view what, long value, long limit) {
    std::cout << "  " << std::setw(48) << std::left << what << std::setw(8) << std::right << value << "  of at most "
              << limit << (value <= limit ? "" : "  FAILED") << "\n";
    if (value > limit) good_ = false;
  }
  void fail(std::string_view why) {
    std::cout << "  FAILED: " << why << "\n";
    good_ = false;
  }

  const Arguments arguments_;
  boost::asio::io_context io_{1};
  FlowServiceClient client_;
  Memory server_;
  Memory own_;
  long server_idle_ = 0;
  long own_idle_ = 0;
  int sent_ = 0;
  int taken_ = 0;
  bool good_ = true;
  Clock::time_point fast_since_;
};

int run(int count, char** words) {
  const std::vector<std::string_view> given(words + 1, words + count);
  if (given.size() != 6) {
    std::cerr << "usage: backpressure_client URL SERVER_PID down|up connect|grpc|grpc_web 1.1|2 MEBIBYTES\n";
    return 2;
  }
  Arguments arguments;
  arguments.url = given[0];
  arguments.server_pid = given[1];
  arguments.down = given[2] == "down";
  arguments.protocol = given[3] == "grpc"       ? Protocol::grpc
                       : given[3] == "grpc_web" ? Protocol::grpc_web
                                                : Protocol::connect;
  arguments.version = given[4] == "2" ? HttpVersion::http2 : HttpVersion::http1_1;
  std::from_chars(given[5].data(), given[5].data() + given[5].size(), arguments.mebibytes);
  Flow flow(arguments);
  return flow.run() ? 0 : 1;
}

}  // namespace
}  // namespace connectrpc

int main(int count, char** words) {
  try {
    return connectrpc::run(count, words);
  } catch (const std::exception& error) {
    std::cerr << "backpressure_client: " << error.what() << "\n";
    return 1;
  }
}
