// Streams over a network whose time and accidents are made up.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <queue>
#include <random>
#include <utility>
#include <vector>

#include "connectrpc/testing/network.h"
#include "io/loop.h"
#include "io/stream.h"

namespace connectrpc::testing {

/// On one loop, which must outlive it. Its streams may outlive it: nothing arrives on them any more.
class VirtualNetwork : public std::enable_shared_from_this<VirtualNetwork> {
 public:
  VirtualNetwork(io::Loop& loop, NetworkOptions options) : loop_(loop), options_(options), random_(options.seed) {}

  /// Two ends of a new connection.
  std::pair<std::unique_ptr<io::Stream>, std::unique_ptr<io::Stream>> connect();

  io::Loop& loop() const noexcept { return loop_; }
  const NetworkOptions& options() const noexcept { return options_; }
  const NetworkReport& report() const noexcept { return report_; }

  /// When bytes that are written now arrive, at the earliest.
  std::chrono::nanoseconds arrival();
  /// Runs `task` at that time of the network.
  void at(std::chrono::nanoseconds time, std::function<void()> task);
  /// Whether the delivery that is due cuts its connection.
  bool accident();

 private:
  struct Event {
    std::chrono::nanoseconds time;
    std::uint64_t number;
    std::function<void()> task;
  };
  struct Later {
    bool operator()(const Event& a, const Event& b) const noexcept {
      return a.time != b.time ? a.time > b.time : a.number > b.number;
    }
  };
  // Turns of the loop that pass before time goes on: what arrived is dealt with first.
  static constexpr int turns_between = 16;

  void pump(int turns);

  io::Loop& loop_;
  const NetworkOptions options_;
  std::mt19937_64 random_;
  NetworkReport report_;
  std::priority_queue<Event, std::vector<Event>, Later> events_;
  std::uint64_t next_number_ = 0;
  bool pumping_ = false;
};

}  // namespace connectrpc::testing
