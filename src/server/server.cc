// A server: its loops, ports and end.
#include "connectrpc/server.h"

#include <fcntl.h>

#include <algorithm>
#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <cerrno>
#include <condition_variable>
#include <csignal>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "base/decimal.h"
#include "io/acceptor.h"
#include "io/timer_queue.h"
#include "io/tls_stream.h"
#include "rpc/thread_pool.h"
#include "server/environment.h"
#include "server/options_check.h"
#include "server/router_access.h"
#include "server/server_loop.h"

namespace connectrpc {

namespace asio = boost::asio;

class Server::Core {
 public:
  Core(ServerOptions options, io::Loop* users) : options_(std::move(options)), users_loop_(users), router_(options_) {
    server::check(options_);
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
        stop_and_join();
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
    constexpr std::string_view descriptor_scheme = "fd:";
    constexpr std::string_view systemd_scheme = "systemd:";
    if (address.starts_with(descriptor_scheme)) {
      return listen_fd(descriptor_in(address, address.substr(descriptor_scheme.size())), address, tls);
    }
    if (address.starts_with(systemd_scheme)) {
      return listen_activated(address, address.substr(systemd_scheme.size()), tls);
    }
    Port port = make_port(tls, std::string(address));
    if (std::vector<ListeningSocket> sockets = take(inherited_, address); !sockets.empty()) {
      for (ListeningSocket& socket : sockets) adopt(port, address, socket.release(), true);
      return add(std::move(port));
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
      port.acceptors.push_back(listening(std::move(*acceptor), i));
    }
    return add(std::move(port));
  }

  std::uint16_t listen_fd(int socket, std::string_view name, const TlsConfig* tls) {
    must_not_run("listen_fd");
    Port port = make_port(tls, std::string(name));
    adopt(port, name, socket, false);
    return add(std::move(port));
  }

  void inherit(std::vector<ListeningSocket> sockets) {
    must_not_run("inherit");
    for (ListeningSocket& socket : sockets) inherited_.push_back(std::move(socket));
  }

  std::vector<ListeningSocket> hand_over() {
    if (stopping_) throw std::logic_error("Server::hand_over: the server was stopped before");
    std::vector<ListeningSocket> sockets;
    for (Port& port : ports_) {
      for (auto& [acceptor, at, number] : port.acceptors) {
        const int copy = ::fcntl(acceptor->socket(), F_DUPFD_CLOEXEC, 0);
        if (copy < 0) throw Error(Code::unavailable, "Server::hand_over: " + std::system_category().message(errno));
        sockets.emplace_back(port.address, copy);
      }
    }
    for (Port& port : ports_) {
      for (auto& [acceptor, at, number] : port.acceptors) acceptor->leave_file();
    }
    return sockets;
  }

  void start() {
    must_not_run("start");
    started_ = true;
    inherited_.clear();
    activated_.clear();
    const auto table = server::RouterAccess::begin_to_serve(router_);
    if (table->has_blocking()) threads_.emplace(server::worker_count(options_), options_.worker_queue);
    for (std::size_t i = 0; i < size(); ++i) {
      loops_.push_back(std::make_unique<server::ServerLoop>(loop(i), options_, table, threads_ ? &*threads_ : nullptr));
    }
    running_loops_ = loops_.size();
    for (Port& port : ports_) {
      for (auto& [acceptor, at, number] : port.acceptors) {
        acceptor->start([this, i = at, &port](int socket) { accepted(i, socket, port); });
      }
    }
    if (options_.tls_check_interval.count() > 0) schedule_tls_check();
    if (users_loop_ != nullptr) return;
    for (auto& own : own_loops_) {
      guards_.emplace_back(own->get_executor());
      run_threads_.emplace_back([loop = own.get()] { loop->run(); });
    }
  }

  void run() {
    must_not_run("run");
    if (users_loop_ != nullptr) {
      // Registered on the user's loop, and gone with this call.
      StopSignals signals(*users_loop_, *this);
      start();
      // The user's own work may never end; the server's does.
      while (!stopped() && users_loop_->run_one() != 0) {
      }
      return;
    }
    // On a loop of this thread's: those of the server end one by one, and a second signal must find someone.
    io::Loop own(1);
    const auto guard = asio::make_work_guard(own);
    StopSignals signals(own, *this);
    {
      const std::lock_guard lock(mutex_);
      on_stopped_ = [&own] { own.stop(); };
    }
    start();
    own.run();
    wait();
    on_stopped_ = nullptr;
  }

  void stop() {
    if (!started_ || !begin_to_stop()) return;
    // First the ports, so that every connection has reached its loop when that is told; on each loop what belongs to
    // it.
    open_ports_ = size();
    for (std::size_t i = 0; i < size(); ++i) {
      post_to(i, [this, i] {
        for (Port& port : ports_) {
          for (auto& [acceptor, at, number] : port.acceptors) {
            if (at == i) acceptor->accept_rest_and_close();
          }
        }
        if (--open_ports_ > 0) return;
        for (std::size_t k = 0; k < size(); ++k) {
          post_to(k, [this, k] {
            if (k == 0) io::TimerQueue::of(loop(0)).cancel(tls_check_);
            loops_[k]->drain([this, k] { drained(k); });
          });
        }
      });
    }
  }

  void stop_now() {
    if (!started_) return;
    stop();
    for (std::size_t i = 0; i < size(); ++i) {
      post_to(i, [this, i] { loops_[i]->cancel([this, i] { drained(i); }); });
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

  void reload_tls() {
    // One at a time, and all or none.
    const std::lock_guard lock(reload_mutex_);
    std::vector<std::pair<PortTls*, TlsConfig>> fresh;
    for (const Port& port : ports_) {
      if (!port.tls) continue;
      fresh.emplace_back(port.tls.get(), port.tls->get().reloaded());
      io::prepare(fresh.back().second);
    }
    for (const auto& [tls, config] : fresh) tls->set(config);
  }

  void replace_tls(std::uint16_t number, const TlsConfig& config) {
    io::prepare(config);
    const std::lock_guard lock(reload_mutex_);
    bool found = false;
    for (const Port& port : ports_) {
      if (!port.tls || port.acceptors.front().number != number) continue;
      port.tls->set(config);
      found = true;
    }
    if (!found) {
      throw std::invalid_argument("Server::replace_tls: there is no port " + std::to_string(number) + " with TLS");
    }
  }

  std::size_t connections(std::size_t index) const noexcept { return loops_[index]->connections(); }
  std::size_t connections() const noexcept {
    std::size_t sum = 0;
    for (const auto& loop : loops_) sum += loop->connections();
    return sum;
  }

 private:
  // A port's TLS settings, that may give way to others while it is served.
  class PortTls {
   public:
    explicit PortTls(const TlsConfig& config) : config_(config) {}
    TlsConfig get() const {
      const std::lock_guard lock(mutex_);
      return config_;
    }
    void set(const TlsConfig& config) {
      const std::lock_guard lock(mutex_);
      config_ = config;
    }

   private:
    mutable std::mutex mutex_;
    TlsConfig config_;
  };
  struct Port {
    struct Listening {
      std::unique_ptr<io::Acceptor> acceptor;
      std::size_t loop;
      // Of its port.
      std::uint16_t number;
    };
    // As it was given to listen().
    std::string address;
    std::vector<Listening> acceptors;
    bool one_a_loop = false;
    // Null: none.
    std::unique_ptr<PortTls> tls;
  };

  static Port::Listening listening(std::unique_ptr<io::Acceptor> acceptor, std::size_t loop) {
    const auto number = static_cast<std::uint16_t>(acceptor->port());
    return {std::move(acceptor), loop, number};
  }

  static Port make_port(const TlsConfig* tls, std::string address) {
    Port port;
    port.address = std::move(address);
    if (tls != nullptr) {
      io::prepare(*tls);
      port.tls = std::make_unique<PortTls>(*tls);
    }
    return port;
  }

  std::uint16_t add(Port port) {
    const std::uint16_t number = port.acceptors.front().number;
    ports_.push_back(std::move(port));
    return number;
  }

  void adopt(Port& port, std::string_view name, int socket, bool owns_file) {
    const std::size_t at = port.acceptors.size() % size();
    auto acceptor = io::Acceptor::adopt(loop(at), name, io::SocketHandle(socket), owns_file);
    if (!acceptor) throw std::invalid_argument(std::string(acceptor.error().message()));
    port.acceptors.push_back(listening(std::move(*acceptor), at));
  }

  static int descriptor_in(std::string_view address, std::string_view digits) {
    const auto descriptor = base::parse_decimal<int>(digits);
    if (!descriptor || *descriptor < 0) {
      throw std::invalid_argument("cannot listen on " + std::string(address) + ": a descriptor is written fd:3");
    }
    return *descriptor;
  }

  // Takes those of this address out of `from`.
  static std::vector<ListeningSocket> take(std::vector<ListeningSocket>& from, std::string_view address) {
    std::vector<ListeningSocket> taken;
    std::vector<ListeningSocket> rest;
    for (ListeningSocket& socket : from) (socket.address() == address ? taken : rest).push_back(std::move(socket));
    from = std::move(rest);
    return taken;
  }

  std::uint16_t listen_activated(std::string_view address, std::string_view name, const TlsConfig* tls) {
    if (activated_.empty()) activated_ = systemd_sockets();
    std::vector<ListeningSocket> sockets = name.empty() ? std::exchange(activated_, {}) : take(activated_, name);
    if (sockets.empty()) {
      throw std::invalid_argument("cannot listen on " + std::string(address) +
                                  ": systemd passed no such socket to this process (LISTEN_FDS, LISTEN_FDNAMES)");
    }
    Port port = make_port(tls, std::string(address));
    for (ListeningSocket& socket : sockets) adopt(port, address, socket.release(), false);
    return add(std::move(port));
  }

  void must_not_run(std::string_view member) const {
    if (started_) throw std::logic_error("Server::" + std::string(member) + ": the server was started before");
  }

  // False if it has begun before.
  bool begin_to_stop() {
    if (stopping_.exchange(true)) return false;
    for (const auto& hook : stop_hooks_) hook();
    return true;
  }

  // SIGINT and SIGTERM, as long as it lives: the first one stops the server, the next one at once.
  class StopSignals {
   public:
    StopSignals(io::Loop& loop, Core& core) : signals_(loop, SIGINT, SIGTERM), core_(core) { wait(); }

   private:
    void wait() {
      signals_.async_wait([this](const boost::system::error_code& error, int) {
        if (error) return;
        if (core_.stopping_) {
          core_.stop_now();
        } else {
          core_.stop();
        }
        wait();
      });
    }
    asio::signal_set signals_;
    Core& core_;
  };

  class TlsCheck final : public io::Timer {
   public:
    explicit TlsCheck(Core& core) : core_(core) {}

   private:
    void on_timer() override { core_.check_tls(); }
    Core& core_;
  };

  void schedule_tls_check() {
    io::TimerQueue::of(loop(0)).schedule(tls_check_, io::TimerQueue::Clock::now() + options_.tls_check_interval);
  }

  void check_tls() {
    const bool changed = std::any_of(ports_.begin(), ports_.end(),
                                     [](const Port& port) { return port.tls && port.tls->get().files_changed(); });
    std::string fault;
    if (changed) {
      try {
        reload_tls();
        report(LogRecord::Level::info, "TLS certificates were loaded anew");
      } catch (const std::exception& error) {
        // Perhaps between the writing of a certificate and that of its key: there is another look, and one report.
        fault = error.what();
        if (fault != tls_fault_) {
          report(LogRecord::Level::error, "TLS certificates cannot be loaded anew, the old ones stay: " + fault);
        }
      }
    }
    tls_fault_ = std::move(fault);
    if (!stopping_) schedule_tls_check();
  }

  void report(LogRecord::Level level, const std::string& text) const {
    if (options_.log) options_.log(LogRecord{level, "", text});
  }

  // On the user's loop the server may be gone by then.
  template <class Work>
  void post_to(std::size_t index, Work work) {
    asio::post(loop(index), [alive = std::weak_ptr<const bool>(alive_), work = std::move(work)] {
      if (!alive.expired()) work();
    });
  }

  // On the loop of the acceptor.
  void accepted(std::size_t at, int socket, const Port& port) {
    std::optional<TlsConfig> tls;
    if (port.tls) tls = port.tls->get();
    server::ServerLoop* chosen = loops_[at].get();
    if (!port.one_a_loop) {
      for (const auto& candidate : loops_) {
        if (candidate->connections() < chosen->connections()) chosen = candidate.get();
      }
    }
    chosen->expect_connection();
    if (chosen == loops_[at].get()) return chosen->serve(socket, tls ? &*tls : nullptr);
    asio::post(chosen->loop(),
               // Owned: a loop that is cancelled may end before it hears of it.
               [chosen, owned = io::SocketHandle(socket), tls = std::move(tls)]() mutable {
                 chosen->serve(owned.release(), tls ? &*tls : nullptr);
               });
  }

  void close_ports_of(std::size_t loop_index) {
    for (Port& port : ports_) {
      for (auto& [acceptor, at, number] : port.acceptors) {
        if (at == loop_index) acceptor->close();
      }
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
    if (--running_loops_ > 0) return;
    stopped_.notify_all();
    if (on_stopped_) on_stopped_();
  }

  bool stopped() {
    const std::lock_guard lock(mutex_);
    return running_loops_ == 0;
  }

  // For the destructor of a server that may still run.
  void stop_and_join() {
    if (run_threads_.empty()) return;
    stop_now();
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
  std::vector<ListeningSocket> inherited_;
  std::vector<ListeningSocket> activated_;
  std::optional<rpc::ThreadPool> threads_;
  std::vector<std::unique_ptr<server::ServerLoop>> loops_;
  std::deque<asio::executor_work_guard<io::Loop::executor_type>> guards_;
  std::vector<std::thread> run_threads_;
  std::vector<std::function<void()>> stop_hooks_;
  std::atomic<bool> stopping_{false};
  std::atomic<bool> started_{false};
  std::atomic<std::size_t> open_ports_{0};
  std::mutex mutex_;
  std::condition_variable stopped_;
  std::size_t running_loops_ = 0;
  std::function<void()> on_stopped_;
  std::mutex reload_mutex_;
  // On the first loop.
  std::string tls_fault_;
  TlsCheck tls_check_{*this};
  const std::shared_ptr<const bool> alive_ = std::make_shared<const bool>(true);
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
std::uint16_t Server::listen_fd(int socket) {
  return core_->listen_fd(socket, "fd:" + std::to_string(socket), nullptr);
}
std::uint16_t Server::listen_fd(int socket, const TlsConfig& tls) {
  return core_->listen_fd(socket, "fd:" + std::to_string(socket), &tls);
}
Server& Server::inherit(std::vector<ListeningSocket> sockets) {
  core_->inherit(std::move(sockets));
  return *this;
}
std::vector<ListeningSocket> Server::hand_over() { return core_->hand_over(); }
void Server::reload_tls() { core_->reload_tls(); }
void Server::replace_tls(std::uint16_t port, const TlsConfig& tls) { core_->replace_tls(port, tls); }

void Server::start() { core_->start(); }
void Server::run() { core_->run(); }
void Server::stop() { core_->stop(); }
void Server::stop_now() { core_->stop_now(); }
void Server::wait() { core_->wait(); }

std::size_t Server::loops() const noexcept { return core_->size(); }
asio::io_context& Server::loop(std::size_t index) noexcept { return core_->loop(index); }
std::size_t Server::connections() const noexcept { return core_->connections(); }
std::size_t Server::connections(std::size_t loop) const noexcept { return core_->connections(loop); }

}  // namespace connectrpc
