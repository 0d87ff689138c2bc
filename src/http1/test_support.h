// What the tests of this room share: input cut in many ways, a handler that keeps what it gets.
#pragma once

#include <cstddef>
#include <functional>
#include <limits>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "http/exchange.h"
#include "io/output_testlib.h"
#include "io/session.h"

namespace connectrpc::http1::testing {

inline constexpr std::size_t no_limit = std::numeric_limits<std::size_t>::max();

/// Ways to cut an input into pieces.
class Cuts {
 public:
  /// Whole, one byte at a time, and random.
  static std::vector<Cuts> all() {
    std::vector<Cuts> cuts{Cuts(no_limit, 0), Cuts(1, 0)};
    for (unsigned seed = 1; seed <= 12; ++seed) cuts.push_back(Cuts(seed % 2 == 0 ? 9 : 80, seed));
    return cuts;
  }
  std::vector<std::string_view> operator()(std::string_view input) const {
    std::vector<std::string_view> pieces;
    std::minstd_rand random(seed_);
    while (!input.empty()) {
      std::size_t size = most_;
      if (seed_ != 0) size = std::uniform_int_distribution<std::size_t>(1, most_)(random);
      pieces.push_back(input.substr(0, size));
      input.remove_prefix(pieces.back().size());
    }
    return pieces;
  }
  std::string name() const {
    if (seed_ != 0) return "random cuts, seed " + std::to_string(seed_);
    return most_ == 1 ? "one byte at a time" : "whole";
  }

 private:
  Cuts(std::size_t most, unsigned seed) : most_(most), seed_(seed) {}
  std::size_t most_;
  unsigned seed_;
};

/// "name=value " for each.
inline std::string print(const Headers& headers) {
  std::string text;
  for (const auto& [name, value] : headers) {
    text += name;
    text += '=';
    text += value;
    text += ' ';
  }
  return text;
}

/// Counts what it is told and calls what it was given.
struct Listener final : http::Exchange::Observer {
  void on_inbound() override {
    ++inbound;
    if (when_inbound) when_inbound();
  }
  void on_outbound() override {
    ++outbound;
    if (when_outbound) when_outbound();
  }
  int inbound = 0;
  int outbound = 0;
  std::function<void()> when_inbound;
  std::function<void()> when_outbound;
};

/// Keeps all exchanges, with a listener each; `when_request` sees each first.
struct Keeper final : http::RequestHandler {
  struct Kept {
    std::unique_ptr<http::ServerExchange> exchange;
    std::unique_ptr<Listener> listener = std::make_unique<Listener>();
  };
  void on_request(std::unique_ptr<http::ServerExchange> exchange) override {
    kept.push_back({std::move(exchange)});
    kept.back().exchange->observe(kept.back().listener.get());
    if (when_request) when_request(kept.back());
  }
  http::ServerExchange& operator[](std::size_t i) { return *kept.at(i).exchange; }
  std::size_t size() const { return kept.size(); }

  std::vector<Kept> kept;
  std::function<void(Kept&)> when_request;
};

struct WakeCounter final : io::Wakeup {
  void wake() override { ++count; }
  int count = 0;
};

inline std::string produce(io::Session& session, std::size_t limit = no_limit) {
  io::Output out;
  session.produce(out, limit);
  return io::text_of(out);
}

/// Gives `input` in pieces and collects the output as a connection would.
inline std::string converse(io::Session& session, std::string_view input, const Cuts& cuts) {
  std::string out;
  for (const std::string_view piece : cuts(input)) {
    if (session.wants_close()) break;
    session.receive(piece);
    out += produce(session);
  }
  return out;
}

inline http::ResponseHead head_of(int status, Headers headers = {}) {
  http::ResponseHead head;
  head.status = status;
  head.headers = std::move(headers);
  return head;
}

}  // namespace connectrpc::http1::testing
