// A client's stream calls, typed. Their steps are those of call.h.
#pragma once

#include <optional>
#include <utility>

#include "connectrpc/call.h"
#include "connectrpc/call_options.h"
#include "connectrpc/channel.h"
#include "connectrpc/method.h"
#include "connectrpc/response.h"
#include "connectrpc/task.h"

namespace connectrpc {

namespace detail {

template <class T>
Task<std::optional<T>> receive_message(CallHandlePtr call) {
  std::optional<T> message(std::in_place);
  const bool more = co_await receive(std::move(call), *message);
  if (!more) message.reset();
  co_return message;
}
template <class T>
std::optional<T> receive_message_sync(const CallHandlePtr& call) {
  std::optional<T> message(std::in_place);
  if (!receive_sync(call, *message)) message.reset();
  return message;
}

template <class T>
Task<Response<T>> finish_message(CallHandlePtr call) {
  Response<T> response;
  co_await finish(std::move(call), *response, response.headers(), response.trailers(), response.peer());
  co_return response;
}
template <class T>
Response<T> finish_message_sync(const CallHandlePtr& call) {
  Response<T> response;
  finish_sync(call, *response, response.headers(), response.trailers(), response.peer());
  return response;
}

}  // namespace detail

/// A call that is answered by a stream.
template <class Out>
class ServerStreamCall : public detail::AwaitedCall {
 public:
  explicit ServerStreamCall(detail::CallHandlePtr handle) noexcept : AwaitedCall(std::move(handle)) {}

  /// The next message, or nothing after the last of a call that succeeded; throws the Error of one that failed, each
  /// time.
  Task<std::optional<Out>> receive() { return detail::receive_message<Out>(handle_); }
  /// The next message into `message`, whose strings and fields keep their memory; false after the last of a call that
  /// succeeded.
  Task<bool> receive(Out& message) { return detail::receive(handle_, message); }
};

/// A stream that is answered by one message.
template <class In, class Out>
class ClientStreamCall : public detail::AwaitedCall {
 public:
  explicit ClientStreamCall(detail::CallHandlePtr handle) noexcept : AwaitedCall(std::move(handle)) {}

  /// Sends a message, encoded before this returns; waits while too much is unsent. False once the server has ended the
  /// call: finish() says how.
  Task<bool> send(const In& message) { return detail::send(handle_, message); }
  /// Ends the request and waits for the answer; throws Error. Once.
  Task<Response<Out>> finish() { return detail::finish_message<Out>(handle_); }
};

/// Streams in both directions.
template <class In, class Out>
class BidiStreamCall : public detail::AwaitedCall {
 public:
  explicit BidiStreamCall(detail::CallHandlePtr handle) noexcept : AwaitedCall(std::move(handle)) {}

  /// Sends a message, encoded before this returns; waits while too much is unsent. False once the server has ended the
  /// call: receive() says how.
  Task<bool> send(const In& message) { return detail::send(handle_, message); }
  /// No more messages; a second time does nothing.
  Task<> close_send() { return detail::close_send(handle_); }
  /// As ServerStreamCall::receive.
  Task<std::optional<Out>> receive() { return detail::receive_message<Out>(handle_); }
  Task<bool> receive(Out& message) { return detail::receive(handle_, message); }
};

/// ServerStreamCall, blocking.
template <class Out>
class ServerStreamCallSync : public detail::BlockingCall {
 public:
  explicit ServerStreamCallSync(detail::CallHandlePtr handle) noexcept : BlockingCall(std::move(handle)) {}

  std::optional<Out> receive() { return detail::receive_message_sync<Out>(handle_); }
  bool receive(Out& message) { return detail::receive_sync(handle_, message); }
};

/// ClientStreamCall, blocking.
template <class In, class Out>
class ClientStreamCallSync : public detail::BlockingCall {
 public:
  explicit ClientStreamCallSync(detail::CallHandlePtr handle) noexcept : BlockingCall(std::move(handle)) {}

  bool send(const In& message) { return detail::send_sync(handle_, message); }
  Response<Out> finish() { return detail::finish_message_sync<Out>(handle_); }
};

/// BidiStreamCall, blocking.
template <class In, class Out>
class BidiStreamCallSync : public detail::BlockingCall {
 public:
  explicit BidiStreamCallSync(detail::CallHandlePtr handle) noexcept : BlockingCall(std::move(handle)) {}

  bool send(const In& message) { return detail::send_sync(handle_, message); }
  void close_send() { detail::close_send_sync(handle_); }
  std::optional<Out> receive() { return detail::receive_message_sync<Out>(handle_); }
  bool receive(Out& message) { return detail::receive_sync(handle_, message); }
};

namespace detail {

template <class Out>
ServerStreamCall<Out> server_stream(const ChannelPtr& channel, const MethodSpec& method,
                                    const google::protobuf::MessageLite& request, const CallOptions& options) {
  return ServerStreamCall<Out>(make_call(channel, method, options, &request));
}
template <class In, class Out>
ClientStreamCall<In, Out> client_stream(const ChannelPtr& channel, const MethodSpec& method,
                                        const CallOptions& options) {
  return ClientStreamCall<In, Out>(make_call(channel, method, options, nullptr));
}
template <class In, class Out>
BidiStreamCall<In, Out> bidi_stream(const ChannelPtr& channel, const MethodSpec& method, const CallOptions& options) {
  return BidiStreamCall<In, Out>(make_call(channel, method, options, nullptr));
}
template <class Out>
ServerStreamCallSync<Out> server_stream_sync(const ChannelPtr& channel, const MethodSpec& method,
                                             const google::protobuf::MessageLite& request, const CallOptions& options) {
  return ServerStreamCallSync<Out>(make_call(channel, method, options, &request));
}
template <class In, class Out>
ClientStreamCallSync<In, Out> client_stream_sync(const ChannelPtr& channel, const MethodSpec& method,
                                                 const CallOptions& options) {
  return ClientStreamCallSync<In, Out>(make_call(channel, method, options, nullptr));
}
template <class In, class Out>
BidiStreamCallSync<In, Out> bidi_stream_sync(const ChannelPtr& channel, const MethodSpec& method,
                                             const CallOptions& options) {
  return BidiStreamCallSync<In, Out>(make_call(channel, method, options, nullptr));
}

}  // namespace detail

}  // namespace connectrpc
