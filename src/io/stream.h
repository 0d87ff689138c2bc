// One duplex stream of bytes, read and written without blocking.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "connectrpc/peer.h"
#include "io/loop.h"

namespace connectrpc::io {

/// What a read or a write came to.
struct IoResult {
  enum class Status {
    ok,           ///< `size` bytes, at least one, were moved
    would_block,  ///< nothing for now: ask for wait_readable() or wait_writable()
    eof,          ///< reading only: the peer will send no more
    failed,       ///< never again; Stream::failure() says why
  };
  Status status = Status::would_block;
  std::size_t size = 0;
};

/// A duplex stream of bytes driven by readiness, so that a connection at rest holds no buffers. Lives on one loop.
class Stream {
 public:
  /// Hears of readiness. A call may come without cause: the read or write that follows then says would_block.
  /// It may destroy the stream from within.
  class Observer {
   public:
    virtual void on_readable() = 0;
    virtual void on_writable() = 0;

   protected:
    ~Observer() = default;
  };

  Stream() = default;
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  /// Closes at once. No observer is called any more.
  virtual ~Stream() = default;

  /// Who is told of readiness from now on; null: nobody. Not owned. What was asked for stays asked for.
  void observe(Observer* observer) noexcept { observer_ = observer; }

  /// Reads what is there, at most `into.size()` bytes (at least 1). Never blocks, never calls the observer.
  virtual IoResult read(std::span<char> into) = 0;
  /// Writes what can be taken at once, maybe only the first part. Never blocks, never calls the observer. The part that
  /// was taken is on its way: it needs no further call.
  virtual IoResult write(std::string_view bytes) = 0;
  /// The same for several pieces, none of them empty, one behind the other.
  virtual IoResult write_pieces(std::span<const std::string_view> pieces);

  /// Asks for one on_readable() once there is something to read: bytes, the end or a failure. It comes in a later turn
  /// of the loop, never from inside this call. Asking again before it came changes nothing.
  virtual void wait_readable() = 0;
  /// The same for writing. While handshaking() it comes when the handshake is over; after shutdown_write() when all has
  /// been handed over; after a failure at once.
  virtual void wait_writable() = 0;

  /// No more will be written: sends FIN (TLS: close_notify, then FIN) after everything written so far. Reading goes on.
  virtual void shutdown_write() = 0;
  /// Ends both directions at once, dropping what is still on its way in this process. No observer call comes after it;
  /// read and write fail. Idempotent.
  virtual void close() = 0;

  /// The other end. With TLS it is complete when the handshake is over.
  virtual const Peer& peer() const noexcept = 0;
  /// The protocol that TLS agreed on: "h2", "http/1.1", "" for none or without TLS. Valid as long as the stream.
  virtual std::string_view alpn() const noexcept { return {}; }
  /// Whether a TLS handshake is still under way; until it is over reads and writes say would_block.
  virtual bool handshaking() const noexcept { return false; }
  /// Why read or write said failed, for people; "" before.
  virtual std::string failure() const = 0;
  virtual Loop& loop() const noexcept = 0;

 protected:
  Observer* observer() const noexcept { return observer_; }

 private:
  Observer* observer_ = nullptr;
};

inline std::size_t total_size(std::span<const std::string_view> pieces) noexcept {
  std::size_t size = 0;
  for (const std::string_view piece : pieces) size += piece.size();
  return size;
}

}  // namespace connectrpc::io
