// Calls taken step by step: what streams are made of, and calls of methods that are known only at run time.
#pragma once

#include <utility>

#include "connectrpc/channel.h"
#include "connectrpc/detail/client_call.h"
#include "connectrpc/headers.h"
#include "connectrpc/method.h"
#include "connectrpc/peer.h"
#include "connectrpc/task.h"

namespace connectrpc {

namespace detail {

/// What all calls share. Its destruction before the end gives the call up, which resets its stream; steps that wait
/// meanwhile fail with `canceled`. Movable. The object may live on any thread; its reading side (headers, receive,
/// finish, trailers) and its writing side (open, send, close_send) may be used at once, each by one coroutine or thread
/// at a time.
class CallBase {
 public:
  CallBase(CallBase&& other) noexcept = default;
  CallBase& operator=(CallBase&& other) noexcept;
  ~CallBase();

  /// What the server sent last, once receive() or finish() has come to the end, with success or an Error.
  /// std::logic_error before.
  const Headers& trailers() const&;
  const Headers& trailers() const&& = delete;
  /// The server; nothing is known of it before open() or the first answer.
  Peer peer() const;
  /// Gives the call up: the server is told, all steps end with `canceled`. Nothing happens after the end.
  void cancel();

 protected:
  explicit CallBase(CallHandlePtr handle) noexcept : handle_(std::move(handle)) {}

  CallHandlePtr handle_;
};

/// Steps of coroutines, on any loop. A coroutine that is cancelled in a step gives the whole call up.
class AwaitedCall : public CallBase {
 public:
  /// Sends the request's headers, on a connection that is found or made first. Every other step does this by itself.
  /// Throws Error if there is no connection. (Of a unary method the headers leave with the message.)
  Task<> open();
  /// Waits for the response's headers. Throws Error if the call ends without any; an error that the server sent is left
  /// to receive() or finish().
  Task<Headers> headers();

 protected:
  using CallBase::CallBase;
};

/// Steps that block the thread. std::logic_error on the thread that runs the channel's loop.
class BlockingCall : public CallBase {
 public:
  void open();
  Headers headers();

 protected:
  using CallBase::CallBase;
};

}  // namespace detail

/// A call of any kind of method with messages by their base class; Channel::open makes it.
class Call : public detail::AwaitedCall {
 public:
  explicit Call(detail::CallHandlePtr handle) noexcept : AwaitedCall(std::move(handle)) {}

  /// Sends a message, encoded before this returns; waits while too much is unsent. False once the server has ended the
  /// call: receive() says how. Throws Error if the message cannot be encoded or is over the send limit, which ends the
  /// call. std::logic_error: two sends at once, or one after close_send().
  Task<bool> send(const google::protobuf::MessageLite& message) { return detail::send(handle_, message); }
  /// No more messages; a second time does nothing.
  Task<> close_send() { return detail::close_send(handle_); }
  /// The next message into `message`, which stays until then. False after the last of a call that succeeded; throws the
  /// Error of one that failed, each time.
  Task<bool> receive(google::protobuf::MessageLite& message) { return detail::receive(handle_, message); }
};

/// Call, blocking.
class CallSync : public detail::BlockingCall {
 public:
  explicit CallSync(detail::CallHandlePtr handle) noexcept : BlockingCall(std::move(handle)) {}

  bool send(const google::protobuf::MessageLite& message) { return detail::send_sync(handle_, message); }
  void close_send() { detail::close_send_sync(handle_); }
  bool receive(google::protobuf::MessageLite& message) { return detail::receive_sync(handle_, message); }
};

}  // namespace connectrpc
