// Checks one service again and again.
#include "health/checker.h"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <utility>

namespace connectrpc {

namespace asio = boost::asio;

Health::Checker::Checker(asio::io_context& loop, std::shared_ptr<State> state, std::string service,
                         std::function<Task<bool>()> check, HealthCheckOptions options)
    : loop_(loop),
      state_(std::move(state)),
      service_(std::move(service)),
      check_(std::move(check)),
      options_(options),
      timer_(loop) {}

void Health::Checker::start() {
  asio::post(loop_, [self = shared_from_this()] { self->begin(); });
}

void Health::Checker::stop() {
  asio::post(loop_, [self = shared_from_this()] {
    self->stopped_ = true;
    self->timer_.cancel();
    self->cancel_.emit(asio::cancellation_type::terminal);
  });
}

void Health::Checker::begin() {
  if (stopped_) return;
  checking_ = true;
  timed_out_ = false;
  wait_for_timeout();
  asio::co_spawn(
      loop_, [self = shared_from_this()]() -> Task<bool> { return self->check_(); },
      asio::bind_cancellation_slot(cancel_.slot(),
                                   [self = shared_from_this()](std::exception_ptr thrown, bool healthy) {
                                     self->ended(std::move(thrown), healthy);
                                   }));
}

void Health::Checker::wait_for_timeout() {
  timer_.expires_after(options_.timeout);
  timer_.async_wait([self = shared_from_this()](const boost::system::error_code& error) {
    // A wait that has just been cancelled may have ended before.
    if (error || self->stopped_ || !self->checking_) return;
    self->timed_out_ = true;
    self->state_->set(self->service_, HealthStatus::not_serving);
    self->cancel_.emit(asio::cancellation_type::terminal);
  });
}

void Health::Checker::ended(std::exception_ptr thrown, bool healthy) {
  checking_ = false;
  if (stopped_) return;
  if (!timed_out_) {
    state_->set(service_, !thrown && healthy ? HealthStatus::serving : HealthStatus::not_serving);
  }
  wait_for_next();
}

void Health::Checker::wait_for_next() {
  timer_.expires_after(options_.interval);
  timer_.async_wait([self = shared_from_this()](const boost::system::error_code& error) {
    if (!error) self->begin();
  });
}

}  // namespace connectrpc
