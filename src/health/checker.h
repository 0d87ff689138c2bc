// Checks one service again and again.
#pragma once

#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <exception>
#include <functional>
#include <memory>
#include <string>

#include "connectrpc/health.h"
#include "health/state.h"

namespace connectrpc {

/// Lives on its loop, held by what it waits for there.
class Health::Checker : public std::enable_shared_from_this<Checker> {
 public:
  Checker(boost::asio::io_context& loop, std::shared_ptr<State> state, std::string service,
          std::function<Task<bool>()> check, HealthCheckOptions options);

  /// In a later turn of the loop. Any thread, as is stop().
  void start();
  void stop();

 private:
  void begin();
  void wait_for_timeout();
  void ended(std::exception_ptr thrown, bool healthy);
  void wait_for_next();

  boost::asio::io_context& loop_;
  const std::shared_ptr<State> state_;
  const std::string service_;
  const std::function<Task<bool>()> check_;
  const HealthCheckOptions options_;
  boost::asio::steady_timer timer_;
  boost::asio::cancellation_signal cancel_;
  bool checking_ = false;
  bool timed_out_ = false;
  bool stopped_ = false;
};

}  // namespace connectrpc
