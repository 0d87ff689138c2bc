// What one side of a call asks for next, and what that came to.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "connectrpc/error.h"
#include "connectrpc/headers.h"

namespace google::protobuf {
class MessageLite;
}

namespace connectrpc::client {

/// The two sides of a call, each doing one step at a time.
enum class Side : std::uint8_t { reading, writing };

struct Step {
  enum class Kind : std::uint8_t {
    open,     ///< the request's head is with a connection
    headers,  ///< the answer's head has come
    send,     ///< `payload` was taken over and there is room for more
    receive,  ///< the next message, or the end
    outcome,  ///< the one message of the answer and the end
  };

  explicit Step(Kind what) : kind(what) {}

  Kind kind;

  // What is asked.

  /// send: an encoded message behind the protocol's prefix; nothing: only `close`.
  std::optional<std::string> payload;
  /// send: no message follows.
  bool close = false;
  /// send: the message could not be made, which ends the call; found by whoever asks, or by the call.
  std::optional<Error> fault;
  /// receive: decoded into this, or `bytes` if null.
  google::protobuf::MessageLite* message = nullptr;

  // What it came to.

  /// send: the call goes on. receive, outcome: there is a message. open, headers: there is what was asked for.
  bool good = false;
  /// receive: it is in `message`.
  bool decoded = false;
  /// receive, outcome: the encoded message otherwise.
  std::string bytes;
  Headers headers;
};

}  // namespace connectrpc::client
