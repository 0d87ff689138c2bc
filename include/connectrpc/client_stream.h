// A client's stream calls.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "connectrpc/call_options.h"
#include "connectrpc/channel.h"
#include "connectrpc/error.h"
#include "connectrpc/method.h"
#include "connectrpc/response.h"
#include "connectrpc/task.h"

namespace google::protobuf {
class MessageLite;
}

namespace connectrpc {

namespace detail {

/// What all stream calls share. This version of the library does not carry streams: every step says `unimplemented`.
class StreamCallBase {
 public:
  StreamCallBase(const ChannelPtr& channel, const MethodSpec& method) : channel_(channel), method_(&method) {}

 protected:
  [[noreturn]] void refuse() const {
    throw Error(Code::unimplemented, std::string(method_->full_name()) + ": streams are not carried by this version");
  }

 private:
  ChannelPtr channel_;
  const MethodSpec* method_;
};

}  // namespace detail

/// A call that is answered by a stream.
template <class Response>
class ServerStreamCall : private detail::StreamCallBase {
 public:
  using StreamCallBase::StreamCallBase;
  /// The next message, or nothing after the last.
  Task<std::optional<Response>> receive() {
    refuse();
    co_return std::nullopt;
  }
};

/// A stream that is answered by one message.
template <class Request, class Response>
class ClientStreamCall : private detail::StreamCallBase {
 public:
  using StreamCallBase::StreamCallBase;
  /// False once the server has ended the call.
  Task<bool> send(const Request&) {
    refuse();
    co_return false;
  }
  /// Ends the request and waits for the answer.
  Task<connectrpc::Response<Response>> finish() {
    refuse();
    co_return connectrpc::Response<Response>();
  }
};

/// Streams in both directions.
template <class Request, class Response>
class BidiStreamCall : private detail::StreamCallBase {
 public:
  using StreamCallBase::StreamCallBase;
  Task<bool> send(const Request&) {
    refuse();
    co_return false;
  }
  Task<> close_send() {
    refuse();
    co_return;
  }
  Task<std::optional<Response>> receive() {
    refuse();
    co_return std::nullopt;
  }
};

/// ServerStreamCall, blocking.
template <class Response>
class ServerStreamCallSync : private detail::StreamCallBase {
 public:
  using StreamCallBase::StreamCallBase;
  std::optional<Response> receive() { refuse(); }
};

/// ClientStreamCall, blocking.
template <class Request, class Response>
class ClientStreamCallSync : private detail::StreamCallBase {
 public:
  using StreamCallBase::StreamCallBase;
  bool send(const Request&) { refuse(); }
  connectrpc::Response<Response> finish() { refuse(); }
};

/// BidiStreamCall, blocking.
template <class Request, class Response>
class BidiStreamCallSync : private detail::StreamCallBase {
 public:
  using StreamCallBase::StreamCallBase;
  bool send(const Request&) { refuse(); }
  void close_send() { refuse(); }
  std::optional<Response> receive() { refuse(); }
};

namespace detail {

template <class Response>
ServerStreamCall<Response> server_stream(const ChannelPtr& channel, const MethodSpec& method,
                                         const google::protobuf::MessageLite&, const CallOptions&) {
  return ServerStreamCall<Response>(channel, method);
}
template <class Request, class Response>
ClientStreamCall<Request, Response> client_stream(const ChannelPtr& channel, const MethodSpec& method,
                                                  const CallOptions&) {
  return ClientStreamCall<Request, Response>(channel, method);
}
template <class Request, class Response>
BidiStreamCall<Request, Response> bidi_stream(const ChannelPtr& channel, const MethodSpec& method, const CallOptions&) {
  return BidiStreamCall<Request, Response>(channel, method);
}
template <class Response>
ServerStreamCallSync<Response> server_stream_sync(const ChannelPtr& channel, const MethodSpec& method,
                                                  const google::protobuf::MessageLite&, const CallOptions&) {
  return ServerStreamCallSync<Response>(channel, method);
}
template <class Request, class Response>
ClientStreamCallSync<Request, Response> client_stream_sync(const ChannelPtr& channel, const MethodSpec& method,
                                                           const CallOptions&) {
  return ClientStreamCallSync<Request, Response>(channel, method);
}
template <class Request, class Response>
BidiStreamCallSync<Request, Response> bidi_stream_sync(const ChannelPtr& channel, const MethodSpec& method,
                                                       const CallOptions&) {
  return BidiStreamCallSync<Request, Response>(channel, method);
}

}  // namespace detail

}  // namespace connectrpc
