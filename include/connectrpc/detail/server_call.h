// What generated handlers need of a call on the server. Not API.
#pragma once

#include <optional>
#include <stop_token>
#include <string_view>

#include "connectrpc/cancel.h"
#include "connectrpc/headers.h"
#include "connectrpc/task.h"

namespace google::protobuf {
class MessageLite;
}

namespace connectrpc {
class Context;
}

namespace connectrpc::detail {

class RequestPlace;

/// What a Context asks of its call, on the server or on the client.
class ContextCall {
 public:
  /// Sends the response headers of the context.
  virtual void send_headers() = 0;
  /// The one message of a unary or client-stream response, encoded at once. Throws Error.
  virtual void respond(const google::protobuf::MessageLite& message) = 0;
  /// False if the response may not be compressed with this.
  virtual bool compress_response(std::string_view name) = 0;
  virtual std::optional<CancelReason> cancelled() const noexcept = 0;
  virtual std::stop_token stop_token() = 0;
  /// A warning for the log hook.
  virtual void warn(std::string_view text) const = 0;

 protected:
  ~ContextCall() = default;
};

/// A call as a coroutine handler sees it; lives on one loop.
class ServerCall : public ContextCall {
 public:
  virtual Context& context() noexcept = 0;

  /// The one message of a unary or server-stream request. Throws Error.
  virtual Task<> receive(RequestPlace& request) = 0;

  /// The next message of a request stream; false after the last, which leaves `message` alone. Throws Error.
  virtual Task<bool> receive_next(google::protobuf::MessageLite& message) = 0;
  /// The same if it has arrived, nothing otherwise: most messages then need no coroutine.
  virtual std::optional<bool> try_receive_next(google::protobuf::MessageLite& message) = 0;
  /// Sends a message of a response stream; waits while too much is unsent; false once the call is over.
  virtual Task<bool> send(const google::protobuf::MessageLite& message) = 0;
  /// The same if it need not wait and the call is not over; false, and nothing sent, otherwise.
  virtual bool try_send(const google::protobuf::MessageLite& message) = 0;

 protected:
  ~ServerCall() = default;
};

/// A call as a blocking handler sees it; used by the handler's thread.
class ServerCallSync {
 public:
  virtual Context& context() noexcept = 0;
  virtual void receive(RequestPlace& request) = 0;
  virtual void respond(const google::protobuf::MessageLite& message) = 0;
  virtual bool receive_next(google::protobuf::MessageLite& message) = 0;
  virtual bool send(const google::protobuf::MessageLite& message) = 0;

 protected:
  ~ServerCallSync() = default;
};

}  // namespace connectrpc::detail
