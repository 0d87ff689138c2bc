// One HTTP/2 stream as its session keeps it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "connectrpc/headers.h"
#include "http2/message_rules.h"
#include "http2/send_queue.h"

namespace connectrpc::http2 {

class Link;

/// What a session knows of one stream: who handles it and what is still to be sent. Owned by the session, apart from
/// its exchange: an answer waits here for the peer's window when its handler is long gone. Used again for later
/// streams.
class Stream {
 public:
  Stream() = default;
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  virtual ~Stream() = default;

  /// Back to the state of a new one.
  virtual void clear();

  /// 0 until a client's request was given to nghttp2.
  std::int32_t id = 0;
  /// The exchange; null once it is destroyed or was reset.
  Link* link = nullptr;

  // On the way out.
  SendQueue body;
  Headers trailers;
  /// All was given that will be sent.
  bool finished = false;
  /// nghttp2 has the head.
  bool submitted = false;
  /// nghttp2 was told that there is no body to send for now.
  bool deferred = false;
  /// Nothing more is to be sent: a truncated message must not look like a whole one.
  bool muted = false;
  /// In the session's list of streams with something new to send.
  bool ready = false;
  /// body is above the low-water mark.
  bool above_low_water = false;
  /// Once everything was sent the rest of the peer's message is refused.
  bool reset_when_sent = false;

  // On the way in.
  MessageRules rules;
  /// The head is complete, what follows are trailers.
  bool head_complete = false;
  bool remote_ended = false;
  /// The peer sent RST_STREAM.
  bool reset_by_peer = false;
  /// nghttp2 knows it no more, or never did.
  bool closed = false;
  /// Size of the field block that is being read, as SETTINGS_MAX_HEADER_LIST_SIZE counts.
  std::size_t field_bytes = 0;
  /// Body bytes received.
  std::uint64_t body_bytes = 0;
  /// Body bytes consumed that nghttp2 does not know of yet.
  std::size_t consumed = 0;

  /// The session's list of open streams.
  Stream* previous = nullptr;
  Stream* next = nullptr;
};

inline void Stream::clear() {
  id = 0;
  link = nullptr;
  body.clear();
  trailers = Headers();
  finished = submitted = deferred = muted = ready = above_low_water = reset_when_sent = false;
  head_complete = remote_ended = reset_by_peer = closed = false;
  rules = MessageRules();
  field_bytes = 0;
  body_bytes = 0;
  consumed = 0;
  previous = next = nullptr;
}

}  // namespace connectrpc::http2
