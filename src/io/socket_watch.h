// Tells when a socket becomes readable or writable.
#pragma once

#include <memory>
#include <string>

#include "io/loop.h"

namespace connectrpc::io {

/// Watches one socket for its owner, who hears of readiness in turns of the loop, never from inside a call. Lives on
/// the loop.
///
/// Asio's own wait tells the kernel anew with every wait: a system call for every wake-up. Its epoll, however, reports
/// a socket that has become ready whether anyone waits or not; so a wait that begins in the very turn in which the
/// socket was found empty, or full, needs none. That is what the flags are for.
class SocketWatch {
 public:
  class Owner {
   public:
    virtual void on_readable() = 0;
    virtual void on_writable() = 0;

   protected:
    ~Owner() = default;
  };

  /// `owner` lives as long as the watch, or until close().
  static std::unique_ptr<SocketWatch> make(Loop& loop, Owner& owner);
  /// The one that every system has; make() gives it where there is no other.
  static std::unique_ptr<SocketWatch> make_portable(Loop& loop, Owner& owner);

  SocketWatch(const SocketWatch&) = delete;
  SocketWatch& operator=(const SocketWatch&) = delete;
  virtual ~SocketWatch() = default;

  /// Takes the socket over; "", or why the loop refuses it: then it is closed, and every wait is over at once. Once.
  virtual std::string open(int socket) = 0;
  /// on_readable() once there is something to read, the end or a failure. `empty`: the socket was read to its end in
  /// this turn of the loop, and what has come since then may be told, too. Asking again before it came changes nothing.
  virtual void wait_readable(bool empty) = 0;
  /// The same for writing. `full`: the socket has taken less than it was given in this turn of the loop.
  virtual void wait_writable(bool full) = 0;
  /// Closes the socket. The owner hears nothing any more. Idempotent; the destructor calls it.
  virtual void close() = 0;

 protected:
  SocketWatch() = default;
};

}  // namespace connectrpc::io
