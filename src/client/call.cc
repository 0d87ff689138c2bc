// One call of a client, driven by callbacks of the loop it runs on.
#include "client/call.h"

#include <google/protobuf/message_lite.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <stdexcept>
#include <utility>

#include "client/interception.h"
#include "connectrpc/detail/error_access.h"
#include "connectrpc/detail/headers_access.h"

namespace connectrpc::client {

namespace {

Headers request_headers(const Headers& defaults, const Headers& own) {
  Headers headers = defaults;
  if (defaults.empty()) {
    headers = own;
  } else {
    detail::HeadersAccess::append_all(headers, own);
  }
  if (detail::HeadersAccess::all_checked(headers)) return headers;
  // Pairs that were received elsewhere and put here by assignment.
  for (const auto& [name, value] : headers) {
    if (const std::string_view fault = detail::pair_fault(name, value); !fault.empty()) {
      throw std::invalid_argument("header \"" + std::string(name) + "\": " + std::string(fault));
    }
  }
  return headers;
}

Deadline deadline_of(const ChannelOptions& channel, const CallOptions& options) {
  if (options.timeout()) return min(options.deadline(), Deadline::after(*options.timeout()));
  if (!options.deadline() && channel.timeout.count() != 0) return Deadline::after(channel.timeout);
  return options.deadline();
}

}  // namespace

Call::Call(std::shared_ptr<ChannelCore> core, const MethodSpec& method, const CallOptions& options)
    : core_(std::move(core)),
      method_(method),
      settings_(core_->settings()),
      codec_(codec::message_codec(core_->options().codec)),
      request_headers_(request_headers(core_->options().headers, options.headers())),
      deadline_(deadline_of(core_->options(), options)),
      stall_limits_{options.message_timeout().value_or(core_->options().message_timeout),
                    options.idle_timeout().value_or(core_->options().call_idle_timeout)},
      stop_token_(options.stop_token()) {
  if (options.gets()) {
    if (*options.gets() && method_.idempotency != Idempotency::no_side_effects) {
      throw std::logic_error("CallOptions::use_get: " + std::string(method_.full_name()) +
                             " is not declared free of side effects (idempotency_level = NO_SIDE_EFFECTS)");
    }
    settings_.use_get = *options.gets();
  }
  if (options.receive_limit()) settings_.receive_limit = *options.receive_limit();
  if (options.send_limit()) settings_.send_limit = *options.send_limit();
  if (const auto& name = options.compression()) {
    settings_.request_compression = find_compression(*settings_.compressions, *name, "CallOptions::compression");
  }
  make_protocol();
  message_prefix_ = protocol_->message_prefix();
  stable_encoding_ = protocol_->stable_encoding();
}

Call::~Call() {
  if (interception_ != nullptr) std::exchange(interception_, nullptr)->forget_call();
  release();
}

void Call::make_protocol() {
  protocol_ = protocol::make_client_call(core_->options().protocol, core_->options().codec, method_, settings_);
}

Result<std::string> Call::encode(const google::protobuf::MessageLite& message) const {
  std::string payload(message_prefix_, '\0');
  Result<void> encoded = encode_behind(message, payload);
  if (!encoded) return std::move(encoded).error();
  return payload;
}

Result<void> Call::encode_behind(const google::protobuf::MessageLite& message, std::string& into) const {
  return codec_.encode(message, into, stable_encoding_);
}

Result<void> Call::decode(std::string_view bytes, google::protobuf::MessageLite& message) const {
  Result<void> decoded = codec_.decode(bytes, message);
  if (decoded) return decoded;
  return Error(Code::internal, "the server's answer: " + decoded.error().message());
}

void Call::set_request(const google::protobuf::MessageLite& message) {
  Result<std::string> encoded = encode(message);
  if (encoded) {
    kept_.push_back(*std::move(encoded));
  } else {
    error_ = std::move(encoded).error();
  }
  closed_ = true;
}

io::Loop& Call::bind(io::Loop& here) {
  const std::lock_guard lock(mutex_);
  if (loop_ == nullptr) {
    loop_ = core_->fixed_loop() != nullptr ? core_->fixed_loop() : &here;
    loop_handle_ = ChannelPools::of(*loop_).handle();
  }
  return *loop_;
}

void Call::abandon(const std::shared_ptr<Call>& call) {
  std::shared_ptr<LoopHandle> loop;
  {
    const std::lock_guard lock(call->mutex_);
    loop = call->loop_handle_;
  }
  if (!loop || loop->is_here()) return call->give_up();
  loop->post([call] { call->give_up(); });
}

Peer Call::peer() const {
  const std::lock_guard lock(mutex_);
  return peer_;
}

// ---- Steps

bool Call::run(Side side, Step& step, Waiter& waiter) {
  const bool was_over = over_;
  running_ = true;
  begin();
  accept(step);
  bool done = poll(step);
  if (tell_interceptors()) done = done || poll(step);
  running_ = false;
  // Whoever takes a step keeps the call, too.
  kept_self_.reset();
  if (!done) waiting_[index(side)] = {&step, &waiter};
  if (watch_ && side == Side::reading && !over_) done ? watch_->end_wait() : watch_->begin_wait();
  if (over_ && !was_over) progress_later();
  return done;
}

void Call::give_up() {
  if (over_) return;
  begun_ = true;
  fail_now(Error(Code::canceled, "the call was canceled by its caller"));
  progress_later();
}

void Call::begin() {
  if (begun_) return;
  begun_ = true;
  if (error_) return end(std::move(error_));
  if (deadline_) {
    if (deadline_.expired()) return fail_by_deadline();
    timers_ = &ChannelPools::of(*loop_).timers();
    timers_->schedule(*this, deadline_.time());
  }
  if (core_->options().interceptors.empty()) return start_transport();
  auto interception = std::make_unique<Interception>(*this);
  interception_ = interception.get();
  Interception::start(std::move(interception), rpc::WorkerPool::of(*loop_));
}

void Call::begin_transport() {
  if (transport_over()) return;
  if (interception_ != nullptr && interception_->changes_outgoing()) {
    for (std::string& payload : kept_) {
      Result<std::string> changed = outgoing(std::move(payload));
      if (!changed) return fail(std::move(changed).error());
      payload = *std::move(changed);
    }
  }
  start_transport();
}

void Call::start_transport() {
  transport_begun_ = true;
  if (deadline_) timeout_ = std::max<std::chrono::nanoseconds>(deadline_.remaining(), std::chrono::nanoseconds(1));
  if (stall_limits_.any()) watch_.emplace(*this, ChannelPools::of(*loop_).timers(), stall_limits_);
  acquire_if_ready();
}

Result<std::string> Call::outgoing(std::string payload) const {
  if (interception_ == nullptr || !interception_->changes_outgoing()) return payload;
  try {
    return interception_->outgoing(std::move(payload));
  } catch (const Error& error) {
    return error;
  }
}

bool Call::tell_interceptors() {
  if (!transport_over() || interception_ == nullptr || !interception_->waits_for_end()) return false;
  interception_->on_over();
  return true;
}

void Call::acquire_if_ready() {
  // The head of a unary request may depend on its message.
  if (!transport_begun_ || transport_over() || queued_ || exchange_ ||
      (method_.stream_type == StreamType::unary && !closed_))
    return;
  queued_ = true;
  const std::shared_ptr<LinkPool>& pool =
      ChannelPools::of(*loop_).pool(*core_, core_->version_for(method_.stream_type));
  pool_ = pool;
  pool->acquire(*this);
}

void Call::accept(Step& step) {
  if (step.kind != Step::Kind::send || transport_over()) return;
  if (!step.fault && step.payload) {
    if (Result<void> sent = send_message(*std::move(step.payload)); !sent) step.fault = std::move(sent).error();
  }
  if (step.fault) return fail(*step.fault);
  if (!step.close || closed_ || transport_over()) return;
  closed_ = true;
  if (exchange_) {
    protocol::ClientOutput out;
    protocol_->close_send(out);
    put(std::move(out));
  } else {
    acquire_if_ready();
  }
}

Result<void> Call::send_message(std::string payload) {
  if (transport_begun_) {
    Result<std::string> changed = outgoing(std::move(payload));
    if (!changed) return std::move(changed).error();
    payload = *std::move(changed);
  }
  if (!exchange_) {
    kept_bytes_ += payload.size();
    kept_.push_back(std::move(payload));
    return {};
  }
  if (replayable_) {
    if (exchange_->head_received() || kept_bytes_ + payload.size() > max_kept) {
      replayable_ = false;
      kept_ = {};
    } else {
      kept_bytes_ += payload.size();
      kept_.push_back(payload);
    }
  }
  protocol::ClientOutput out;
  Result<void> sent = protocol_->send_message(std::move(payload), out);
  if (sent) put(std::move(out));
  return sent;
}

bool Call::poll(Step& step) {
  switch (step.kind) {
    case Step::Kind::open:
      step.good = exchange_ != nullptr || (method_.stream_type == StreamType::unary && !over_);
      return over_ || step.good;
    case Step::Kind::headers:
      // Interceptors have them while the end is on its way through.
      if (!over_ && (transport_over_ || !poll_headers())) return false;
      step.good = head_taken_;
      step.headers = over_ || headers_shown_ ? headers_ : protocol_->headers();
      return true;
    case Step::Kind::send:
      // What the peer still has to say is for the reading side.
      step.good = !transport_over() && !(exchange_ && (exchange_->inbound_ended() || exchange_->reset()));
      if (!step.good) return true;
      if (!exchange_) return method_.stream_type == StreamType::unary;
      return exchange_->unsent() <= core_->options().stream_high_water;
    case Step::Kind::receive: {
      const Pulled pulled = pull(step.message, &step.bytes);
      step.good = pulled == Pulled::message;
      step.decoded = step.message != nullptr;
      return pulled != Pulled::nothing;
    }
    case Step::Kind::outcome: return poll_outcome(step);
  }
  return true;
}

bool Call::poll_outcome(Step& step) {
  // The protocol sees to it that there is exactly one message, or an error.
  for (;;) {
    switch (over_ ? Pulled::end : pull(nullptr, &answer_)) {
      case Pulled::nothing: return false;
      case Pulled::message: break;
      case Pulled::end:
        step.good = !error_;
        if (step.good) step.bytes = std::move(answer_);
        return true;
    }
  }
}

bool Call::poll_headers() {
  if (head_taken_) return true;
  if (!exchange_) return false;
  if (!exchange_->head_received()) {
    if (exchange_->reset()) fail(protocol_->reset_error(*exchange_->reset()));
    return over_;
  }
  // Without body and end it looks at the head alone.
  protocol::ClientArrived arrived;
  arrived.head = &exchange_->response();
  protocol::ClientInput input = protocol_->receive(arrived);
  head_taken_ = true;
  if (input.kind == protocol::ClientInput::Kind::end) {
    end(std::move(input.error));
    return over_;
  }
  return show_headers();
}

bool Call::show_headers() {
  if (interception_ == nullptr || !interception_->changes_headers()) return true;
  headers_ = protocol_->headers();
  headers_shown_ = true;
  try {
    interception_->incoming(headers_);
  } catch (const Error& error) {
    fail(error);
    return over_;
  }
  return true;
}

Call::Pulled Call::pull(google::protobuf::MessageLite* message, std::string* bytes) {
  for (;;) {
    if (over_) return Pulled::end;
    if (!exchange_) return Pulled::nothing;
    // Interceptors see the headers before the messages.
    if (interception_ != nullptr && interception_->changes_headers() && !head_taken_ && exchange_->head_received() &&
        !poll_headers()) {
      continue;
    }
    protocol::ClientArrived arrived;
    const bool head = exchange_->head_received();
    if (head) arrived.head = &exchange_->response();
    arrived.body = exchange_->body();
    arrived.ended = exchange_->inbound_ended();
    arrived.trailers = &exchange_->trailers();
    arrived.announced = exchange_->announced_length();
    protocol::ClientInput input;
    if (head) {
      head_taken_ = true;
      input = protocol_->receive(arrived);
    }
    switch (input.kind) {
      case protocol::ClientInput::Kind::need_more:
        if (input.consumed != 0) {
          exchange_->consume(input.consumed);
          if (!exchange_->body().empty()) break;
        }
        exchange_->expect(input.wanted);
        if (const auto& reset = exchange_->reset(); reset && !arrived.ended) {
          // A server that keeps the deadline may reset the stream just as our own timer is due.
          if (deadline_.expired()) {
            fail_by_deadline();
          } else {
            fail(protocol_->reset_error(*reset));
          }
          break;
        }
        return Pulled::nothing;
      case protocol::ClientInput::Kind::message: {
        Result<void> decoded;
        std::string_view payload = input.payload;
        std::string changed;
        if (interception_ != nullptr && interception_->changes_incoming()) {
          try {
            payload = changed = interception_->incoming(payload);
          } catch (const Error& error) {
            decoded = error;
          }
        }
        if (!decoded) {
          // The call fails with it.
        } else if (message != nullptr) {
          decoded = decode(payload, *message);
        } else {
          bytes->assign(payload);
        }
        exchange_->consume(input.consumed);
        if (decoded) return Pulled::message;
        fail(std::move(decoded).error());
        break;
      }
      case protocol::ClientInput::Kind::end:
        end(std::move(input.error));
        // Most return at once: then the call is over.
        tell_interceptors();
        break;
    }
  }
}

void Call::progress() {
  if (running_) return;
  const auto poll_both = [this] {
    // Reading first: it may find the end, which is what the writing side waits for.
    for (const Side side : {Side::reading, Side::writing}) {
      Waiting& waiting = waiting_[index(side)];
      if (waiting.step == nullptr || !poll(*waiting.step)) continue;
      waiting.step = nullptr;
      if (watch_ && side == Side::reading) watch_->end_wait();
    }
  };
  running_ = true;
  poll_both();
  if (tell_interceptors()) poll_both();
  running_ = false;
  // Of interceptors that have ended meanwhile.
  std::shared_ptr<Call> kept = std::move(kept_self_);
  Waiting& reading = waiting_[index(Side::reading)];
  Waiting& writing = waiting_[index(Side::writing)];
  if (reading.done() && writing.done()) {
    if (!kept) kept = shared_from_this();
    std::exchange(reading, {}).waiter->on_done();
    // Unless it was withdrawn by whom was told before it.
    if (writing.done()) std::exchange(writing, {}).waiter->on_done();
  } else if (reading.done()) {
    std::exchange(reading, {}).waiter->on_done();
  } else if (writing.done()) {
    std::exchange(writing, {}).waiter->on_done();
  }
}

void Call::progress_later() {
  if (waiting_[0].step == nullptr && waiting_[1].step == nullptr) return;
  boost::asio::post(*loop_, [self = shared_from_this()] { self->progress(); });
}

// ---- The connection

void Call::on_link(http::ClientLink& link, HttpVersion version, bool fresh) {
  queued_ = false;
  fresh_link_ = fresh;
  ++attempts_;
  protocol::ClientTarget target;
  target.scheme = core_->url().scheme();
  target.authority = core_->url().authority;
  target.prefix = core_->url().prefix;
  target.version = version;
  protocol::ClientOutput out;
  protocol_->open(target, interception_ != nullptr ? interception_->request_headers() : request_headers_, timeout_,
                  out);
  for (const std::string& payload : kept_) {
    if (Result<void> sent = protocol_->send_message(payload, out); !sent) {
      fail(std::move(sent).error());
      return progress();
    }
  }
  if (closed_) protocol_->close_send(out);
  exchange_ = link.start(*std::move(out.head), out.end && out.body.empty());
  {
    const std::lock_guard lock(mutex_);
    peer_ = exchange_->peer();
  }
  if (interception_ != nullptr) interception_->on_link(version);
  exchange_->observe(this);
  out.end = out.end && !out.body.empty();
  put(std::move(out));
  progress();
}

void Call::put(protocol::ClientOutput out) {
  if (!out.body.empty()) exchange_->send_body(std::move(out.body));
  if (out.end) exchange_->finish();
}

void Call::on_no_link(const Error& error) {
  queued_ = false;
  fail(error);
  progress();
}

void Call::on_timer() {
  fail_by_deadline();
  progress();
}

void Call::on_stall(const std::string& what) {
  fail_now(Error(Code::deadline_exceeded, "the server has sent " + what));
  progress();
}

void Call::fail_by_deadline() { fail_now(Error(Code::deadline_exceeded, "the deadline of the call has passed")); }

bool Call::may_retry(const http::Reset& reset) const noexcept {
  if (attempts_ >= max_attempts || exchange_->head_received() || !replayable_) return false;
  if (reset.reason == http::ResetReason::refused) return true;
  // A connection that was kept alive may be closed by the server just as it is used again. Whether the request was
  // processed is not known, so only what may be repeated is.
  return reset.reason == http::ResetReason::connection_lost && !fresh_link_ &&
         method_.idempotency != Idempotency::unknown;
}

void Call::retry() {
  exchange_.reset();
  make_protocol();
  if (const auto pool = pool_.lock()) pool->released();
  acquire_if_ready();
}

void Call::on_inbound() {
  if (watch_) watch_->progress();
  const auto& reset = exchange_->reset();
  if (reset && !exchange_->inbound_ended() && may_retry(*reset)) return retry();
  progress();
}

void Call::on_outbound() {
  if (watch_) watch_->progress();
  progress();
}

// ---- The end

void Call::fail(Error error) {
  if (transport_over()) return;
  detail::ErrorAccess::set_response(error, protocol_->headers(), protocol_->trailers());
  end(std::move(error));
}

void Call::fail_now(Error error) {
  if (over_) return;
  if (transport_over_) {
    error_ = std::move(error);
  } else {
    fail(std::move(error));
  }
  if (over_) return;
  over_ = true;
  stop_timer();
  // In a later turn: whoever gives a call up does not expect coroutines to run.
  boost::asio::post(*loop_, [self = shared_from_this()] {
    if (self->interception_ != nullptr && !self->tell_interceptors()) self->interception_->cancel();
  });
}

void Call::end(std::optional<Error> error) {
  if (transport_over()) return;
  // Interceptors may have changed those that they were shown; an answer of trailers alone turns out to have none.
  if (!headers_shown_ || protocol_->headers().empty()) headers_ = protocol_->take_headers();
  trailers_ = protocol_->take_trailers();
  error_ = std::move(error);
  (interception_ != nullptr ? transport_over_ : over_) = true;
  release();
}

void Call::drop_interception(const Interception& gone) {
  if (interception_ != &gone) return;
  interception_ = nullptr;
  over_ = over_ || transport_over_;
}

void Call::conclude(std::shared_ptr<Call>&& self, std::optional<Error>&& error, Headers&& headers, Headers&& trailers,
                    std::string* answer) {
  interception_ = nullptr;
  // Whoever is taking a step goes on with this object.
  std::shared_ptr<Call> kept;
  if (self) (running_ ? kept_self_ : kept) = std::move(self);
  if (over_) return;
  transport_over_ ? stop_timer() : release();
  over_ = true;
  head_taken_ = true;
  headers_ = std::move(headers);
  trailers_ = std::move(trailers);
  if (!error && error_ && answer == nullptr && method_.stream_type != StreamType::server &&
      method_.stream_type != StreamType::bidi) {
    error.emplace(Code::internal, "an interceptor took the error of the call and gave no answer in its place");
  }
  error_ = std::move(error);
  if (error_ && error_->headers().empty() && error_->trailers().empty()) {
    detail::ErrorAccess::set_response(*error_, headers_, trailers_);
  }
  if (answer != nullptr) answer_ = std::move(*answer);
  progress();
}

void Call::stop_timer() {
  if (scheduled()) timers_->cancel(*this);
}

void Call::release() {
  // The deadline also ends interceptors that go on when the transport has ended.
  if (interception_ == nullptr) stop_timer();
  if (watch_) watch_->stop();
  const std::shared_ptr<LinkPool> pool = std::exchange(pool_, {}).lock();
  if (pool) pool->forget(*this);
  if (!exchange_) return;
  exchange_.reset();
  if (pool) pool->released();
}

}  // namespace connectrpc::client
