// One unary call of a client, driven by callbacks of the loop it runs on.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>

#include "client/channel_core.h"
#include "client/link_pool.h"
#include "codec/message_codec.h"
#include "connectrpc/call_options.h"
#include "connectrpc/deadline.h"
#include "connectrpc/error.h"
#include "connectrpc/method.h"
#include "connectrpc/peer.h"
#include "http/exchange.h"
#include "io/timer_queue.h"
#include "protocol/client_call.h"

namespace connectrpc::client {

class UnaryCall final : private http::Exchange::Observer, private io::Timer, private LinkWaiter {
 public:
  /// Hears of the end, once, as the last thing that the call does.
  class Owner {
   public:
    virtual void on_done() = 0;

   protected:
    ~Owner() = default;
  };

  /// Encodes the request. What fails in that is kept and comes out when the call is run; misuse throws.
  UnaryCall(std::shared_ptr<ChannelCore> core, const MethodSpec& method, const google::protobuf::MessageLite& request,
            const CallOptions& options);
  ~UnaryCall();

  const MethodSpec& method() const noexcept { return method_; }

  /// Runs on `pools`' loop. `owner` hears of the end, maybe before this returns.
  void start(ChannelPools& pools, Owner& owner);
  /// Gives up; the owner hears nothing any more. On the call's loop.
  void cancel();

  // After the end.
  const std::optional<Error>& error() const noexcept { return error_; }
  Headers take_headers() { return std::move(headers_); }
  Headers take_trailers() { return std::move(trailers_); }
  const Peer& peer() const noexcept { return peer_; }
  /// Decodes the answer; Code::internal if it cannot be.
  Result<void> decode(google::protobuf::MessageLite& message) const;

 private:
  // A request that a server has certainly not processed is sent again, at most this often.
  static constexpr int max_attempts = 4;

  // LinkWaiter
  void on_link(http::ClientLink& link, HttpVersion version, bool fresh) override;
  void on_no_link(const Error& error) override;
  // http::Exchange::Observer
  void on_inbound() override;
  void on_outbound() override {}
  // io::Timer: the deadline
  void on_timer() override;

  void make_protocol();
  bool may_retry(const http::Reset& reset) const noexcept;
  void fail(Error error);
  void finish();

  const std::shared_ptr<ChannelCore> core_;
  const MethodSpec& method_;
  protocol::ClientSettings settings_;
  const codec::MessageCodec& codec_;
  Headers request_headers_;
  Deadline deadline_;
  // What the server is told: the time left when the call began, whatever the connection took to make. This side's own
  // deadline ends the call in any case.
  std::optional<std::chrono::nanoseconds> timeout_;
  // The request behind the protocol's prefix; kept, since it may have to be sent again.
  std::string request_;
  std::unique_ptr<protocol::ClientCall> protocol_;
  LinkPool* pool_ = nullptr;
  Owner* owner_ = nullptr;
  std::unique_ptr<http::ClientExchange> exchange_;
  int attempts_ = 0;
  bool fresh_link_ = false;

  std::optional<std::string> answer_;
  std::optional<Error> error_;
  Headers headers_;
  Headers trailers_;
  Peer peer_;
};

}  // namespace connectrpc::client
