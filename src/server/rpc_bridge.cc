// An RPC whose request and response pass through middleware: an exchange that ends in them.
#include "server/rpc_bridge.h"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/this_coro.hpp>
#include <exception>
#include <optional>
#include <utility>
#include <variant>

#include "server/bell.h"
#include "server/http_run.h"
#include "server/message_access.h"

namespace connectrpc::server {

namespace asio = boost::asio;

namespace {

// What of the request is held beyond what its connection holds.
constexpr std::size_t inbound_room = 64 * 1024;

class BridgeExchange;

// Between a call's exchange and the two messages: two coroutines, one each way. Lives in the frame of serve_call. The
// call owns the exchange and may outlive the bridge, or die first: each tells the other.
class Bridge {
 public:
  Bridge(rpc::ServerEnvironment& environment, http::Request& request, http::Response& response)
      : environment_(environment),
        request_(request),
        response_(response),
        outbound_(environment.loop),
        inbound_(environment.loop) {}
  Bridge(const Bridge&) = delete;
  Bridge& operator=(const Bridge&) = delete;
  ~Bridge();

  std::unique_ptr<http::ServerExchange> make_exchange();

  // Carries the answer over until it is whole.
  Task<> carry_out();
  // Carries the request over in a coroutine of its own, until nobody wants more of it.
  void start_carrying_in();
  // Makes it end. To be awaited before the bridge and the request go, by a coroutine that is not told to throw when it
  // is cancelled.
  Task<> stop_carrying_in();
  // The call is wanted no more.
  void cancel_call();

 private:
  friend class BridgeExchange;
  Task<> carry_in();

  rpc::ServerEnvironment& environment_;
  http::Request& request_;
  http::Response& response_;
  // Null once the call has dropped it.
  BridgeExchange* exchange_ = nullptr;

  // What the call has said, as far as it was not carried over.
  std::optional<http::ResponseHead> head_;
  std::string body_;
  Headers trailers_;
  std::size_t in_flight_ = 0;
  bool finished_ = false;
  bool aborted_ = false;
  Bell outbound_;

  bool carrying_in_ = false;
  bool inbound_unwanted_ = false;
  asio::cancellation_signal stop_inbound_;
  Bell inbound_;
};

class BridgeExchange final : public http::ServerExchange {
 public:
  BridgeExchange(Bridge& bridge, const http::Request& request) : bridge_(&bridge) {
    request_ = MessageAccess::head(request);
    peer_ = request.peer();
    announced_length_ = request.content_length();
  }
  ~BridgeExchange() override {
    if (bridge_ == nullptr) return;
    bridge_->exchange_ = nullptr;
    bridge_->aborted_ = true;
    ring_both();
  }

  void send_head(http::ResponseHead head, bool ends) override {
    if (bridge_ == nullptr || head_sent_ || reset_) return;
    head_sent_ = true;
    bridge_->head_ = std::move(head);
    if (ends) finish();
    bridge_->outbound_.ring();
  }
  void send_body(std::string bytes) override {
    if (bridge_ == nullptr || outbound_ended_ || reset_) return;
    if (bridge_->body_.empty()) {
      bridge_->body_ = std::move(bytes);
    } else {
      bridge_->body_ += bytes;
    }
    bridge_->outbound_.ring();
  }
  void finish() override { finish(Headers()); }
  void finish(Headers trailers) override {
    if (bridge_ == nullptr || outbound_ended_ || reset_) return;
    outbound_ended_ = true;
    bridge_->trailers_ = std::move(trailers);
    bridge_->finished_ = true;
    bridge_->outbound_.ring();
  }
  void abort(http::ResetReason reason) override {
    if (finished()) return;
    reset_ = http::Reset{reason, "given up on this side"};
    if (bridge_ == nullptr) return;
    if (!outbound_ended_) bridge_->aborted_ = true;
    ring_both();
  }
  std::size_t unsent() const override { return bridge_ == nullptr ? 0 : bridge_->body_.size() + bridge_->in_flight_; }

  // What the bridge does. The call may drop the exchange in those that tell it.
  void unlink() { bridge_ = nullptr; }
  void take(std::string_view bytes) {
    inbound_.append(bytes);
    notify_inbound();
  }
  void take_end(const Headers& trailers) {
    trailers_ = trailers;
    inbound_ended_ = true;
    notify_inbound();
  }
  void take_reset() {
    if (reset_) return;
    reset_ = http::Reset{http::ResetReason::canceled, "the request is wanted no more"};
    notify_inbound();
  }
  void tell_outbound() { notify_outbound(); }
  bool wants_inbound() const { return !inbound_ended_ && !reset_; }
  bool has_room() const { return unread() < inbound_room; }

 protected:
  void on_consumed(std::size_t) override {
    if (bridge_ != nullptr) bridge_->inbound_.ring();
  }

 private:
  void ring_both() {
    bridge_->outbound_.ring();
    bridge_->inbound_.ring();
  }

  // Null once the answer was carried over.
  Bridge* bridge_;
};

Bridge::~Bridge() {
  if (exchange_ != nullptr) exchange_->unlink();
}

std::unique_ptr<http::ServerExchange> Bridge::make_exchange() {
  auto exchange = std::make_unique<BridgeExchange>(*this, request_);
  exchange_ = exchange.get();
  return exchange;
}

Task<> Bridge::carry_out() {
  for (bool head_waits = false;;) {
    if (head_) {
      const http::ResponseHead head = *std::exchange(head_, std::nullopt);
      MessageAccess::adopt(response_, head);
      head_waits = true;
    }
    if (!body_.empty()) {
      head_waits = false;
      std::string bytes = std::exchange(body_, std::string());
      in_flight_ = bytes.size();
      co_await response_.write(std::move(bytes));
      in_flight_ = 0;
      // As a connection's exchange would: the call waits only above this.
      if (exchange_ != nullptr && body_.size() <= environment_.high_water) exchange_->tell_outbound();
      continue;
    }
    if (finished_) {
      MessageAccess::set_trailers(response_, trailers_);
      MessageAccess::close_head(response_);
      MessageAccess::set_complete(response_);
      co_return;
    }
    if (aborted_) throw Error(Code::internal, "the call ended without an answer");
    if (std::exchange(head_waits, false)) {
      co_await response_.send_head();
      continue;
    }
    co_await outbound_.wait();
  }
}

Task<> Bridge::carry_in() {
  while (exchange_ != nullptr && exchange_->wants_inbound() && !inbound_unwanted_) {
    if (!exchange_->has_room()) {
      co_await inbound_.wait();
      continue;
    }
    const std::optional<std::string> piece = co_await request_.read();
    if (exchange_ == nullptr || !exchange_->wants_inbound()) co_return;
    if (piece) {
      exchange_->take(*piece);
    } else {
      exchange_->take_end(request_.trailers());
    }
  }
}

void Bridge::start_carrying_in() {
  if (exchange_ == nullptr || !exchange_->wants_inbound()) return;
  carrying_in_ = true;
  auto ended = [this](const std::exception_ptr& thrown) {
    carrying_in_ = false;
    if (thrown && !inbound_unwanted_) cancel_call();
    outbound_.ring();
  };
  asio::co_spawn(environment_.loop, carry_in(), asio::bind_cancellation_slot(stop_inbound_.slot(), std::move(ended)));
}

Task<> Bridge::stop_carrying_in() {
  inbound_unwanted_ = true;
  if (carrying_in_) stop_inbound_.emit(asio::cancellation_type::terminal);
  while (carrying_in_) co_await outbound_.wait();
}

void Bridge::cancel_call() {
  if (exchange_ != nullptr) exchange_->take_reset();
}

Task<> carry(const std::shared_ptr<rpc::ServerEnvironment>& environment, const rpc::Route& route,
             http::Request& request, http::Response& response) {
  Bridge bridge(*environment, request, response);
  std::unique_ptr<http::ServerExchange> exchange = bridge.make_exchange();
  auto accepted = protocol::accept(exchange->request(), *route.method, environment->settings_for(route.receive_limit));
  if (auto* refusal = std::get_if<protocol::ServerOutput>(&accepted)) {
    co_await put(*refusal, response);
    co_return;
  }
  rpc::ServerCall::start(environment, route, std::move(exchange),
                         std::move(std::get<std::unique_ptr<protocol::ServerCall>>(accepted)));
  bridge.start_carrying_in();
  std::exception_ptr thrown;
  try {
    co_await bridge.carry_out();
  } catch (...) {
    thrown = std::current_exception();
  }
  if (thrown) bridge.cancel_call();
  // Awaiting anything would throw, were this coroutine cancelled.
  const bool throws = co_await asio::this_coro::throw_if_cancelled();
  co_await asio::this_coro::throw_if_cancelled(false);
  co_await bridge.stop_carrying_in();
  co_await asio::this_coro::throw_if_cancelled(throws);
  if (thrown) std::rethrow_exception(thrown);
}

}  // namespace

Task<> serve_call(const std::shared_ptr<rpc::ServerEnvironment>& environment, const rpc::Route& route,
                  http::Request& request, http::Response& response) {
  return carry(environment, route, request, response);
}

}  // namespace connectrpc::server
