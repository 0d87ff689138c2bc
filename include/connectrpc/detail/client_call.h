// What generated clients need of a channel: prepared unary calls, and calls taken step by step. Not API.
#pragma once

#include <memory>
#include <utility>

#include "connectrpc/call_options.h"
#include "connectrpc/channel.h"
#include "connectrpc/method.h"
#include "connectrpc/peer.h"
#include "connectrpc/response.h"
#include "connectrpc/task.h"

namespace google::protobuf {
class MessageLite;
}

namespace connectrpc::client {
class Call;
class CallHandle;
}  // namespace connectrpc::client

namespace connectrpc::detail {

/// A unary call with its request encoded, not sent yet. Shares the channel, so that request, options and client may die
/// before it is awaited.
class PreparedUnary {
 public:
  /// Throws only for misuse: std::invalid_argument, std::logic_error. What else goes wrong comes out of the run.
  PreparedUnary(const ChannelPtr& channel, const MethodSpec& method, const google::protobuf::MessageLite& request,
                const CallOptions& options);
  PreparedUnary(PreparedUnary&&) noexcept;
  PreparedUnary(const PreparedUnary&) = delete;
  ~PreparedUnary();

  /// Sends it and waits for the answer; throws Error. Once.
  Task<> run(google::protobuf::MessageLite& message, Headers& headers, Headers& trailers, Peer& peer);
  void run_sync(google::protobuf::MessageLite& message, Headers& headers, Headers& trailers, Peer& peer);

 private:
  ChannelPtr channel_;
  std::shared_ptr<client::Call> call_;
};

template <class T>
Task<Response<T>> finish_unary(PreparedUnary call) {
  Response<T> response;
  co_await call.run(*response, response.headers(), response.trailers(), response.peer());
  co_return response;
}

/// Encodes now, calls when awaited.
template <class T>
Task<Response<T>> unary(const ChannelPtr& channel, const MethodSpec& method,
                        const google::protobuf::MessageLite& request, const CallOptions& options) {
  return finish_unary<T>(PreparedUnary(channel, method, request, options));
}

template <class T>
Response<T> unary_sync(const ChannelPtr& channel, const MethodSpec& method,
                       const google::protobuf::MessageLite& request, const CallOptions& options) {
  Response<T> response;
  PreparedUnary call(channel, method, request, options);
  call.run_sync(*response, response.headers(), response.trailers(), response.peer());
  return response;
}

/// A call taken step by step, shared by its object and by the steps under way. `request` is the only message if not
/// null. Throws only for misuse.
using CallHandlePtr = std::shared_ptr<client::CallHandle>;
CallHandlePtr make_call(const ChannelPtr& channel, const MethodSpec& method, const CallOptions& options,
                        const google::protobuf::MessageLite* request);

/// Encodes now; std::logic_error after close_send.
Task<bool> send(CallHandlePtr call, const google::protobuf::MessageLite& message);
Task<> close_send(CallHandlePtr call);
/// `message` lives in the frame that awaits.
Task<bool> receive(CallHandlePtr call, google::protobuf::MessageLite& message);
/// Closes the sending side and gives the one answer; what is filled lives in the frame that awaits.
Task<> finish(CallHandlePtr call, google::protobuf::MessageLite& message, Headers& headers, Headers& trailers,
              Peer& peer);

bool send_sync(const CallHandlePtr& call, const google::protobuf::MessageLite& message);
void close_send_sync(const CallHandlePtr& call);
bool receive_sync(const CallHandlePtr& call, google::protobuf::MessageLite& message);
void finish_sync(const CallHandlePtr& call, google::protobuf::MessageLite& message, Headers& headers, Headers& trailers,
                 Peer& peer);

}  // namespace connectrpc::detail
