// A server's session that can be asked to come to an end.
#pragma once

namespace connectrpc::http {

/// Implemented by the server sessions of every HTTP version.
class Drainable {
 public:
  /// Takes no further requests and says so (GOAWAY, connection: close); those under way are answered, then the session
  /// wants_close(). One at rest wants to close at once. Idempotent.
  virtual void begin_shutdown() = 0;

 protected:
  ~Drainable() = default;
};

}  // namespace connectrpc::http
