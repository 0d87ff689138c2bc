// The steps of calls as users take them.
#include "client/call_handle.h"

#include <google/protobuf/message_lite.h>

#include <stdexcept>
#include <string>
#include <utility>

#include "client/waits.h"
#include "connectrpc/call.h"
#include "connectrpc/detail/client_call.h"
#include "connectrpc/detail/error_access.h"
#include "rpc/busy.h"

namespace connectrpc {

using rpc::Busy;

namespace {

// Whether the call's metadata may be asked for again.
enum class Metadata : bool { moved, copied };

void take_outcome(client::Call& call, const client::Step& step, Metadata metadata,
                  google::protobuf::MessageLite& message, Headers& headers, Headers& trailers, Peer& peer) {
  if (metadata == Metadata::copied) {
    headers = call.headers();
    trailers = call.trailers();
  } else {
    headers = call.take_headers();
    trailers = call.take_trailers();
  }
  peer = call.peer();
  std::optional<Error> failed = call.error();
  if (!failed) {
    if (Result<void> decoded = call.decode(step.bytes, message); !decoded) {
      failed = std::move(decoded).error();
      detail::ErrorAccess::set_response(*failed, std::move(headers), std::move(trailers));
    }
  }
  if (failed) throw *std::move(failed);
}

// Whether a step that was taken before has come to the end already.
bool known_end(const client::CallHandle& handle) {
  if (handle.failed) throw *handle.failed;
  return handle.ended;
}

bool take_received(client::CallHandle& handle, const client::Step& step, google::protobuf::MessageLite& message) {
  if (step.good) {
    if (step.decoded) return true;
    Result<void> decoded = handle.call->decode(step.bytes, message);
    if (decoded) return true;
    handle.ended = true;
    handle.failed = std::move(decoded).error();
    client::Call::abandon(handle.call);
  } else {
    handle.ended = true;
    handle.failed = handle.call->error();
  }
  return !known_end(handle);
}

Headers take_headers(client::CallHandle& handle, client::Step& step) {
  if (!step.good) throw *handle.call->error();
  return std::move(step.headers);
}

void check_opened(const client::CallHandle& handle, const client::Step& step) {
  if (!step.good && handle.call->error()) throw *handle.call->error();
}

bool take_sent(const client::Step& step) {
  if (step.fault) throw *step.fault;
  return step.good;
}

client::Step send_step(client::CallHandle& handle, const google::protobuf::MessageLite& message) {
  if (handle.closed) throw std::logic_error("send() after close_send()");
  client::Step step(client::Step::Kind::send);
  Result<std::string> encoded = handle.call->encode(message);
  if (encoded) {
    step.payload = *std::move(encoded);
  } else {
    step.fault = std::move(encoded).error();
  }
  return step;
}

client::Step close_step() {
  client::Step step(client::Step::Kind::send);
  step.close = true;
  return step;
}

Task<bool> send_encoded(detail::CallHandlePtr handle, client::Step step) {
  const Busy busy(handle->sending, "send() or close_send()");
  co_await client::await_step(handle->call, client::Side::writing, step);
  co_return take_sent(step);
}

Task<> open_call(detail::CallHandlePtr handle) {
  client::Step step(client::Step::Kind::open);
  co_await client::await_step(handle->call, client::Side::writing, step);
  check_opened(*handle, step);
}

Task<Headers> await_headers(detail::CallHandlePtr handle) {
  const Busy busy(handle->reading, "receive() or headers()");
  client::Step step(client::Step::Kind::headers);
  co_await client::await_step(handle->call, client::Side::reading, step);
  co_return take_headers(*handle, step);
}

void block(const client::CallHandle& handle, client::Side side, client::Step& step) {
  client::block_on_step(handle.call, handle.channel->core()->blocking_loop(), side, step);
}

}  // namespace

namespace detail {

PreparedUnary::PreparedUnary(const ChannelPtr& channel, const MethodSpec& method,
                             const google::protobuf::MessageLite& request, const CallOptions& options)
    : channel_(channel), call_(std::make_shared<client::Call>(channel->core(), method, options)) {
  call_->set_request(request);
}

PreparedUnary::PreparedUnary(PreparedUnary&&) noexcept = default;
PreparedUnary::~PreparedUnary() = default;

Task<> PreparedUnary::run(google::protobuf::MessageLite& message, Headers& headers, Headers& trailers, Peer& peer) {
  client::Step step(client::Step::Kind::outcome);
  co_await client::await_step(call_, client::Side::reading, step);
  take_outcome(*call_, step, Metadata::moved, message, headers, trailers, peer);
}

void PreparedUnary::run_sync(google::protobuf::MessageLite& message, Headers& headers, Headers& trailers, Peer& peer) {
  client::Step step(client::Step::Kind::outcome);
  client::block_on_step(call_, channel_->core()->blocking_loop(), client::Side::reading, step);
  take_outcome(*call_, step, Metadata::moved, message, headers, trailers, peer);
}

CallHandlePtr make_call(const ChannelPtr& channel, const MethodSpec& method, const CallOptions& options,
                        const google::protobuf::MessageLite* request) {
  auto call = std::make_shared<client::Call>(channel->core(), method, options);
  if (request != nullptr) call->set_request(*request);
  return std::make_shared<client::CallHandle>(channel, std::move(call));
}

// ---- Coroutines

Task<bool> send(CallHandlePtr call, const google::protobuf::MessageLite& message) {
  client::Step step = send_step(*call, message);
  return send_encoded(std::move(call), std::move(step));
}

Task<> close_send(CallHandlePtr call) {
  if (call->closed) co_return;
  const Busy busy(call->sending, "send() or close_send()");
  call->closed = true;
  client::Step step = close_step();
  co_await client::await_step(call->call, client::Side::writing, step);
}

Task<bool> receive(CallHandlePtr call, google::protobuf::MessageLite& message) {
  if (known_end(*call)) co_return false;
  const Busy busy(call->reading, "receive() or headers()");
  client::Step step(client::Step::Kind::receive);
  step.message = &message;
  co_await client::await_step(call->call, client::Side::reading, step);
  co_return take_received(*call, step, message);
}

Task<> finish(CallHandlePtr call, google::protobuf::MessageLite& message, Headers& headers, Headers& trailers,
              Peer& peer) {
  if (call->ended) throw std::logic_error("finish() was called before");
  co_await close_send(call);
  const Busy busy(call->reading, "finish() or headers()");
  client::Step step(client::Step::Kind::outcome);
  co_await client::await_step(call->call, client::Side::reading, step);
  call->ended = true;
  take_outcome(*call->call, step, Metadata::copied, message, headers, trailers, peer);
}

Task<> AwaitedCall::open() { return open_call(handle_); }
Task<Headers> AwaitedCall::headers() { return await_headers(handle_); }

// ---- Threads

bool send_sync(const CallHandlePtr& call, const google::protobuf::MessageLite& message) {
  client::Step step = send_step(*call, message);
  const Busy busy(call->sending, "send() or close_send()");
  block(*call, client::Side::writing, step);
  return take_sent(step);
}

void close_send_sync(const CallHandlePtr& call) {
  if (call->closed) return;
  const Busy busy(call->sending, "send() or close_send()");
  call->closed = true;
  client::Step step = close_step();
  block(*call, client::Side::writing, step);
}

bool receive_sync(const CallHandlePtr& call, google::protobuf::MessageLite& message) {
  if (known_end(*call)) return false;
  const Busy busy(call->reading, "receive() or headers()");
  client::Step step(client::Step::Kind::receive);
  block(*call, client::Side::reading, step);
  return take_received(*call, step, message);
}

void finish_sync(const CallHandlePtr& call, google::protobuf::MessageLite& message, Headers& headers, Headers& trailers,
                 Peer& peer) {
  if (call->ended) throw std::logic_error("finish() was called before");
  close_send_sync(call);
  const Busy busy(call->reading, "finish() or headers()");
  client::Step step(client::Step::Kind::outcome);
  block(*call, client::Side::reading, step);
  call->ended = true;
  take_outcome(*call->call, step, Metadata::copied, message, headers, trailers, peer);
}

void BlockingCall::open() {
  client::Step step(client::Step::Kind::open);
  block(*handle_, client::Side::writing, step);
  check_opened(*handle_, step);
}

Headers BlockingCall::headers() {
  const Busy busy(handle_->reading, "receive() or headers()");
  client::Step step(client::Step::Kind::headers);
  block(*handle_, client::Side::reading, step);
  return take_headers(*handle_, step);
}

// ---- Both

CallBase& CallBase::operator=(CallBase&& other) noexcept {
  if (handle_ && this != &other) cancel();
  handle_ = std::move(other.handle_);
  return *this;
}

CallBase::~CallBase() {
  if (handle_ && !handle_->ended) cancel();
}

const Headers& CallBase::trailers() const& {
  if (!handle_->ended) throw std::logic_error("trailers() before the end of the call: receive() has not come to it");
  return handle_->call->trailers();
}

Peer CallBase::peer() const { return handle_->call->peer(); }
void CallBase::cancel() { client::Call::abandon(handle_->call); }

}  // namespace detail

Call Channel::open(const MethodSpec& method, const CallOptions& options) {
  return Call(detail::make_call(shared_from_this(), method, options, nullptr));
}
CallSync Channel::open_sync(const MethodSpec& method, const CallOptions& options) {
  return CallSync(detail::make_call(shared_from_this(), method, options, nullptr));
}

}  // namespace connectrpc
