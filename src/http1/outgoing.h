// The sending half of a message: a body that waits, and how it is framed when it leaves.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "connectrpc/headers.h"
#include "io/output.h"

namespace connectrpc::http1 {

/// How the receiver knows where a body ends.
enum class Framing : std::uint8_t {
  none,     ///< there is no body, whatever was appended
  length,   ///< by content-length
  chunked,  ///< by chunks; the only one with trailers
  to_end,   ///< by the end of the connection
};

/// Collects a body until it is framed, which happens as late as possible: once it is known whether it is whole. What
/// then waits at one time leaves as one chunk, however many pieces it came in.
class Outgoing {
 public:
  /// Nothing more is counted as unsent: a body that nobody will get (HEAD, 204).
  void mute();
  void append(std::string bytes);
  /// No more body; `trailers` leave only in chunked framing.
  void finish(Headers trailers);
  /// finish() was called.
  bool finished() const { return finished_; }
  const Headers& trailers() const { return trailers_; }
  /// Bytes appended and not yet written.
  std::size_t unsent() const { return unsent_; }
  /// Bytes appended so far, muted ones included.
  std::uint64_t total() const { return total_; }

  /// The head has been written and announced this; `length` counts for Framing::length.
  void frame(Framing framing, std::uint64_t length = 0);
  bool framed() const { return framed_; }
  /// Appends what may leave until `out` holds `limit` bytes. Nothing before frame().
  void write(io::Output& out, std::size_t limit);
  /// All of the message has been written.
  bool done() const { return done_; }
  /// The body is not as long as its content-length: the connection is of no use any more.
  bool broken() const { return broken_; }

  /// Whether unsent() has fallen to `low_water` or below since it was last above it and this was last asked.
  bool take_fall(std::size_t low_water);
  /// Forgets what was not written and takes nothing more; as done as it will be.
  void drop();

 private:
  void write_body(io::Output& out, std::size_t size);

  // What is unsent: the pieces from first_ on, the first of them without its front_ bytes.
  std::vector<io::BodyBytes> pieces_;
  std::size_t first_ = 0;
  std::size_t front_ = 0;
  std::size_t unsent_ = 0;
  std::size_t peak_ = 0;
  std::uint64_t total_ = 0;
  std::uint64_t length_left_ = 0;
  Headers trailers_;
  Framing framing_ = Framing::none;
  bool muted_ = false;
  bool finished_ = false;
  bool framed_ = false;
  bool done_ = false;
  bool broken_ = false;
  bool dropped_ = false;
};

}  // namespace connectrpc::http1
