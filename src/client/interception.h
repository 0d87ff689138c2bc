// The interceptors around one call of a client.
#pragma once

#include <coroutine>
#include <exception>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "base/block_cache.h"
#include "connectrpc/context.h"
#include "connectrpc/detail/context_access.h"
#include "connectrpc/detail/server_call.h"
#include "connectrpc/error.h"
#include "connectrpc/interceptor.h"
#include "connectrpc/log.h"
#include "http/exchange.h"
#include "rpc/block_frame.h"
#include "rpc/signal.h"
#include "rpc/worker_pool.h"

namespace connectrpc::client {

class Call;

/// Runs beside the user's steps on a pooled coroutine of the call's loop, and keeps the call until it has ended.
class Interception final : public rpc::Job,
                           public base::Block,
                           private connectrpc::detail::Intercepted,
                           private connectrpc::detail::ContextCall {
 public:
  explicit Interception(std::shared_ptr<Call> call);
  ~Interception() override;

  /// What goes out, and what has come, as the interceptors' hooks leave it. Throw Error.
  std::string outgoing(std::string payload) const;
  std::string incoming(std::string_view payload) const;
  void incoming(Headers& headers) const;
  bool changes_outgoing() const noexcept { return connectrpc::detail::ContextAccess::has_request_hooks(context_); }
  bool changes_incoming() const noexcept { return connectrpc::detail::ContextAccess::has_response_hooks(context_); }
  bool changes_headers() const noexcept { return connectrpc::detail::ContextAccess::has_header_hooks(context_); }

  /// As they are to be sent.
  const Headers& request_headers() const { return context_.raw_request_headers(); }

  /// There is a connection.
  void on_link(HttpVersion version) { connectrpc::detail::ContextAccess::set_http_version(context_, version); }
  /// The transport has ended: whoever waits in next() goes on. May end the interception, and this object.
  void on_over() { over_.notify(); }
  bool waits_for_end() const noexcept { return over_.waiting(); }
  /// The user's side is over: what the interceptors still wait for is cancelled.
  void cancel() { cancel_run(); }

 private:
  // rpc::Job
  Task<> run() override { return outermost_.start(); }
  void on_end(const std::exception_ptr& thrown) override;
  void abandon() override { over_.abandon(); }
  // connectrpc::detail::Intercepted
  Context& intercepted_context() noexcept override { return context_; }
  Task<> proceed() override;
  bool has_answer() const noexcept override { return answer_.has_value(); }
  // connectrpc::detail::ContextCall
  void send_headers() override;
  void respond(const google::protobuf::MessageLite& message) override;
  bool compress_response(std::string_view name) override;
  void warn(std::string_view text) const override;
  std::optional<CancelReason> cancelled() const noexcept override;
  std::stop_token stop_token() override;

  void report(LogRecord::Level level, std::string_view text) const;
  Error translate(std::exception_ptr thrown);
  using Hooks = void (*)(const Context& context, google::protobuf::MessageLite& message);
  void change(std::string_view bytes, std::string& into, bool request, Hooks hooks) const;

  // Until the end.
  std::shared_ptr<Call> call_;
  Context context_;
  std::optional<std::string> answer_;
  connectrpc::detail::InterceptorRun outermost_;
  rpc::Signal over_;
};

}  // namespace connectrpc::client

/// Of Interception's coroutines.
template <>
struct std::coroutine_traits<connectrpc::Task<>, connectrpc::client::Interception&> {
  using promise_type = connectrpc::rpc::BlockFrame;
};
