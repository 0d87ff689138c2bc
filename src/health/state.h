// What is known of services, and who waits for news of them.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "connectrpc/health.h"

namespace connectrpc {

/// Wakes a coroutine of its loop, asked by any thread. The coroutine waits for the timer, which belongs to the loop: so
/// it is destroyed with the loop.
class HealthWatcher : public std::enable_shared_from_this<HealthWatcher> {
 public:
  explicit HealthWatcher(boost::asio::any_io_executor executor)
      : executor_(std::move(executor)), timer_(executor_, boost::asio::steady_timer::time_point::max()) {}

  /// On the loop; returns after wake() and when the call is cancelled.
  Task<> wait();
  /// Any thread. A coroutine that does not wait now looks for itself before it does.
  void wake();

 private:
  const boost::asio::any_io_executor executor_;
  boost::asio::steady_timer timer_;
};

/// Shared by the service, its streams and its checks. Any thread.
class Health::State {
 public:
  struct Seen {
    /// Empty: not known.
    std::optional<HealthStatus> status;
    bool stopped = false;
  };
  /// Keeps a watcher on the list for as long as it lives.
  class Watching {
   public:
    Watching(State& state, std::shared_ptr<HealthWatcher> watcher);
    Watching(const Watching&) = delete;
    Watching& operator=(const Watching&) = delete;
    ~Watching();

   private:
    State& state_;
    std::list<std::shared_ptr<HealthWatcher>>::iterator at_;
  };

  explicit State(const std::vector<std::string_view>& services);

  void set(std::string_view service, HealthStatus status);
  void remove(std::string_view service);
  void shutdown();
  Seen look(std::string_view service) const;
  std::map<std::string, HealthStatus, std::less<>> all() const;

  /// False after shutdown().
  bool add_checker(std::weak_ptr<Checker> checker);
  void end_checks();

 private:
  // Under the mutex.
  void wake_all();

  mutable std::mutex mutex_;
  std::map<std::string, HealthStatus, std::less<>> statuses_;
  std::list<std::shared_ptr<HealthWatcher>> watchers_;
  std::vector<std::weak_ptr<Checker>> checkers_;
  bool stopped_ = false;
};

}  // namespace connectrpc
