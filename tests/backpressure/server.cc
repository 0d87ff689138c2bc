// Sends and takes blocks. Prints its address and runs until it is told to end.
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <charconv>
#include <chrono>
#include <iostream>
#include <string>

#include "connectrpc/server.h"
#include "flow/v1/flow.connect.h"

namespace connectrpc {
namespace {

using ::flow::v1::Block;
using ::flow::v1::Count;
using ::flow::v1::Nothing;
using ::flow::v1::Pace;

class Flow final : public ::flow::v1::FlowServiceHandler {
 public:
  Task<> down(const Pace& pace, StreamWriter<Block>& blocks, Context&) override {
    Block block;
    block.set_payload(std::string(static_cast<std::size_t>(pace.block_size()), 'x'));
    for (count_ = 0; count_ < pace.blocks(); ++count_) {
      block.set_number(count_);
      const bool more = co_await blocks.send(block);
      if (!more) break;
    }
  }

  Task<Count> up(StreamReader<Block>& blocks, Context& context) override {
    int slow = 0;
    const std::string_view text = context.request_headers()["flow-slow"];
    std::from_chars(text.data(), text.data() + text.size(), slow);
    boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor);
    for (count_ = 0;; ++count_) {
      if (count_ < slow) {
        timer.expires_after(std::chrono::seconds(1));
        co_await timer.async_wait(boost::asio::use_awaitable);
      }
      const std::optional<Block> block = co_await blocks.receive();
      if (!block) break;
      if (block->number() != count_) throw Error(Code::data_loss, "block " + std::to_string(block->number()));
    }
    co_return counted();
  }

  Task<Count> look(const Nothing&, Context&) override { co_return counted(); }

 private:
  Count counted() const {
    Count count;
    count.set_blocks(count_);
    return count;
  }

  int count_ = 0;
};

int run() {
  Flow flow;
  ServerOptions options;
  options.compress_responses = false;
  Server server(std::move(options));
  server.add(flow);
  const auto port = server.listen("127.0.0.1:0");
  std::cout << "http://127.0.0.1:" << port << std::endl;
  server.run();
  return 0;
}

}  // namespace
}  // namespace connectrpc

int main() {
  try {
    return connectrpc::run();
  } catch (const std::exception& error) {
    std::cerr << "backpressure_server: " << error.what() << "\n";
    return 1;
  }
}
