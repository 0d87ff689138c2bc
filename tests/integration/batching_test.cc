// Many small messages that do not have to wait leave in few writes.
#include "client/channel_core.h"
#include "integration/stream_caller.h"
#include "io/pipe.h"
#include "rpc/thread_pool.h"
#include "server/router_access.h"
#include "server/server_loop.h"

namespace connectrpc::probe_test {
namespace {

constexpr int many = 1000;

/// Counts the writes that came to something.
class CountingStream final : public io::Stream, private io::Stream::Observer {
 public:
  CountingStream(std::unique_ptr<io::Stream> inner, int& writes) : inner_(std::move(inner)), writes_(writes) {
    inner_->observe(this);
  }

  io::IoResult read(std::span<char> into) override { return inner_->read(into); }
  io::IoResult write(std::string_view bytes) override {
    const io::IoResult result = inner_->write(bytes);
    if (result.size > 0) ++writes_;
    return result;
  }
  void wait_readable() override { inner_->wait_readable(); }
  void wait_writable() override { inner_->wait_writable(); }
  void shutdown_write() override { inner_->shutdown_write(); }
  void close() override { inner_->close(); }
  const Peer& peer() const noexcept override { return inner_->peer(); }
  std::string failure() const override { return inner_->failure(); }
  io::Loop& loop() const noexcept override { return inner_->loop(); }

 private:
  void on_readable() override {
    if (observer() != nullptr) observer()->on_readable();
  }
  void on_writable() override {
    if (observer() != nullptr) observer()->on_writable();
  }

  std::unique_ptr<io::Stream> inner_;
  int& writes_;
};

class Batching : public ::testing::TestWithParam<StreamCase> {
 protected:
  Batching() {
    if (style() == Style::coroutine) {
      router_.add(probe_);
    } else {
      router_.add(blocking_);
    }
    server_.emplace(io_, server_options_, server::RouterAccess::begin_to_serve(router_), &threads_);
    ChannelOptions options;
    options.protocol = GetParam().protocol;
    options.http_version = GetParam().version;
    auto core = std::make_shared<client::ChannelCore>("http://counted", std::move(options), &io_);
    core->set_connector([this](io::Loop& loop) -> std::unique_ptr<io::Stream> {
      auto [ours, theirs] = io::make_pipe(loop);
      server_->serve(std::make_unique<CountingStream>(std::move(theirs), server_writes_));
      return std::make_unique<CountingStream>(std::move(ours), client_writes_);
    });
    channel_ = Channel::make(std::move(core));
  }
  ~Batching() override {
    channel_.reset();
    server_->close();
  }

  static Style style() { return GetParam().server; }

  boost::asio::io_context io_{1};
  Counters counters_;
  Probe probe_{counters_};
  ProbeBlocking blocking_{counters_};
  const ServerOptions server_options_;
  Router router_;
  rpc::ThreadPool threads_{2, 16};
  int client_writes_ = 0;
  int server_writes_ = 0;
  std::optional<server::ServerLoop> server_;
  ChannelPtr channel_;
};

Task<int> receive_all(ServerStreamCall<ProbeResponse>& call) {
  int count = 0;
  while (const auto answer = co_await call.receive()) count += answer->text() == "answer " + std::to_string(count);
  co_return count;
}

Task<std::string> send_all(ClientStreamCall<ProbeRequest, ProbeResponse>& call, int count) {
  for (int i = 0; i < count; ++i) {
    const ProbeRequest request = request_of(std::to_string(i));
    co_await call.send(request);
  }
  auto response = co_await call.finish();
  co_return response->text();
}

TEST_P(Batching, OfAHandlersMessages) {
  ProbeRequest plan;
  plan.set_answers(many);
  auto call = ::probe::v1::ProbeServiceClient(channel_).serve(ProbeRequest(), with_plan(plan));
  EXPECT_EQ(run_on(io_, receive_all(call)), many);
  // A blocking handler's are taken over as they come. A coroutine's wait only for the high-water mark.
  EXPECT_LE(server_writes_, style() == Style::coroutine ? 30 : many / 2);
  EXPECT_LE(client_writes_, 60);
}

TEST_P(Batching, OfAClientsMessages) {
  std::string all;
  for (int i = 0; i < many; ++i) all += "|" + std::to_string(i);
  auto call = ::probe::v1::ProbeServiceClient(channel_).collect(with_plan(ProbeRequest()));
  EXPECT_EQ(run_on(io_, send_all(call, many)), all);
  EXPECT_LE(client_writes_, 30);
  EXPECT_LE(server_writes_, 60);
}

StreamCase batching(Protocol protocol, HttpVersion version, Style style) {
  return {protocol, version, StreamType::server, style, ClientStyle::here};
}

INSTANTIATE_TEST_SUITE_P(All, Batching,
                         ::testing::Values(batching(Protocol::connect, HttpVersion::http1_1, Style::coroutine),
                                           batching(Protocol::connect, HttpVersion::http2, Style::coroutine),
                                           batching(Protocol::grpc, HttpVersion::http2, Style::coroutine),
                                           batching(Protocol::grpc_web, HttpVersion::http1_1, Style::coroutine),
                                           batching(Protocol::connect, HttpVersion::http1_1, Style::blocking),
                                           batching(Protocol::grpc, HttpVersion::http2, Style::blocking)),
                         [](const auto& tested) { return name_of(tested.param); });

}  // namespace
}  // namespace connectrpc::probe_test
