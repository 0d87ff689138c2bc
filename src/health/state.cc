// What is known of services, and who waits for news of them.
#include "health/state.h"

#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

#include "health/checker.h"

namespace connectrpc {

namespace asio = boost::asio;

Task<> HealthWatcher::wait() {
  boost::system::error_code woken;
  co_await timer_.async_wait(asio::redirect_error(asio::use_awaitable, woken));
}

void HealthWatcher::wake() {
  asio::post(executor_, [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->timer_.cancel();
  });
}

Health::State::Watching::Watching(State& state, std::shared_ptr<HealthWatcher> watcher) : state_(state) {
  const std::lock_guard lock(state_.mutex_);
  at_ = state_.watchers_.insert(state_.watchers_.end(), std::move(watcher));
}

Health::State::Watching::~Watching() {
  const std::lock_guard lock(state_.mutex_);
  state_.watchers_.erase(at_);
}

Health::State::State(const std::vector<std::string_view>& services) {
  statuses_.emplace("", HealthStatus::serving);
  for (const std::string_view service : services) statuses_.emplace(service, HealthStatus::serving);
}

void Health::State::wake_all() {
  for (const auto& watcher : watchers_) watcher->wake();
}

void Health::State::set(std::string_view service, HealthStatus status) {
  const std::lock_guard lock(mutex_);
  if (stopped_) return;
  const auto [at, added] = statuses_.try_emplace(std::string(service), status);
  if (!added && std::exchange(at->second, status) == status) return;
  wake_all();
}

void Health::State::remove(std::string_view service) {
  const std::lock_guard lock(mutex_);
  const auto at = statuses_.find(service);
  if (stopped_ || at == statuses_.end()) return;
  statuses_.erase(at);
  wake_all();
}

void Health::State::shutdown() {
  {
    const std::lock_guard lock(mutex_);
    if (std::exchange(stopped_, true)) return;
    for (auto& [service, status] : statuses_) status = HealthStatus::not_serving;
    wake_all();
  }
  end_checks();
}

Health::State::Seen Health::State::look(std::string_view service) const {
  const std::lock_guard lock(mutex_);
  const auto at = statuses_.find(service);
  if (at == statuses_.end()) return {std::nullopt, stopped_};
  return {at->second, stopped_};
}

std::map<std::string, HealthStatus, std::less<>> Health::State::all() const {
  const std::lock_guard lock(mutex_);
  return statuses_;
}

bool Health::State::add_checker(std::weak_ptr<Checker> checker) {
  const std::lock_guard lock(mutex_);
  if (stopped_) return false;
  checkers_.push_back(std::move(checker));
  return true;
}

void Health::State::end_checks() {
  std::vector<std::weak_ptr<Checker>> ending;
  {
    const std::lock_guard lock(mutex_);
    ending.swap(checkers_);
  }
  for (const auto& weak : ending) {
    if (const auto checker = weak.lock()) checker->stop();
  }
}

}  // namespace connectrpc
