// A server's session as the keeper of its connection sees it.
#pragma once

#include <cstddef>

namespace connectrpc::http {

/// Implemented by the server sessions of every HTTP version.
class Drainable {
 public:
  /// Takes no requests but those that are on their way, and says so as early as its protocol can: GOAWAY, or
  /// `connection: close` with the next answer. An HTTP/1.1 session at rest stays. Idempotent.
  virtual void announce_end() = 0;
  /// Takes no further requests and says so (GOAWAY, connection: close); those under way are answered, then the session
  /// wants_close(). One at rest wants to close at once. Idempotent.
  virtual void begin_shutdown() = 0;
  /// Requests under way.
  virtual std::size_t active() const = 0;
  /// Whether it takes no further requests.
  virtual bool ending() const = 0;
  /// After this many requests announce_end() comes by itself; 0: never. Before the first.
  virtual void limit_requests(std::size_t count) = 0;
  /// Whether a request's head has begun to come and is not complete. HTTP/2 does not say.
  virtual bool head_begun() const { return false; }
  /// Heads that have come whole.
  virtual std::size_t requests() const = 0;
  /// Asks the peer for a sign of life, where the protocol has a way. False: it has none.
  virtual bool ping() { return false; }
  /// Gives back what is kept for requests to come, if none is under way.
  virtual void rest() {}

 protected:
  ~Drainable() = default;
};

}  // namespace connectrpc::http
