// The two sides of a stream, as handlers use them.
#pragma once

#include <optional>
#include <utility>

#include "connectrpc/detail/server_call.h"
#include "connectrpc/task.h"

namespace connectrpc {

/// The messages that a client sends. Used by one coroutine at a time; a StreamWriter of the same call may be used by
/// another. Valid until the handler returns.
template <class T>
class StreamReader {
 public:
  explicit StreamReader(detail::ServerCall& call) : call_(call) {}
  StreamReader(const StreamReader&) = delete;
  StreamReader& operator=(const StreamReader&) = delete;

  /// The next message, or nothing after the last. Throws Error: broken input, deadline, cancellation.
  Task<std::optional<T>> receive() {
    std::optional<T> message(std::in_place);
    std::optional<bool> more = call_.try_receive_next(*message);
    if (!more) more = co_await call_.receive_next(*message);
    if (!*more) message.reset();
    co_return message;
  }
  /// The next message into `message`, whose strings and fields keep their memory: for streams of many small ones. False
  /// after the last; `message` is then left alone. Throws as above.
  Task<bool> receive(T& message) { return call_.receive_next(message); }
  /// The same, but only if the message has arrived already, at the price of a function call. False if there is none yet
  /// or none any more: receive() knows which.
  bool try_receive(T& message) { return call_.try_receive_next(message).value_or(false); }

 private:
  detail::ServerCall& call_;
};

/// The messages that a handler sends. Used by one coroutine at a time. Valid until the handler returns.
template <class T>
class StreamWriter {
 public:
  explicit StreamWriter(detail::ServerCall& call) : call_(call) {}
  StreamWriter(const StreamWriter&) = delete;
  StreamWriter& operator=(const StreamWriter&) = delete;

  /// Sends a message, encoded before this returns; waits while the peer or the connection cannot take more. False once
  /// the call is over.
  Task<bool> send(const T& message) { return call_.send(message); }
  /// The same, but only if the peer and the connection can take more now, at the price of a function call. False, and
  /// nothing was sent, if they cannot or the call is over: send() waits, and knows which.
  bool try_send(const T& message) { return call_.try_send(message); }

 private:
  detail::ServerCall& call_;
};

/// StreamReader for blocking handlers.
template <class T>
class StreamReaderSync {
 public:
  explicit StreamReaderSync(detail::ServerCallSync& call) : call_(call) {}
  StreamReaderSync(const StreamReaderSync&) = delete;
  StreamReaderSync& operator=(const StreamReaderSync&) = delete;

  std::optional<T> receive() {
    std::optional<T> message(std::in_place);
    if (!call_.receive_next(*message)) message.reset();
    return message;
  }
  bool receive(T& message) { return call_.receive_next(message); }

 private:
  detail::ServerCallSync& call_;
};

/// StreamWriter for blocking handlers.
template <class T>
class StreamWriterSync {
 public:
  explicit StreamWriterSync(detail::ServerCallSync& call) : call_(call) {}
  StreamWriterSync(const StreamWriterSync&) = delete;
  StreamWriterSync& operator=(const StreamWriterSync&) = delete;

  bool send(const T& message) { return call_.send(message); }

 private:
  detail::ServerCallSync& call_;
};

}  // namespace connectrpc
