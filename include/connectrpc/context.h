// What a handler knows of its call and says beside its messages.
#pragma once

#include <any>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <typeindex>
#include <utility>
#include <vector>

#include "connectrpc/cancel.h"
#include "connectrpc/deadline.h"
#include "connectrpc/headers.h"
#include "connectrpc/method.h"
#include "connectrpc/peer.h"
#include "connectrpc/protocol.h"
#include "connectrpc/task.h"

namespace google::protobuf {
class MessageLite;
}

namespace connectrpc {

namespace detail {
class ContextCall;
class ContextAccess;
struct ContextFacts;
}  // namespace detail

/// One call, the same in every protocol: in coroutine and blocking handlers, and in interceptors of servers and
/// clients. Valid until the handler or the interceptor returns. Coroutines use it on their loop; in a blocking handler
/// it belongs to the handler's thread. Only cancelled() may be asked from elsewhere.
class Context {
 public:
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  /// What the client sent with the call, without the protocols' own fields. An interceptor may change them for who is
  /// further in: on the client until it calls next().
  const Headers& request_headers() const;
  Headers& request_headers();
  /// Every field that was on the wire, for debugging.
  const Headers& raw_request_headers() const noexcept { return *raw_request_headers_; }
  /// Sent with the first message, at the end, or by send_headers(); a change after that throws std::logic_error. In a
  /// client's interceptor: what the server sent, once next() has returned.
  Headers& response_headers() noexcept { return response_headers_; }
  const Headers& response_headers() const noexcept { return response_headers_; }
  /// Sent when the handler has returned, with success and with failure. In a client's interceptor: what the server
  /// sent, once next() has returned.
  Headers& response_trailers() noexcept { return response_trailers_; }
  const Headers& response_trailers() const noexcept { return response_trailers_; }

  /// Sends the response headers now, `more` appended to them. In a Connect unary call, whose status line depends on the
  /// outcome, this freezes them and they leave with the answer. std::logic_error if they were sent before.
  Task<> send_headers(Headers more = Headers());
  /// The same for blocking handlers: does not wait for the peer.
  void send_headers_now(Headers more = Headers());
  bool headers_sent() const noexcept { return headers_sent_; }

  /// What the response's messages are compressed with in place of what was negotiated: "identity" for nothing. False,
  /// with nothing changed, if the client does not accept it or this server does not know it. std::logic_error once the
  /// headers were sent.
  bool compress_response(std::string_view name);

  /// Answers a unary or client-stream call, encoded at once: an interceptor that does not call next(), or one that puts
  /// another answer in place of what came from further in. std::logic_error in other kinds of call. Throws Error.
  void respond(const google::protobuf::MessageLite& message);

  /// What interceptors have done to messages and headers as they pass, to be said before next(): each message is given
  /// decoded, may be changed, and an Error thrown fails the call. On the server requests are seen when the handler
  /// takes them, on its thread; on the client when they leave. std::logic_error once next() has been called.
  void on_request_message(std::function<void(google::protobuf::MessageLite&)> hook);
  void on_response_message(std::function<void(google::protobuf::MessageLite&)> hook);
  /// On the server just before they leave, on the client as they come.
  void on_response_headers(std::function<void(Headers&)> hook);

  const MethodSpec& method() const noexcept { return *method_; }
  Protocol protocol() const noexcept { return protocol_; }
  Codec codec() const noexcept { return codec_; }
  /// "POST" or "GET".
  std::string_view http_method() const noexcept { return http_method_; }
  HttpVersion http_version() const noexcept { return http_version_; }
  /// Host and port that the client asked for.
  std::string_view authority() const noexcept { return authority_; }
  const Peer& peer() const noexcept { return *peer_; }

  Deadline deadline() const noexcept { return deadline_; }
  /// Why the call is cancelled, or nothing while it is not. Any thread.
  std::optional<CancelReason> cancelled() const noexcept;
  /// Requested when the call is cancelled: what a blocking handler watches. The token may go to any thread.
  std::stop_token stop_token() const noexcept;

  /// Values that interceptors leave for handlers, one of each type.
  template <class T>
  void set_value(T value) {
    for (auto& [type, held] : values_)
      if (type == std::type_index(typeid(T))) return void(held = std::move(value));
    values_.emplace_back(std::type_index(typeid(T)), std::move(value));
  }
  /// Null if none was set. Valid until it is set again.
  template <class T>
  const T* value() const noexcept {
    for (const auto& [type, held] : values_)
      if (type == std::type_index(typeid(T))) return std::any_cast<T>(&held);
    return nullptr;
  }

 private:
  friend class detail::ContextAccess;
  struct Hooks {
    std::vector<std::function<void(google::protobuf::MessageLite&)>> requests;
    std::vector<std::function<void(google::protobuf::MessageLite&)>> responses;
    std::vector<std::function<void(Headers&)>> response_headers;
  };
  inline Context(detail::ContextCall& call, const detail::ContextFacts& facts);
  Hooks& open_hooks();

  detail::ContextCall& call_;
  std::unique_ptr<Hooks> hooks_;
  const MethodSpec* const method_;
  const Headers* raw_request_headers_;
  const Peer* const peer_;
  const std::string_view http_method_;
  const std::string_view authority_;
  mutable Headers request_headers_;
  Headers response_headers_;
  Headers response_trailers_;
  const Deadline deadline_;
  std::vector<std::pair<std::type_index, std::any>> values_;
  const Protocol protocol_;
  const Codec codec_;
  HttpVersion http_version_;
  mutable bool request_headers_made_ = false;
  bool headers_sent_ = false;
  bool hooks_fixed_ = false;
};

}  // namespace connectrpc
