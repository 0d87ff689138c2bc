// The interceptors around one call of a client.
#pragma once

#include <exception>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "base/block_cache.h"
#include "client/end_frame.h"
#include "connectrpc/context.h"
#include "connectrpc/detail/context_access.h"
#include "connectrpc/detail/server_call.h"
#include "connectrpc/error.h"
#include "connectrpc/interceptor.h"
#include "connectrpc/log.h"
#include "http/exchange.h"
#include "rpc/worker_pool.h"

namespace connectrpc::client {

class Call;

/// Runs beside the user's steps, on a pooled coroutine of the call's loop as soon as an interceptor awaits anything but
/// next(). From then on it keeps the call until it has ended; before, they go on only where the call does.
class Interception final : public rpc::Job,
                           public base::Block,
                           private EndFrame::Owner,
                           private connectrpc::detail::Intercepted,
                           private connectrpc::detail::ContextCall {
 public:
  explicit Interception(Call& call);
  ~Interception() override;

  /// `pool`: the loop's. May end it at once.
  static void start(std::unique_ptr<Interception> interception, rpc::WorkerPool& pool);
  /// The call goes first: the loop was shut down, and their coroutines with it.
  void forget_call() noexcept { call_ = nullptr; }

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
  void on_over() { end_.notify(); }
  bool waits_for_end() const noexcept { return end_.waiting(); }
  /// The user's side is over: what the interceptors still wait for is cancelled.
  void cancel() { cancel_run(); }

 private:
  // rpc::Job
  Task<> run() override;
  void on_end(const std::exception_ptr& thrown) override;
  void abandon() override;
  // connectrpc::detail::PlainRun
  void need_thread(connectrpc::detail::InterceptorFrame& innermost) noexcept override;
  void on_plain_end(std::exception_ptr thrown) noexcept override;
  // EndFrame::Owner
  void on_resume() noexcept override;
  // connectrpc::detail::Intercepted
  Context& intercepted_context() noexcept override { return context_; }
  Task<> proceed() override { return end_.task(); }
  bool has_answer() const noexcept override { return answer_ != nullptr; }
  // connectrpc::detail::ContextCall
  void send_headers() override;
  void respond(const google::protobuf::MessageLite& message) override;
  bool compress_response(std::string_view name) override;
  void warn(std::string_view text) const override;
  std::optional<CancelReason> cancelled() const noexcept override;
  std::stop_token stop_token() override;

  void take_end();
  void take_thread();
  void report(LogRecord::Level level, std::string_view text) const;
  Error translate(std::exception_ptr thrown);
  using Hooks = void (*)(const Context& context, google::protobuf::MessageLite& message);
  void change(std::string_view bytes, std::string& into, bool request, Hooks hooks) const;

  // Until the end.
  Call* call_;
  std::shared_ptr<Call> kept_call_;
  Context context_;
  std::unique_ptr<std::string> answer_;
  connectrpc::detail::InterceptorRun outermost_;
  // What next() gives to the innermost.
  EndFrame end_;
  bool passed_ = false;
  // Without a coroutine of the pool: the outermost interceptor's.
  rpc::WorkerPool* plain_in_ = nullptr;
  Task<> task_;
  connectrpc::detail::InterceptorFrame* innermost_ = nullptr;
};

}  // namespace connectrpc::client
