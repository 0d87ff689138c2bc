// A server for users' tests, without sockets.
#include "connectrpc/testing/in_memory_server.h"

#include <algorithm>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <future>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include "client/channel_core.h"
#include "io/pipe.h"
#include "rpc/thread_pool.h"
#include "server/router_access.h"
#include "server/server_loop.h"
#include "testing/virtual_network.h"

namespace connectrpc::testing {

namespace asio = boost::asio;

class InMemoryServer::Core : public std::enable_shared_from_this<Core> {
 public:
  Core(ServerOptions options, io::Loop* users, const NetworkOptions* network) : options_(std::move(options)) {
    if (users == nullptr) own_loop_ = std::make_unique<io::Loop>(1);
    loop_ = users != nullptr ? users : own_loop_.get();
    if (network != nullptr) network_ = std::make_shared<VirtualNetwork>(*loop_, *network);
  }

  Router& router() noexcept { return router_; }
  // For a change.
  Router& router(std::string_view member) {
    if (server_) throw std::logic_error("InMemoryServer::" + std::string(member) + ": a channel was made before");
    return router_;
  }

  std::vector<const MethodSpec*> methods() const { return router_.methods(); }
  void on_stop(std::function<void()> hook) {
    if (!hook) throw std::invalid_argument("InMemoryServer::on_stop: the hook is empty");
    stop_hooks_.push_back(std::move(hook));
  }

  ChannelPtr channel(ChannelOptions options) {
    start();
    auto core = std::make_shared<client::ChannelCore>("http://in-memory", std::move(options), loop_);
    core->set_connector([server = weak_from_this()](io::Loop& loop) -> std::unique_ptr<io::Stream> {
      const auto alive = server.lock();
      if (!alive || !alive->server_) return nullptr;
      auto [ours, theirs] = alive->network_ ? alive->network_->connect() : io::make_pipe(loop);
      alive->server_->serve(std::move(theirs));
      return std::move(ours);
    });
    return Channel::make(std::move(core));
  }

  NetworkReport network() const { return network_ ? network_->report() : NetworkReport(); }

  // The owner goes away; channels may still hold this.
  void stop() {
    for (const auto& hook : stop_hooks_) hook();
    if (!own_loop_) {
      end();
      return;
    }
    if (thread_.joinable()) {
      std::promise<void> ended;
      asio::post(*loop_, [&] {
        end();
        ended.set_value();
      });
      ended.get_future().wait();
      guard_.reset();
      loop_->stop();
      thread_.join();
    }
  }

 private:
  void start() {
    if (server_) return;
    const auto table = server::RouterAccess::begin_to_serve(router_);
    if (table->has_blocking()) {
      threads_.emplace(std::max<std::size_t>(1, options_.workers), options_.worker_queue);
    }
    server_.emplace(*loop_, options_, table, threads_ ? &*threads_ : nullptr);
    if (!own_loop_) return;
    guard_.emplace(own_loop_->get_executor());
    thread_ = std::thread([loop = loop_] { loop->run(); });
  }
  void end() {
    if (server_) server_->close();
    threads_.reset();
    server_.reset();
  }

  ServerOptions options_;
  std::unique_ptr<io::Loop> own_loop_;
  io::Loop* loop_ = nullptr;
  std::shared_ptr<VirtualNetwork> network_;
  Router router_;
  std::optional<rpc::ThreadPool> threads_;
  std::optional<server::ServerLoop> server_;
  std::optional<asio::executor_work_guard<io::Loop::executor_type>> guard_;
  std::thread thread_;
  std::vector<std::function<void()>> stop_hooks_;
};

InMemoryServer::InMemoryServer(ServerOptions options)
    : core_(std::make_shared<Core>(std::move(options), nullptr, nullptr)) {}
InMemoryServer::InMemoryServer(asio::io_context& io, ServerOptions options)
    : core_(std::make_shared<Core>(std::move(options), &io, nullptr)) {}
InMemoryServer::InMemoryServer(asio::io_context& io, ServerOptions options, NetworkOptions network)
    : core_(std::make_shared<Core>(std::move(options), &io, &network)) {}
InMemoryServer::~InMemoryServer() { core_->stop(); }

InMemoryServer& InMemoryServer::add(Service& service, std::string_view prefix) {
  core_->router("add").add(service, prefix);
  return *this;
}
InMemoryServer& InMemoryServer::add(ServiceSync& service, std::string_view prefix) {
  core_->router("add").add(service, prefix);
  return *this;
}
InMemoryServer& InMemoryServer::add(std::shared_ptr<Service> service, std::string_view prefix) {
  core_->router("add").add(std::move(service), prefix);
  return *this;
}
InMemoryServer& InMemoryServer::add(std::shared_ptr<ServiceSync> service, std::string_view prefix) {
  core_->router("add").add(std::move(service), prefix);
  return *this;
}

InMemoryServer& InMemoryServer::intercept(std::shared_ptr<Interceptor> interceptor) {
  core_->router("intercept").intercept(std::move(interceptor));
  return *this;
}
InMemoryServer& InMemoryServer::intercept(std::string_view name, std::shared_ptr<Interceptor> interceptor) {
  core_->router("intercept").intercept(name, std::move(interceptor));
  return *this;
}
Router& InMemoryServer::router() noexcept { return core_->router(); }

std::vector<const MethodSpec*> InMemoryServer::methods() const { return core_->methods(); }
InMemoryServer& InMemoryServer::on_stop(std::function<void()> hook) {
  core_->on_stop(std::move(hook));
  return *this;
}

NetworkReport InMemoryServer::network() const { return core_->network(); }

ChannelPtr InMemoryServer::channel(ChannelOptions options) { return core_->channel(std::move(options)); }

}  // namespace connectrpc::testing
