// Tells HTTP/2, HTTP/1.1 and a stray TLS hello apart by a connection's first bytes.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "io/session.h"

namespace connectrpc::server {

/// A connection's first session: waits until it knows, then makes way for the real one.
class Sniffer final : public io::Session {
 public:
  enum class Found { undecided, http1, http2, tls };

  /// Called once, from inside receive(), with everything that has come so far; puts the next session in this one's
  /// place. For `tls`, which cannot be served here, the sniffer itself answers and closes.
  using Decided = std::function<void(Found found, std::string_view bytes)>;

  explicit Sniffer(Decided decided) : decided_(std::move(decided)) {}

  /// What a connection speaks that begins with `bytes`.
  static Found look(std::string_view bytes) noexcept;

  void receive(std::string_view bytes) override;
  void receive_end() override { closing_ = true; }
  void connection_lost(std::string_view) override {}
  void produce(io::Output& out, std::size_t) override { out.tail() += std::exchange(answer_, {}); }
  bool wants_read() const override { return !closing_; }
  bool wants_close() const override { return closing_; }

 private:
  Decided decided_;
  std::string seen_;
  std::string answer_;
  bool closing_ = false;
};

}  // namespace connectrpc::server
