// Drives a session over a stream.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string_view>

#include "io/session.h"
#include "io/stream.h"

namespace connectrpc::io {

struct ConnectionOptions {
  /// Unsent bytes at which the session is no longer asked for more. One write takes as much, so it bounds a turn, too.
  std::size_t output_limit = 256 * 1024;
  /// Whether reading goes on while output_limit bytes are unsent. A server must stop, or a peer that never reads makes
  /// it queue answers without end. A client must go on: two ends that both wait for the other to read wait forever.
  bool read_while_blocked = false;
  /// Reads in one turn of the loop, ReadBuffer::size each, so that one busy peer does not starve the others.
  int reads_per_turn = 2;
  /// After the last byte was written, input is discarded up to these two bounds until the peer ends: closing with
  /// unread input would send RST, and the peer might lose the last answer.
  std::chrono::milliseconds linger_time = std::chrono::seconds(1);
  std::size_t linger_bytes = 256 * 1024;
};

/// Owns a stream and a session and moves the bytes between them: what the session has to send goes out in one write a
/// turn of the loop. It may be destroyed at any time, also from inside its session or its callbacks; the session then
/// dies as soon as the call into it returns, and hears nothing any more.
class Connection {
 public:
  /// Called once, in a turn of its own, when the connection is closed; may destroy the connection. Not called for a
  /// connection that is destroyed before.
  using ClosedCallback = std::function<void(Connection&)>;

  Connection(std::unique_ptr<Stream> stream, std::unique_ptr<Session> session, ConnectionOptions options = {});
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  /// Closes the stream at once, without connection_lost().
  ~Connection();

  void on_closed(ClosedCallback callback);
  /// Begins: sends what the session has to say first, then reads.
  void start();

  /// Puts another session in the place of the present one, also from inside the latter's receive(). Bytes that were
  /// already received are handed on by the caller. The old session hears nothing any more, is woken by nobody, and dies
  /// when the call into it has returned.
  void replace_session(std::unique_ptr<Session> session);

  /// Reads at once what has come already, as if the stream had become readable: before a decision that it may change.
  /// Not from inside the session.
  void look();

  /// Closes at once: the session hears connection_lost(reason), inline unless the call comes from inside the session.
  /// What is unsent is lost. Nothing happens if it is closed already.
  void close(std::string_view reason);
  /// Whether the connection is over; on_closed() is called in a later turn.
  bool closed() const noexcept;

  Stream& stream() const noexcept;
  Session& session() const noexcept;
  /// Bytes produced but not yet taken by the stream.
  std::size_t unsent() const noexcept;
  /// When bytes were last read or written; before that, when the connection was made.
  std::chrono::steady_clock::time_point last_moved() const noexcept;
  /// When bytes were last read; before that, when the connection was made.
  std::chrono::steady_clock::time_point last_read() const noexcept;
  /// Bytes moved so far.
  std::size_t bytes_read() const noexcept;
  std::size_t bytes_written() const noexcept;

 private:
  class Core;
  std::shared_ptr<Core> core_;
};

}  // namespace connectrpc::io
