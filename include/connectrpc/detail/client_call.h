// What generated clients need of a channel: one prepared call. Not API.
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
class UnaryCall;
}

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
  std::shared_ptr<client::UnaryCall> call_;
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

}  // namespace connectrpc::detail
