// The service as a function from HTTP request to HTTP response.
#include "connectrpc/router.h"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/this_coro.hpp>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <utility>

#include "rpc/thread_pool.h"
#include "server/environment.h"
#include "server/http_run.h"
#include "server/router_access.h"
#include "server/routing_table.h"

namespace connectrpc {

namespace {

// Null if there is no io_context behind it.
io::Loop* loop_of(const boost::asio::any_io_executor& executor) {
  using Plain = io::Loop::executor_type;
  if (const auto* plain = executor.target<Plain>()) return &plain->context();
  if (const auto* strand = executor.target<boost::asio::strand<Plain>>())
    return &strand->get_inner_executor().context();
  return nullptr;
}

}  // namespace

class Router::Core {
 public:
  explicit Core(ServerOptions options) : options_(std::move(options)) { options_.deadlines.check(); }

  server::RoutingTable& table() noexcept { return *table_; }
  std::shared_ptr<const server::RoutingTable> begin_to_serve() {
    table_->begin_to_serve();
    return table_;
  }
  const ServerOptions& options() const noexcept { return options_; }

  // Null where nothing blocks.
  rpc::ThreadPool* threads() {
    if (!table_->has_blocking()) return nullptr;
    const std::lock_guard lock(mutex_);
    if (!threads_) threads_.emplace(server::worker_count(options_), options_.worker_queue);
    return &*threads_;
  }

 private:
  const ServerOptions options_;
  const std::shared_ptr<server::RoutingTable> table_ = std::make_shared<server::RoutingTable>();
  std::mutex mutex_;
  std::optional<rpc::ThreadPool> threads_;
};

Router::Router(ServerOptions options) : core_(std::make_shared<Core>(std::move(options))) {}
Router::~Router() = default;

Router& Router::add(Service& service, std::string_view prefix) {
  core_->table().add(service, prefix);
  return *this;
}
Router& Router::add(ServiceSync& service, std::string_view prefix) {
  core_->table().add(service, prefix);
  return *this;
}
Router& Router::add(std::shared_ptr<Service> service, std::string_view prefix) {
  core_->table().add(*service, prefix);
  core_->table().keep(std::move(service));
  return *this;
}
Router& Router::add(std::shared_ptr<ServiceSync> service, std::string_view prefix) {
  core_->table().add(*service, prefix);
  core_->table().keep(std::move(service));
  return *this;
}
Router& Router::receive_limit(std::string_view name, std::size_t bytes) {
  core_->table().limit_receive(name, bytes);
  return *this;
}
Router& Router::intercept(std::shared_ptr<Interceptor> interceptor) {
  core_->table().intercept(std::move(interceptor));
  return *this;
}
Router& Router::intercept(std::string_view name, std::shared_ptr<Interceptor> interceptor) {
  core_->table().intercept(name, std::move(interceptor));
  return *this;
}
Router& Router::use(http::Middleware middleware) {
  core_->table().use(std::move(middleware));
  return *this;
}
Router& Router::handle(std::string_view path, http::Handler handler) { return handle("", path, std::move(handler)); }
Router& Router::handle(std::string_view method, std::string_view path, http::Handler handler) {
  core_->table().handle(method, path, std::move(handler));
  return *this;
}
Router& Router::mount(std::string_view prefix, const Router& other) {
  core_->table().mount(prefix, other.core_->table());
  return *this;
}

std::vector<const MethodSpec*> Router::methods() const { return core_->table().methods(); }

Task<> Router::serve(http::Request& request, http::Response& response) {
  io::Loop* const loop = loop_of(co_await boost::asio::this_coro::executor);
  if (loop == nullptr) throw std::logic_error("Router::serve: the coroutine does not run on an io_context");
  const std::shared_ptr<Core> core = core_;
  auto table = core->begin_to_serve();
  // Calls may go on when this has ended, and keep what they use.
  struct Kept {
    std::shared_ptr<Core> core;
    rpc::ServerEnvironment environment;
  };
  auto kept = std::make_shared<Kept>(Kept{core, server::make_environment(*loop, core->options(), core->threads())});
  std::shared_ptr<rpc::ServerEnvironment> environment(kept, &kept->environment);
  server::HttpRun run(std::move(environment), std::move(table), request, response);
  co_await run.run();
}

namespace server {

std::shared_ptr<const RoutingTable> RouterAccess::begin_to_serve(const Router& router) {
  return router.core_->begin_to_serve();
}

}  // namespace server

}  // namespace connectrpc
