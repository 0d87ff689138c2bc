// One call on the server: messages over an exchange, a handler on a pooled coroutine.
#pragma once

#include <atomic>
#include <chrono>
#include <coroutine>
#include <cstddef>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/block_cache.h"
#include "codec/message_codec.h"
#include "connectrpc/call_record.h"
#include "connectrpc/cancel.h"
#include "connectrpc/context.h"
#include "connectrpc/deadline_policy.h"
#include "connectrpc/detail/request_message.h"
#include "connectrpc/detail/server_call.h"
#include "connectrpc/error.h"
#include "connectrpc/interceptor.h"
#include "connectrpc/log.h"
#include "connectrpc/service.h"
#include "http/exchange.h"
#include "io/timer_queue.h"
#include "protocol/server_call.h"
#include "rpc/block_frame.h"
#include "rpc/signal.h"
#include "rpc/stall_watch.h"
#include "rpc/worker_pool.h"

namespace connectrpc::rpc {

class BlockingCall;
class ServerCall;
class ThreadPool;

/// The calls of one loop, so that a shutdown finds them.
class CallList {
 public:
  std::size_t size() const noexcept { return size_; }
  /// Cancels every call; those that end inline are passed over safely.
  void cancel_all(CancelReason reason);
  /// Called when the last one has gone; null: nobody.
  void on_empty(std::function<void()> callback) { on_empty_ = std::move(callback); }

 private:
  friend class ServerCall;
  std::function<void()> on_empty_;
  ServerCall* first_ = nullptr;
  std::size_t size_ = 0;
};

/// What the calls of a server share on one loop.
struct ServerEnvironment {
  io::Loop& loop;
  io::TimerQueue& timers;
  protocol::ServerSettings settings;
  /// Where blocking handlers run.
  ThreadPool* threads = nullptr;
  LogHook log;
  /// Bytes given to a stream and not sent yet at which send() waits.
  std::size_t high_water = 64 * 1024;
  StallLimits stall_limits;
  CallList calls;
  /// By receive limit, where a method has its own. Nodes stay where they are: calls refer to them.
  std::map<std::size_t, protocol::ServerSettings> other_settings = {};
  DeadlinePolicy deadlines = {};
  CallHook on_call_end = nullptr;

  /// The settings of calls with this receive limit; valid as long as this object.
  const protocol::ServerSettings& settings_for(std::optional<std::size_t> receive_limit) {
    if (!receive_limit) return settings;
    const auto [at, made] = other_settings.try_emplace(*receive_limit, settings);
    if (made) at->second.receive_limit = *receive_limit;
    return at->second;
  }
  void report(LogRecord::Level level, std::string_view method, std::string_view text) const {
    if (log) log(LogRecord{level, method, text});
  }
};

/// Where a path leads: one of the two services is set.
struct Route {
  const MethodSpec* method = nullptr;
  Service* service = nullptr;
  ServiceSync* service_sync = nullptr;
  /// Bytes; empty: the server's.
  std::optional<std::size_t> receive_limit = std::nullopt;
  /// Null: none.
  std::shared_ptr<const InterceptorList> interceptors = nullptr;
};

/// Puts what a protocol said on the exchange.
void apply(protocol::ServerOutput output, http::ServerExchange& exchange);

class ServerCall final : public base::Block,
                         public Job,
                         public connectrpc::detail::ServerCall,
                         private connectrpc::detail::Intercepted,
                         private http::Exchange::Observer,
                         private io::Timer {
 public:
  /// Answers at once what needs no handler (a fault in the head, a deadline that has passed); starts the handler
  /// otherwise.
  static void start(std::shared_ptr<ServerEnvironment> environment, const Route& route,
                    std::unique_ptr<http::ServerExchange> exchange, std::unique_ptr<protocol::ServerCall> protocol);
  ~ServerCall() override;

  void cancel(CancelReason reason);

  // connectrpc::detail::ServerCall
  Context& context() noexcept override { return context_; }
  Task<> receive(connectrpc::detail::RequestPlace& request) override;
  void respond(const google::protobuf::MessageLite& message) override;
  Task<bool> receive_next(google::protobuf::MessageLite& message) override;
  std::optional<bool> try_receive_next(google::protobuf::MessageLite& message) override;
  Task<bool> send(const google::protobuf::MessageLite& message) override;
  bool try_send(const google::protobuf::MessageLite& message) override;
  void send_headers() override;
  bool compress_response(std::string_view name) override;
  void warn(std::string_view text) const override {
    environment_.report(LogRecord::Level::warning, route_.method->full_name(), text);
  }
  std::optional<CancelReason> cancelled() const noexcept override;
  std::stop_token stop_token() override;

 private:
  friend class CallList;
  friend class BlockingCall;
  enum class Pulled { message, end, nothing };
  // A silent client.
  class Watch final : public StallWatch {
   public:
    Watch(ServerCall& call, io::TimerQueue& timers, StallLimits limits) : StallWatch(timers, limits), call_(call) {}

   private:
    void on_stall(const std::string& what) override { call_.on_stall(what); }
    ServerCall& call_;
  };

  ServerCall(std::shared_ptr<ServerEnvironment> environment, const Route& route,
             std::unique_ptr<http::ServerExchange> exchange, std::unique_ptr<protocol::ServerCall> protocol);
  // Of this call, all but its context.
  connectrpc::detail::ContextFacts facts() const;

  // Job
  Task<> run() override;
  void on_end(const std::exception_ptr& thrown) override;
  void abandon() override;

  // http::Exchange::Observer
  void on_inbound() override;
  void on_outbound() override;

  // io::Timer: the deadline
  void on_timer() override;
  void on_stall(const std::string& what);

  // connectrpc::detail::Intercepted
  Context& intercepted_context() noexcept override { return context_; }
  Task<> proceed() override;
  bool has_answer() const noexcept override { return answer_.has_value(); }

  Task<> handle();
  Task<> call_blocking();
  // Puts a message of a response stream on the exchange; false if the client has ended the call. Throws Error.
  bool queue(const google::protobuf::MessageLite& message);
  bool has_room() const { return answered_ || exchange_->unsent() <= environment_.high_water; }
  Task<bool> wait_for_room();
  // For a sender whose call is over: false if the client has ended it, throws otherwise.
  bool may_not_send(CancelReason reason) const;
  // What a blocking handler wrote, each message behind the protocol's prefix. Gives why one could not be sent.
  std::optional<Error> send_batch(std::optional<Headers> headers, std::vector<std::string> messages);
  // The one message of a request, into whichever is not null.
  Task<> receive_one(connectrpc::detail::RequestPlace* place, std::string* bytes);
  // Looks for a message: decodes it into `place` or keeps its bytes in `bytes`, whichever is not null. Throws Error.
  Pulled pull(connectrpc::detail::RequestPlace* place, std::string* bytes);
  Task<bool> wait_for_message(google::protobuf::MessageLite& message);
  void throw_if_cancelled() const;
  Error cancellation_error(CancelReason reason) const;
  // What an exception that leaves a handler tells the peer.
  Error translate(std::exception_ptr thrown, std::string_view who);
  // Both pass interceptors' hooks and throw Error. Any thread that runs the handler.
  std::string encode(const google::protobuf::MessageLite& message);
  // Replaces `payload` by the protocol's free prefix and the message.
  void encode(const google::protobuf::MessageLite& message, std::string& payload);
  void decode(std::string_view bytes, google::protobuf::MessageLite& message);
  void decode(std::string_view bytes, connectrpc::detail::RequestPlace& place) {
    decode(bytes, place.make(bytes.size()));
  }
  // The user's response headers as they may be sent; `last`: the handler has ended.
  Headers sendable_headers(bool last);
  // Drops pairs that came from elsewhere and may not be sent.
  Headers checked(Headers pairs, std::string_view (*name_fault)(std::string_view) noexcept);
  // Tells the log why a pair is left out; "" if it is not.
  std::string_view report_unsendable(std::string_view name, std::string_view value,
                                     std::string_view (*name_fault)(std::string_view) noexcept);
  // The same for an error's own metadata, which the protocol leaves out.
  void report_unsendable(const Error& error);
  void send_pending_headers(protocol::ServerOutput& out, bool last);
  void finish(const Error* error);
  // The end of finish(), unless the client is gone. Gives why the answer could not be sent, if it could not.
  std::optional<Error> send_end(const Error* error);
  // Puts what the protocol said on the exchange.
  void emit(protocol::ServerOutput output);
  void consume(std::size_t bytes);
  void report_end(const Error* error) const;

  // Shared: on a loop of the user's a handler may outlive its server.
  const std::shared_ptr<ServerEnvironment> shared_environment_;
  ServerEnvironment& environment_;
  const Route route_;
  std::unique_ptr<http::ServerExchange> exchange_;
  std::unique_ptr<protocol::ServerCall> protocol_;
  const codec::MessageCodec& codec_;
  Context context_;
  // While there are any.
  std::optional<connectrpc::detail::InterceptorRun> outermost_;
  // The encoded answer of a unary call, behind the protocol's prefix.
  std::optional<std::string> answer_;
  // Where the messages of a response stream are encoded.
  std::string payload_;
  std::optional<std::stop_source> stop_;
  std::optional<Watch> watch_;
  // Why the call was ended with reason `deadline`, if it was not its deadline.
  std::string stall_;
  // A CancelReason, or -1: also read by the threads of blocking handlers.
  std::atomic<int> cancel_reason_{-1};
  CallTraffic traffic_;
  // Set where somebody wants to know.
  std::chrono::steady_clock::time_point began_;
  bool answered_ = false;
  std::atomic<bool> sending_{false};
  BlockingCall* blocking_ = nullptr;
  // Metadata belongs to the thread of a blocking handler until it is handed over.
  bool metadata_elsewhere_ = false;
  ServerCall* previous_ = nullptr;
  ServerCall* next_ = nullptr;
  // Last, so that a coroutine that still waits is destroyed before what it uses.
  Signal inbound_;
  Signal outbound_;
  Signal thread_done_;
};

}  // namespace connectrpc::rpc

/// Of ServerCall's coroutines around a handler.
template <>
struct std::coroutine_traits<connectrpc::Task<>, connectrpc::rpc::ServerCall&> {
  using promise_type = connectrpc::rpc::BlockFrame;
};
