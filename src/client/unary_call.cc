// One unary call of a client, driven by callbacks of the loop it runs on.
#include "client/unary_call.h"

#include <google/protobuf/message_lite.h>

#include <algorithm>
#include <stdexcept>
#include <utility>

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

UnaryCall::UnaryCall(std::shared_ptr<ChannelCore> core, const MethodSpec& method,
                     const google::protobuf::MessageLite& request, const CallOptions& options)
    : core_(std::move(core)),
      method_(method),
      settings_(core_->settings()),
      codec_(codec::message_codec(core_->options().codec)),
      request_headers_(request_headers(core_->options().headers, options.headers())),
      deadline_(deadline_of(core_->options(), options)) {
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
    settings_.request_compression =
        name->empty() || *name == "identity" ? nullptr : settings_.compressions->find(*name);
    if (settings_.request_compression == nullptr && !name->empty() && *name != "identity") {
      throw std::invalid_argument("CallOptions::compression: \"" + *name + "\" is not one of identity, " +
                                  settings_.compressions->names());
    }
  }
  make_protocol();
  request_.assign(protocol_->message_prefix(), '\0');
  Result<void> encoded = codec_.encode(request, request_, protocol_->stable_encoding());
  if (!encoded) error_ = std::move(encoded).error();
}

UnaryCall::~UnaryCall() { cancel(); }

void UnaryCall::make_protocol() {
  protocol_ = protocol::make_client_call(core_->options().protocol, core_->options().codec, method_, settings_);
}

void UnaryCall::start(ChannelPools& pools, Owner& owner) {
  owner_ = &owner;
  if (error_) return finish();
  if (deadline_) {
    if (deadline_.expired()) return on_timer();
    timeout_ = std::max<std::chrono::nanoseconds>(deadline_.remaining(), std::chrono::nanoseconds(1));
  }
  pool_ = &pools.pool(*core_, core_->version_for(method_.stream_type));
  if (deadline_) pool_->timers().schedule(*this, deadline_.time());
  pool_->acquire(*this);
}

void UnaryCall::cancel() {
  owner_ = nullptr;
  if (pool_ == nullptr) return;
  pool_->timers().cancel(*this);
  pool_->forget(*this);
  if (exchange_) {
    exchange_.reset();
    pool_->released();
  }
  pool_ = nullptr;
}

void UnaryCall::on_link(http::ClientLink& link, HttpVersion version, bool fresh) {
  fresh_link_ = fresh;
  ++attempts_;
  protocol::ClientTarget target;
  target.scheme = core_->url().scheme();
  target.authority = core_->url().authority;
  target.prefix = core_->url().prefix;
  target.version = version;
  protocol::ClientOutput out;
  protocol_->open(target, request_headers_, timeout_, out);
  if (Result<void> sent = protocol_->send_message(request_, out); !sent) {
    fail(std::move(sent).error());
    return;
  }
  protocol_->close_send(out);
  exchange_ = link.start(*std::move(out.head), out.body.empty());
  peer_ = exchange_->peer();
  exchange_->observe(this);
  if (!out.body.empty()) {
    exchange_->send_body(std::move(out.body));
    exchange_->finish();
  }
}

void UnaryCall::on_no_link(const Error& error) { fail(error); }

void UnaryCall::on_timer() { fail(Error(Code::deadline_exceeded, "the deadline of the call has passed")); }

bool UnaryCall::may_retry(const http::Reset& reset) const noexcept {
  if (attempts_ >= max_attempts || exchange_->head_received()) return false;
  if (reset.reason == http::ResetReason::refused) return true;
  // A connection that was kept alive may be closed by the server just as it is used again. Whether the request was
  // processed is not known, so only what may be repeated is.
  return reset.reason == http::ResetReason::connection_lost && !fresh_link_ &&
         method_.idempotency != Idempotency::unknown;
}

void UnaryCall::on_inbound() {
  for (;;) {
    protocol::ClientArrived arrived;
    if (exchange_->head_received()) arrived.head = &exchange_->response();
    arrived.body = exchange_->body();
    arrived.ended = exchange_->inbound_ended();
    arrived.trailers = &exchange_->trailers();
    arrived.announced = exchange_->announced_length();
    if (const auto& reset = exchange_->reset(); reset && !arrived.ended) {
      if (may_retry(*reset)) {
        exchange_.reset();
        make_protocol();
        pool_->released();
        pool_->acquire(*this);
        return;
      }
      // The server watches the same deadline and may be the first to act on it.
      if (reset->reason == http::ResetReason::canceled && deadline_.expired()) return on_timer();
      return fail(protocol_->reset_error(*reset));
    }
    if (arrived.head == nullptr) return;
    protocol::ClientInput input = protocol_->receive(arrived);
    switch (input.kind) {
      case protocol::ClientInput::Kind::need_more:
        exchange_->consume(input.consumed);
        if (input.consumed == 0 || exchange_->body().empty()) return;
        break;
      case protocol::ClientInput::Kind::message:
        if (answer_) {
          Error error(Code::unimplemented, "the server answered a unary call with more than one message");
          return fail(std::move(error));
        }
        answer_.emplace(input.payload);
        exchange_->consume(input.consumed);
        break;
      case protocol::ClientInput::Kind::end:
        if (input.error) return fail(*std::move(input.error));
        if (!answer_) return fail(Error(Code::unimplemented, "the server answered a unary call without a message"));
        return finish();
    }
  }
}

void UnaryCall::fail(Error error) {
  error_ = std::move(error);
  finish();
}

void UnaryCall::finish() {
  headers_ = protocol_->take_headers();
  trailers_ = protocol_->take_trailers();
  Owner* owner = owner_;
  cancel();
  if (owner != nullptr) owner->on_done();
}

Result<void> UnaryCall::decode(google::protobuf::MessageLite& message) const {
  Result<void> decoded = codec_.decode(*answer_, message);
  if (decoded) return decoded;
  return Error(Code::internal, "the server's answer: " + decoded.error().message());
}

}  // namespace connectrpc::client
