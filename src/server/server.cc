// A server: its loops, ports and end.
#include "connectrpc/server.h"

#include <algorithm>
#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <condition_variable>
#include <csignal>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "io/acceptor.h"
#include "io/tls_stream.h"
#include "rpc/thread_pool.h"
#include "server/environment.h"
#include "server/router_access.h"
#include "server/server_loop.h"

namespace connectrpc {

namespace asio = boost::asio;

class Server::Core {
 public:
  Core(ServerOptions options, io::Loop* users) : options_(std::move(options)), users_loop_(users), router_(options_) {
    if (users_loop_ == nullptr) {
      if (options_.threads < 1) {
        throw std::invalid_argument("ServerOptions::threads must be at least 1, not " +
                                    std::to_string(options_.threads));
      }
      // One thread a loop lets Asio's scheduler assume that nobody else runs it.
      for (int i = 0; i < options_.threads; ++i) own_loops_.push_back(std::make_unique<io::Loop>(1));
    }
  }

  ~Core() {
    if (started_) {
      if (users_loop_ == nullptr) {
        stop_now();
      } else {
        begin_to_stop();
        close_ports();
      }
    }
    // Handlers that block use the loops: they end first.
    for (auto& loop : loops_) loop->close();
    threads_.reset();
    loops_.clear();
  }

  std::size_t size() const noexcept { return users_loop_ != nullptr ? 1 : own_loops_.size(); }
  io::Loop& loop(std::size_t index) noexcept { return users_loop_ != nullptr ? *users_loop_ : *own_loops_.at(index); }

  // For a change: its members say what is wrong with one.
  Router& router(std::string_view member) {
    must_not_run(member);
    return router_;
  }
  Router& router() noexcept { return router_; }

  void on_stop(std::function<void()> hook) {
    must_not_run("on_stop");
    if (!hook) throw std::invalid_argument("Server::on_stop: the hook is empty");
    stop_hooks_.push_back(std::move(hook));
  }

  std::uint16_t listen(std::string_view address, const TlsConfig* tls) {
    must_not_run("listen");
    Port port;
    if (tls != nullptr) {
      io::prepare(*tls);
      port.tls = std::make_unique<TlsConfig>(*tls);
    }
    io::ListenOptions listen_options;
    listen_options.reuse_port = options_.reuse_port;
    std::string bound(address);
    // A unix socket has one queue: its connections are handed out.
    port.one_a_loop = options_.reuse_port && !address.starts_with("unix:");
    const std::size_t sockets = port.one_a_loop ? size() : 1;
    for (std::size_t i = 0; i < sockets; ++i) {
      auto acceptor = io::Acceptor::listen(loop(i), bound, listen_options);
      if (!acceptor) throw std::move(acceptor).error();
      // The others share the port that the first one got.
      bound = (*acceptor)->address();
      port.acceptors.push_back(std::move(*acceptor));
    }
    const auto number = static_cast<std::uint16_t>(port.acceptors.front()->port());
    ports_.push_back(std::move(port));
    return number;
  }

  void start() {
    must_not_run("start");
    started_ = true;
    const auto table = server::RouterAccess::begin_to_serve(router_);
    if (table->has_blocking()) threads_.emplace(server::worker_count(options_), options_.worker_queue);
    for (std::size_t i = 0; i < size(); ++i) {
      loops_.push_back(std::make_unique<server::ServerLoop>(loop(i), options_, table, threads_ ? &*threads_ : nullptr));
    }
    running_loops_ = loops_.size();
    for (Port& port : ports_) {
      for (std::size_t i = 0; i < port.acceptors.size(); ++i) {
        port.acceptors[i]->start([this, i, &port](int socket) { accepted(i, socket, port); });
      }
    }
    if (users_loop_ != nullptr) return;
    for (auto& own : own_loops_) {
      guards_.emplace_back(own->get_executor());
      run_threads_.emplace_back([loop = own.get()] { loop->run(); });
    }
  }

  void run() {
    if (users_loop_ != nullptr) {
      // Registered on the user's loop, and gone with this call.
      asio::signal_set signals(*users_loop_, SIGINT, SIGTERM);
      signals.async_wait([this](const boost::system::error_code& error, int) {
        if (!error) stop();
      });
      start();
      // The user's own work may never end; the server's does.
      while (!stopped() && users_loop_->run_one() != 0) {
      }
      return;
    }
    asio::signal_set signals(*own_loops_.front(), SIGINT, SIGTERM);
    signals.async_wait([this](const boost::system::error_code& error, int) {
      if (!error) stop();
    });
    start();
    wait();
  }

  void stop() {
    if (!started_ || !begin_to_stop()) return;
    // On each loop, what belongs to it.
    for (std::size_t i = 0; i < loops_.size(); ++i) {
      asio::post(loop(i), [this, i] {
        close_ports_of(i);
        loops_[i]->drain(options_.drain_timeout, [this, i] { drained(i); });
      });
    }
  }

  void wait() {
    if (users_loop_ != nullptr) throw std::logic_error("Server::wait: the server runs on the user's loop");
    if (!started_) throw std::logic_error("Server::wait: the server was not started");
    {
      std::unique_lock lock(mutex_);
      stopped_.wait(lock, [this] { return running_loops_ == 0; });
    }
    join();
  }

  std::size_t connections(std::size_t index) const noexcept { return loops_[index]->connections(); }
  std::size_t connections() const noexcept {
    std::size_t sum = 0;
    for (const auto& loop : loops_) sum += loop->connections();
    return sum;
  }

 private:
  struct Port {
    std::vector<std::unique_ptr<io::Acceptor>> acceptors;
    bool one_a_loop = false;
    std::unique_ptr<TlsConfig> tls;
  };

  void must_not_run(std::string_view member) const {
    if (started_) throw std::logic_error("Server::" + std::string(member) + ": the server was started before");
  }

  // False if it has begun before.
  bool begin_to_stop() {
    if (stopping_.exchange(true)) return false;
    for (const auto& hook : stop_hooks_) hook();
    return true;
  }

  // On the loop of the acceptor.
  void accepted(std::size_t at, int socket, const Port& port) {
    const TlsConfig* tls = port.tls.get();
    server::ServerLoop* chosen = loops_[at].get();
    if (!port.one_a_loop) {
      for (const auto& candidate : loops_) {
        if (candidate->connections() < chosen->connections()) chosen = candidate.get();
      }
    }
    chosen->expect_connection();
    if (chosen == loops_[at].get()) return chosen->serve(socket, tls);
    asio::post(chosen->loop(), [chosen, socket, tls] { chosen->serve(socket, tls); });
  }

  void close_ports_of(std::size_t loop_index) {
    for (Port& port : ports_) {
      if (loop_index < port.acceptors.size()) port.acceptors[loop_index]->close();
    }
  }
  void close_ports() {
    for (std::size_t i = 0; i < size(); ++i) close_ports_of(i);
  }

  // On a loop: it has no connection any more.
  void drained(std::size_t index) {
    if (users_loop_ == nullptr) {
      // Calls that were cancelled may still be on their way out; the threads of blocking ones are joined later.
      own_loops_[index]->stop();
    }
    const std::lock_guard lock(mutex_);
    if (--running_loops_ == 0) stopped_.notify_all();
  }

  bool stopped() {
    const std::lock_guard lock(mutex_);
    return running_loops_ == 0;
  }

  // For the destructor of a server that may still run.
  void stop_now() {
    if (run_threads_.empty()) return;
    if (begin_to_stop()) {
      for (std::size_t i = 0; i < loops_.size(); ++i) {
        asio::post(loop(i), [this, i] {
          close_ports_of(i);
          loops_[i]->drain(std::chrono::milliseconds(0), [this, i] { drained(i); });
        });
      }
    }
    wait();
  }

  void join() {
    guards_.clear();
    for (std::thread& thread : run_threads_) {
      if (thread.joinable()) thread.join();
    }
    run_threads_.clear();
    close_ports();
  }

  ServerOptions options_;
  io::Loop* users_loop_;
  std::vector<std::unique_ptr<io::Loop>> own_loops_;
  Router router_;
  std::vector<Port> ports_;
  std::optional<rpc::ThreadPool> threads_;
  std::vector<std::unique_ptr<server::ServerLoop>> loops_;
  std::deque<asio::executor_work_guard<io::Loop::executor_type>> guards_;
  std::vector<std::thread> run_threads_;
  std::vector<std::function<void()>> stop_hooks_;
  std::atomic<bool> stopping_{false};
  bool started_ = false;
  std::mutex mutex_;
  std::condition_variable stopped_;
  std::size_t running_loops_ = 0;
};

Server::Server(ServerOptions options) : core_(std::make_unique<Core>(std::move(options), nullptr)) {}
Server::Server(asio::io_context& io, ServerOptions options) : core_(std::make_unique<Core>(std::move(options), &io)) {}
Server::~Server() = default;

Server& Server::add(Service& service, std::string_view prefix) {
  core_->router("add").add(service, prefix);
  return *this;
}
Server& Server::add(ServiceSync& service, std::string_view prefix) {
  core_->router("add").add(service, prefix);
  return *this;
}
Server& Server::add(std::shared_ptr<Service> service, std::string_view prefix) {
  core_->router("add").add(std::move(service), prefix);
  return *this;
}
Server& Server::add(std::shared_ptr<ServiceSync> service, std::string_view prefix) {
  core_->router("add").add(std::move(service), prefix);
  return *this;
}
Server& Server::receive_limit(std::string_view name, std::size_t bytes) {
  core_->router("receive_limit").receive_limit(name, bytes);
  return *this;
}
Server& Server::intercept(std::shared_ptr<Interceptor> interceptor) {
  core_->router("intercept").intercept(std::move(interceptor));
  return *this;
}
Server& Server::intercept(std::string_view name, std::shared_ptr<Interceptor> interceptor) {
  core_->router("intercept").intercept(name, std::move(interceptor));
  return *this;
}
Server& Server::use(http::Middleware middleware) {
  core_->router("use").use(std::move(middleware));
  return *this;
}
Server& Server::handle(std::string_view path, http::Handler handler) {
  core_->router("handle").handle(path, std::move(handler));
  return *this;
}
Server& Server::handle(std::string_view method, std::string_view path, http::Handler handler) {
  core_->router("handle").handle(method, path, std::move(handler));
  return *this;
}
Server& Server::unknown(http::Handler handler) {
  core_->router("unknown").unknown(std::move(handler));
  return *this;
}
Server& Server::mount(std::string_view prefix, const Router& router) {
  core_->router("mount").mount(prefix, router);
  return *this;
}
Router& Server::router() noexcept { return core_->router(); }

std::vector<const MethodSpec*> Server::methods() const { return core_->router().methods(); }
Server& Server::on_stop(std::function<void()> hook) {
  core_->on_stop(std::move(hook));
  return *this;
}

std::uint16_t Server::listen(std::string_view address) { return core_->listen(address, nullptr); }
std::uint16_t Server::listen(std::string_view address, const TlsConfig& tls) { return core_->listen(address, &tls); }

void Server::start() { core_->start(); }
void Server::run() { core_->run(); }
void Server::stop() { core_->stop(); }
void Server::wait() { core_->wait(); }

std::size_t Server::loops() const noexcept { return core_->size(); }
asio::io_context& Server::loop(std::size_t index) noexcept { return core_->loop(index); }
std::size_t Server::connections() const noexcept { return core_->connections(); }
std::size_t Server::connections(std::size_t loop) const noexcept { return core_->connections(loop); }

}  // namespace connectrpc
