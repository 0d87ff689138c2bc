// The side of a connection that speaks a protocol and knows no sockets.
#pragma once

#include <cstddef>
#include <string_view>

#include "io/output.h"

namespace connectrpc::io {

/// Told that a session has become active on its own. Implemented by Connection.
class Wakeup {
 public:
  /// Something may be there to be produced, or wants_read() or wants_close() changed. Cheap; may be called any number
  /// of times, from anywhere on the loop, also from inside the session's own functions. Never calls the session back
  /// inline.
  virtual void wake() = 0;

 protected:
  ~Wakeup() = default;
};

/// A protocol on one connection: bytes in, bytes out. Called on one loop, never re-entered by its connection.
class Session {
 public:
  Session() = default;
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  virtual ~Session() = default;

  /// Bytes from the peer, at least one; all of them are taken. `bytes` is valid during the call only.
  virtual void receive(std::string_view bytes) = 0;
  /// The peer will send no more. Called once; not after connection_lost(). Answers may still be produced: the session
  /// says wants_close() when the last is, or the connection stays.
  virtual void receive_end() = 0;
  /// Nothing can be read or written any more. Called at most once, as the last call before destruction. A connection
  /// that ends because the session wants_close(), and whose output was written, ends without it.
  virtual void connection_lost(std::string_view reason) = 0;
  /// Appends what is to be sent, stopping soon after `out` holds `limit` bytes. Appending nothing means: nothing to
  /// send.
  virtual void produce(Output& out, std::size_t limit) = 0;
  /// False: back-pressure, receive() will not be called for now.
  virtual bool wants_read() const = 0;
  /// Everything that is to be said is said: the connection may close once the output is written.
  virtual bool wants_close() const = 0;

  /// Who is to be woken; null: nobody. Not owned. Set by the connection.
  void set_wakeup(Wakeup* wakeup) noexcept { wakeup_ = wakeup; }

 protected:
  /// To be called when, outside of receive(), receive_end() and produce(), there may be something to produce, or
  /// wants_read() or wants_close() changed. Harmless elsewhere.
  void wake() {
    if (wakeup_ != nullptr) wakeup_->wake();
  }

 private:
  Wakeup* wakeup_ = nullptr;
};

}  // namespace connectrpc::io
