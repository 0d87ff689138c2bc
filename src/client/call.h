// One call of a client, driven by callbacks of the loop it runs on.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "client/channel_core.h"
#include "client/link_pool.h"
#include "client/step.h"
#include "codec/message_codec.h"
#include "connectrpc/call_options.h"
#include "connectrpc/deadline.h"
#include "connectrpc/error.h"
#include "connectrpc/method.h"
#include "connectrpc/peer.h"
#include "http/exchange.h"
#include "io/timer_queue.h"
#include "protocol/client_call.h"
#include "rpc/stall_watch.h"

namespace connectrpc::client {

class Interception;

/// Any kind of call. Its two sides take steps, which are run on the call's loop and may wait there; what waits is told
/// by callbacks. Made anywhere; where nothing else is said, used on the call's loop.
class Call final : public std::enable_shared_from_this<Call>,
                   private http::Exchange::Observer,
                   private io::Timer,
                   private LinkWaiter {
 public:
  /// Whoever waits for a step.
  class Waiter {
   public:
    /// The step is done, on the call's loop, as the last thing that the call does with it.
    virtual void on_done() = 0;

   protected:
    ~Waiter() = default;
  };

  /// Throws for misuse of the options.
  Call(std::shared_ptr<ChannelCore> core, const MethodSpec& method, const CallOptions& options);
  ~Call();

  const MethodSpec& method() const noexcept { return method_; }
  const std::stop_token& stop_token() const noexcept { return stop_token_; }

  const ChannelCore& core() const noexcept { return *core_; }
  Deadline deadline() const noexcept { return deadline_; }

  /// A message as steps take it. Any thread.
  Result<std::string> encode(const google::protobuf::MessageLite& message) const;
  /// The same behind what `into` holds. Any thread.
  Result<void> encode_behind(const google::protobuf::MessageLite& message, std::string& into) const;
  std::size_t message_prefix() const noexcept { return message_prefix_; }
  /// Code::internal if an answer cannot be decoded. Any thread.
  Result<void> decode(std::string_view bytes, google::protobuf::MessageLite& message) const;
  /// Gives the call its only message before it is started; one that cannot be encoded makes it fail then.
  void set_request(const google::protobuf::MessageLite& message);

  /// Chooses the loop that the call lives on, unless that was done before: the channel's if it has one, else `here`.
  /// Any thread.
  io::Loop& bind(io::Loop& here);
  /// Ends the call wherever it is. Any thread.
  static void abandon(const std::shared_ptr<Call>& call);

  /// Begins the call if it was not begun, and takes a step. Gives true if it is done at once; `waiter` hears of it
  /// otherwise, unless it withdraws before. `step` stays until then.
  bool run(Side side, Step& step, Waiter& waiter);
  void withdraw(Side side) noexcept { waiting_[index(side)] = {}; }
  /// The user's wish; steps that wait are done with `canceled` in a later turn.
  void give_up();

  // What interceptors do.

  Headers&& take_request_headers() noexcept { return std::move(request_headers_); }
  /// The innermost has called next().
  void begin_transport();
  bool transport_over() const noexcept { return over_ || transport_over_; }
  /// The outermost has returned, or its coroutine is gone with the loop.
  void drop_interception(const Interception& gone);
  /// `self` is what kept this object for them, null if nothing had to; `answer`: in place of the call's, may be null.
  void conclude(std::shared_ptr<Call>&& self, std::optional<Error>&& error, Headers&& headers, Headers&& trailers,
                std::string* answer);

  // What is known.

  /// The call has ended: the rest is final, any thread may read it after the step that came to the end.
  bool over() const noexcept { return over_; }
  const std::optional<Error>& error() const noexcept { return error_; }
  const Headers& headers() const noexcept { return headers_; }
  const Headers& trailers() const noexcept { return trailers_; }
  Headers&& take_headers() noexcept { return std::move(headers_); }
  Headers&& take_trailers() noexcept { return std::move(trailers_); }
  /// Who answers; empty before there is a connection. Any thread.
  Peer peer() const;
  /// The same object, for its loop alone, which changes it.
  const Peer& peer_here() const noexcept { return peer_; }

 private:
  struct Waiting {
    Step* step = nullptr;
    Waiter* waiter = nullptr;

    /// Nobody has told the waiter yet.
    bool done() const noexcept { return waiter != nullptr && step == nullptr; }
  };
  enum class Pulled : std::uint8_t { message, end, nothing };
  // A silent server.
  class Watch final : public rpc::StallWatch {
   public:
    Watch(Call& call, io::TimerQueue& timers, rpc::StallLimits limits) : StallWatch(timers, limits), call_(call) {}

   private:
    void on_stall(const std::string& what) override { call_.on_stall(what); }
    Call& call_;
  };

  // A request that a server has certainly not processed is sent again, at most this often.
  static constexpr int max_attempts = 4;
  // And only as long as what was sent of it is not longer.
  static constexpr std::size_t max_kept = 64 * 1024;

  static std::size_t index(Side side) noexcept { return static_cast<std::size_t>(side); }

  // LinkWaiter
  void on_link(http::ClientLink& link, HttpVersion version, bool fresh) override;
  void on_no_link(const Error& error) override;
  // http::Exchange::Observer
  void on_inbound() override;
  void on_outbound() override;
  // io::Timer: the deadline
  void on_timer() override;
  void on_stall(const std::string& what);

  void make_protocol();
  void begin();
  void start_transport();
  void acquire_if_ready();
  // Whether an interceptor was woken that waited for the end.
  bool tell_interceptors();
  Result<std::string> outgoing(std::string payload) const;
  void accept(Step& step);
  void put(protocol::ClientOutput out);
  Result<void> send_message(std::string payload);
  bool poll(Step& step);
  bool poll_outcome(Step& step);
  bool poll_headers();
  // To interceptors; whether there are still any.
  bool show_headers();
  Pulled pull(google::protobuf::MessageLite* message, std::string* bytes);
  // Finishes the steps that are done. The call may be gone afterwards.
  void progress();
  void progress_later();
  bool may_retry(const http::Reset& reset) const noexcept;
  void retry();
  // An error of this side. Interceptors hear of it first.
  void fail(Error error);
  // The same, but nothing is waited for.
  void fail_now(Error error);
  void fail_by_deadline();
  void end(std::optional<Error> error);
  void stop_timer();
  void release();

  const std::shared_ptr<ChannelCore> core_;
  const MethodSpec& method_;
  protocol::ClientSettings settings_;
  const codec::MessageCodec& codec_;
  Headers request_headers_;
  Deadline deadline_;
  rpc::StallLimits stall_limits_;
  std::stop_token stop_token_;
  // What the server is told: the time left when the call began, whatever the connection took to make. This side's own
  // deadline ends the call in any case.
  std::optional<std::chrono::nanoseconds> timeout_;
  std::unique_ptr<protocol::ClientCall> protocol_;
  // Of every protocol_ of this call; encode() may run beside the loop.
  std::size_t message_prefix_ = 0;
  bool stable_encoding_ = false;

  // Where it lives: chosen by its first step, read by whoever ends it.
  mutable std::mutex mutex_;
  io::Loop* loop_ = nullptr;
  std::shared_ptr<LoopHandle> loop_handle_;
  Peer peer_;

  io::TimerQueue* timers_ = nullptr;
  std::optional<Watch> watch_;
  // The loop drops it when its channel or the loop itself ends; a call may be destroyed later.
  std::weak_ptr<LinkPool> pool_;
  std::unique_ptr<http::ClientExchange> exchange_;
  // Messages behind the protocol's prefix, as long as they may have to be sent again.
  std::vector<std::string> kept_;
  std::size_t kept_bytes_ = 0;
  std::array<Waiting, 2> waiting_;
  int attempts_ = 0;
  // While interceptors run; owned by its coroutine.
  Interception* interception_ = nullptr;
  // What they kept this object with, from their end to that of the turn in which they ended.
  std::shared_ptr<Call> kept_self_;
  bool begun_ = false;
  bool transport_begun_ = false;
  bool transport_over_ = false;
  bool running_ = false;    // a step is being taken: its caller looks for what is done
  bool queued_ = false;     // for a connection
  bool replayable_ = true;  // kept_ is complete
  bool closed_ = false;     // no more messages
  bool fresh_link_ = false;
  bool head_taken_ = false;
  bool headers_shown_ = false;  // to interceptors, who may have changed them
  bool over_ = false;

  std::string answer_;
  std::optional<Error> error_;
  Headers headers_;
  Headers trailers_;
};

}  // namespace connectrpc::client
