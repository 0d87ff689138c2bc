// How a call on the server runs, ends and is cancelled.
#include "rpc/server_call.h"

#include <google/protobuf/message_lite.h>

#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/system/system_error.hpp>
#include <new>
#include <utility>

#include "connectrpc/detail/context_access.h"
#include "connectrpc/detail/error_access.h"
#include "connectrpc/detail/headers_access.h"
#include "rpc/blocking_call.h"
#include "rpc/busy.h"
#include "rpc/thread_pool.h"

namespace connectrpc::rpc {

namespace asio = boost::asio;

void CallList::cancel_all(CancelReason reason) {
  for (ServerCall* call = first_; call != nullptr;) {
    ServerCall* next = call->next_;
    call->cancel(reason);
    call = next;
  }
}

void apply(protocol::ServerOutput output, http::ServerExchange& exchange) {
  if (output.head) {
    const bool ends = output.end && output.body.empty() && output.trailers.empty();
    exchange.send_head(std::move(*output.head), ends);
    if (ends) return;
  }
  if (!output.body.empty()) exchange.send_body(std::move(output.body));
  if (!output.end) return;
  if (output.trailers.empty()) {
    exchange.finish();
  } else {
    exchange.finish(std::move(output.trailers));
  }
}

void ServerCall::start(std::shared_ptr<ServerEnvironment> environment, const Route& route,
                       std::unique_ptr<http::ServerExchange> exchange, std::unique_ptr<protocol::ServerCall> protocol) {
  std::unique_ptr<ServerCall> call(
      new ServerCall(std::move(environment), route, std::move(exchange), std::move(protocol)));
  if (call->protocol_->fault()) {
    call->finish(&*call->protocol_->fault());
    return;
  }
  const Deadline deadline = call->context_.deadline();
  if (deadline) {
    if (deadline.expired()) {
      const Error error = call->cancellation_error(CancelReason::deadline);
      call->finish(&error);
      return;
    }
    call->environment_.timers.schedule(*call, deadline.time());
  }
  if (call->environment_.stall_limits.any()) {
    call->watch_.emplace(*call, call->environment_.timers, call->environment_.stall_limits);
  }
  call->exchange_->observe(call.get());
  io::Loop& loop = call->environment_.loop;
  WorkerPool::of(loop).start(std::move(call));
}

ServerCall::ServerCall(std::shared_ptr<ServerEnvironment> environment, const Route& route,
                       std::unique_ptr<http::ServerExchange> exchange, std::unique_ptr<protocol::ServerCall> protocol)
    : shared_environment_(std::move(environment)),
      environment_(*shared_environment_),
      route_(route),
      exchange_(std::move(exchange)),
      protocol_(std::move(protocol)),
      codec_(codec::message_codec(protocol_->codec())),
      context_(connectrpc::detail::ContextAccess::make(*this, facts())) {
  if (environment_.on_call_end) began_ = std::chrono::steady_clock::now();

  next_ = environment_.calls.first_;
  if (next_ != nullptr) next_->previous_ = this;
  environment_.calls.first_ = this;
  ++environment_.calls.size_;
}

connectrpc::detail::ContextFacts ServerCall::facts() const {
  const http::RequestHead& head = exchange_->request();
  connectrpc::detail::ContextFacts facts;
  facts.method = route_.method;
  facts.raw_request_headers = &head.headers;
  facts.peer = &exchange_->peer();
  facts.http_method = head.method;
  facts.authority = head.authority;
  facts.protocol = protocol_->protocol();
  facts.codec = protocol_->codec();
  facts.http_version = head.version;
  if (const auto timeout = environment_.deadlines.apply(protocol_->timeout()))
    facts.deadline = Deadline::after(*timeout);
  return facts;
}

ServerCall::~ServerCall() {
  if (previous_ != nullptr) {
    previous_->next_ = next_;
  } else {
    environment_.calls.first_ = next_;
  }
  if (next_ != nullptr) next_->previous_ = previous_;
  if (--environment_.calls.size_ == 0 && environment_.calls.on_empty_) environment_.calls.on_empty_();
}

Task<> ServerCall::run() {
  if (route_.interceptors == nullptr) return handle();
  return outermost_.emplace(*route_.interceptors, static_cast<connectrpc::detail::Intercepted&>(*this)).start();
}

void ServerCall::on_end(const std::exception_ptr& thrown) {
  std::optional<Error> failure;
  if (thrown) {
    failure = translate(thrown, outermost_ ? "an interceptor" : "the handler");
  } else if (const auto fault = outermost_ ? outermost_->fault() : nullptr) {
    failure = translate(fault, "an interceptor");
  }
  finish(failure ? &*failure : nullptr);
}

Task<> ServerCall::handle() {
  return route_.service != nullptr ? route_.service->call(*route_.method, *this) : call_blocking();
}

Task<> ServerCall::proceed() {
  connectrpc::detail::ContextAccess::fix_hooks(context_);
  std::exception_ptr thrown;
  try {
    co_await handle();
  } catch (...) {
    thrown = std::current_exception();
  }
  if (thrown) throw translate(std::move(thrown), "the handler");
}

void ServerCall::abandon() {
  inbound_.abandon();
  outbound_.abandon();
  thread_done_.abandon();
}

void ServerCall::on_inbound() {
  if (const auto& reset = exchange_->reset()) {
    cancel(reset->reason == http::ResetReason::connection_lost ? CancelReason::connection_lost : CancelReason::peer);
    return;
  }
  if (watch_) watch_->progress();
  if (blocking_ != nullptr) blocking_->on_inbound();
  // Resumes the handler, which may end the call: nothing may follow.
  inbound_.notify();
}

void ServerCall::on_outbound() {
  if (watch_) watch_->progress();
  if (blocking_ != nullptr) blocking_->on_outbound();
  outbound_.notify();
}

void ServerCall::on_timer() { cancel(CancelReason::deadline); }

void ServerCall::on_stall(const std::string& what) {
  stall_ = "the client has sent " + what;
  cancel(CancelReason::deadline);
}

void ServerCall::cancel(CancelReason reason) {
  int none = -1;
  if (!cancel_reason_.compare_exchange_strong(none, static_cast<int>(reason))) return;
  if (stop_) stop_->request_stop();
  if (blocking_ != nullptr) blocking_->on_cancel(reason);
  const Error error = cancellation_error(reason);
  finish(&error);
  // A handler may ignore cancellation, but not wait for what will never come.
  inbound_.notify_later();
  outbound_.notify_later();
  // Last: a handler that waits is resumed, now or soon, and its end is the end of this object.
  cancel_run();
}

Error ServerCall::cancellation_error(CancelReason reason) const {
  switch (reason) {
    case CancelReason::deadline:
      return Error(Code::deadline_exceeded, stall_.empty() ? "the deadline of the call has passed" : stall_);
    case CancelReason::shutdown: return Error(Code::unavailable, "the server is shutting down");
    case CancelReason::peer: return Error(Code::canceled, "the client canceled the call");
    case CancelReason::connection_lost: return Error(Code::canceled, "the connection to the client was lost");
    case CancelReason::user: break;
  }
  return Error(Code::canceled, "the call was canceled");
}

void ServerCall::throw_if_cancelled() const {
  if (const auto reason = cancelled()) throw cancellation_error(*reason);
}

std::optional<CancelReason> ServerCall::cancelled() const noexcept {
  const int reason = cancel_reason_.load(std::memory_order_acquire);
  if (reason < 0) return std::nullopt;
  return static_cast<CancelReason>(reason);
}

std::stop_token ServerCall::stop_token() {
  if (!stop_) {
    stop_.emplace();
    if (cancelled()) stop_->request_stop();
  }
  return stop_->get_token();
}

ServerCall::Pulled ServerCall::pull(connectrpc::detail::RequestPlace* place, std::string* bytes) {
  throw_if_cancelled();
  if (watch_) watch_->end_wait();
  protocol::ServerInput input =
      protocol_->receive(exchange_->body(), exchange_->inbound_ended(), exchange_->announced_length());
  switch (input.kind) {
    case protocol::ServerInput::Kind::need_more:
      consume(input.consumed);
      exchange_->expect(input.wanted);
      if (watch_) watch_->begin_wait();
      return Pulled::nothing;
    case protocol::ServerInput::Kind::end: consume(input.consumed); return Pulled::end;
    case protocol::ServerInput::Kind::failed: throw *std::move(input.error);
    case protocol::ServerInput::Kind::message: break;
  }
  ++traffic_.request_messages;
  if (place == nullptr) {
    bytes->assign(input.payload);
    consume(input.consumed);
    return Pulled::message;
  }
  google::protobuf::MessageLite& message = place->make(input.payload.size());
  const Result<void> decoded = codec_.decode(input.payload, message);
  consume(input.consumed);
  decoded.value();
  connectrpc::detail::ContextAccess::run_request_hooks(context_, message);
  return Pulled::message;
}

namespace {

// A message that is there already.
class MessageThere final : public connectrpc::detail::RequestPlace {
 public:
  explicit MessageThere(google::protobuf::MessageLite& message) : message_(message) {}
  google::protobuf::MessageLite& make(std::size_t) override { return message_; }

 private:
  google::protobuf::MessageLite& message_;
};

}  // namespace

std::optional<bool> ServerCall::try_receive_next(google::protobuf::MessageLite& message) {
  MessageThere place(message);
  switch (pull(&place, nullptr)) {
    case Pulled::message: return true;
    case Pulled::end: return false;
    case Pulled::nothing: break;
  }
  return std::nullopt;
}

namespace {

// What needs no waiting gets by with the smallest of coroutines.
Task<bool> done(bool result) { co_return result; }

Task<bool> failed(std::exception_ptr thrown) {
  std::rethrow_exception(std::move(thrown));
  co_return false;
}

}  // namespace

Task<bool> ServerCall::receive_next(google::protobuf::MessageLite& message) {
  if (exchange_->body().empty()) return wait_for_message(message);
  try {
    if (const auto received = try_receive_next(message)) return done(*received);
  } catch (...) {
    return failed(std::current_exception());
  }
  return wait_for_message(message);
}

Task<bool> ServerCall::wait_for_message(google::protobuf::MessageLite& message) {
  for (;;) {
    if (const auto received = try_receive_next(message)) co_return *received;
    co_await inbound_.wait();
  }
}

namespace {

Error wrong_count(std::string_view what) {
  return Error(Code::unimplemented, "a unary request has exactly one message, this one had " + std::string(what));
}

}  // namespace

Task<> ServerCall::receive(connectrpc::detail::RequestPlace& request) { return receive_one(&request, nullptr); }

Task<> ServerCall::receive_one(connectrpc::detail::RequestPlace* place, std::string* bytes) {
  for (bool received = false;;) {
    // A second message is only counted: the first one must stay as it is.
    std::string surplus;
    switch (received ? pull(nullptr, &surplus) : pull(place, bytes)) {
      case Pulled::message:
        if (received) throw wrong_count("more");
        received = true;
        continue;
      case Pulled::end:
        if (!received) throw wrong_count("none");
        co_return;
      case Pulled::nothing: break;
    }
    co_await inbound_.wait();
  }
}

std::string ServerCall::encode(const google::protobuf::MessageLite& message) {
  std::string payload;
  encode(message, payload);
  return payload;
}

void ServerCall::encode(const google::protobuf::MessageLite& message, std::string& payload) {
  using connectrpc::detail::ContextAccess;
  payload.assign(protocol_->message_prefix(), '\0');
  if (ContextAccess::has_response_hooks(context_)) {
    const std::unique_ptr<google::protobuf::MessageLite> changed(message.New());
    changed->CheckTypeAndMergeFrom(message);
    ContextAccess::run_response_hooks(context_, *changed);
    codec_.encode(*changed, payload, false).value();
  } else {
    codec_.encode(message, payload, false).value();
  }
}

void ServerCall::decode(std::string_view bytes, google::protobuf::MessageLite& message) {
  codec_.decode(bytes, message).value();
  connectrpc::detail::ContextAccess::run_request_hooks(context_, message);
}

void ServerCall::respond(const google::protobuf::MessageLite& message) { answer_ = encode(message); }

namespace {

using NameFault = std::string_view (*)(std::string_view) noexcept;

bool all_sendable(const Headers& pairs, NameFault name_fault) {
  // `date` is the one name that only trailers refuse.
  return connectrpc::detail::HeadersAccess::all_checked(pairs) &&
         (name_fault == connectrpc::detail::name_fault || !pairs.contains("date"));
}

}  // namespace

Headers ServerCall::checked(Headers pairs, std::string_view (*name_fault)(std::string_view) noexcept) {
  if (all_sendable(pairs, name_fault)) return pairs;
  Headers sendable;
  for (const auto& [name, value] : pairs)
    if (report_unsendable(name, value, name_fault).empty())
      connectrpc::detail::HeadersAccess::append_faultless(sendable, name, value);
  return sendable;
}

std::string_view ServerCall::report_unsendable(std::string_view name, std::string_view value,
                                               std::string_view (*name_fault)(std::string_view) noexcept) {
  std::string_view fault = name_fault(name);
  if (fault.empty()) fault = connectrpc::detail::pair_fault(name, value);
  if (!fault.empty()) {
    environment_.report(LogRecord::Level::warning, route_.method->full_name(),
                        "\"" + std::string(name) + "\" is not sent: " + std::string(fault));
  }
  return fault;
}

void ServerCall::report_unsendable(const Error& error) {
  const Headers& metadata = connectrpc::detail::ErrorAccess::own_metadata(error);
  if (all_sendable(metadata, connectrpc::detail::trailer_name_fault)) return;
  for (const auto& [name, value] : metadata) report_unsendable(name, value, connectrpc::detail::trailer_name_fault);
}

Headers ServerCall::sendable_headers(bool last) {
  using connectrpc::detail::ContextAccess;
  ContextAccess::run_header_hooks(context_, context_.response_headers());
  return checked(ContextAccess::take_response_headers(context_, last), connectrpc::detail::name_fault);
}

void ServerCall::send_pending_headers(protocol::ServerOutput& out, bool last) {
  if (context_.headers_sent()) return;
  protocol_->send_headers(sendable_headers(last), out);
}

void ServerCall::send_headers() {
  throw_if_cancelled();
  if (metadata_elsewhere_) {
    // On a handler's thread: the loop takes the headers over, before it hears of the handler's end.
    asio::post(environment_.loop, [this, headers = sendable_headers(false)]() mutable {
      if (answered_) return;
      protocol::ServerOutput out;
      protocol_->send_headers(std::move(headers), out);
      emit(std::move(out));
    });
    return;
  }
  protocol::ServerOutput out;
  send_pending_headers(out, false);
  emit(std::move(out));
}

bool ServerCall::compress_response(std::string_view name) {
  const auto found = protocol_->find_response_compression(name);
  if (!found) return false;
  if (metadata_elsewhere_) {
    // Before the headers and the messages that the thread hands over.
    asio::post(environment_.loop, [this, compression = *found] {
      if (!answered_) protocol_->set_response_compression(compression);
    });
  } else {
    protocol_->set_response_compression(*found);
  }
  return true;
}

Task<bool> ServerCall::send(const google::protobuf::MessageLite& message) {
  try {
    const bool queued = queue(message);
    return !queued || has_room() ? done(queued) : wait_for_room();
  } catch (...) {
    return failed(std::current_exception());
  }
}

bool ServerCall::try_send(const google::protobuf::MessageLite& message) {
  return !cancelled() && has_room() && queue(message);
}

bool ServerCall::queue(const google::protobuf::MessageLite& message) {
  Busy::check(sending_, "send()");
  encode(message, payload_);
  if (const auto reason = cancelled()) return may_not_send(*reason);
  if (!context_.headers_sent()) send_headers();
  protocol_->send_message(payload_, 0).value();
  ++traffic_.response_messages;
  traffic_.response_bytes += payload_.size();
  // Larger ones are moved: their copy would cost more than memory of their own.
  constexpr std::size_t small = 1024;
  if (payload_.size() <= small) {
    exchange_->append_body(payload_);
  } else {
    exchange_->send_body(std::move(payload_));
  }
  return true;
}

Task<bool> ServerCall::wait_for_room() {
  const Busy busy(sending_, "send()");
  while (!has_room()) co_await outbound_.wait();
  if (const auto reason = cancelled()) co_return may_not_send(*reason);
  co_return true;
}

bool ServerCall::may_not_send(CancelReason reason) const {
  if (reason == CancelReason::peer || reason == CancelReason::connection_lost) return false;
  throw cancellation_error(reason);
}

std::optional<Error> ServerCall::send_batch(std::optional<Headers> headers, std::vector<std::string> messages) {
  if (answered_) return std::nullopt;
  std::optional<Error> error;
  protocol::ServerOutput out;
  if (headers) protocol_->send_headers(*std::move(headers), out);
  for (std::string& message : messages) {
    const std::size_t at = out.body.size();
    if (at == 0) {
      out.body = std::move(message);
    } else {
      out.body += message;
    }
    if (Result<void> sent = protocol_->send_message(out.body, at); !sent) {
      error = std::move(sent).error();
      break;
    }
    ++traffic_.response_messages;
  }
  emit(std::move(out));
  return error;
}

Error ServerCall::translate(std::exception_ptr thrown, std::string_view who) {
  const auto reason = cancelled();
  try {
    std::rethrow_exception(std::move(thrown));
  } catch (const Error& error) {
    if (reason) return cancellation_error(*reason);
    return error;
  } catch (const std::bad_alloc&) {
    if (reason) return cancellation_error(*reason);
    environment_.report(LogRecord::Level::error, route_.method->full_name(), std::string(who) + " ran out of memory");
    return Error(Code::resource_exhausted, "the server is out of memory");
  } catch (const std::exception& error) {
    if (reason) return cancellation_error(*reason);
    environment_.report(LogRecord::Level::error, route_.method->full_name(), error.what());
  } catch (...) {
    if (reason) return cancellation_error(*reason);
    environment_.report(LogRecord::Level::error, route_.method->full_name(),
                        std::string(who) + " threw no std::exception");
  }
  return Error(Code::unknown, std::string(who) + " failed");
}

void ServerCall::finish(const Error* error) {
  if (answered_) return;
  answered_ = true;
  if (scheduled()) environment_.timers.cancel(*this);
  if (watch_) watch_->stop();
  std::optional<Error> failed;
  if (!exchange_->reset()) failed = send_end(error);
  if (environment_.on_call_end) report_end(failed ? &*failed : error);
}

std::optional<Error> ServerCall::send_end(const Error* error) {
  protocol::ServerOutput out;
  std::optional<Error> failed;
  if (error == nullptr && route_.method->stream_type != StreamType::server &&
      route_.method->stream_type != StreamType::bidi) {
    if (!answer_) {
      failed = Error(Code::internal, "the handler gave no response");
    } else {
      send_pending_headers(out, true);
      out.body = *std::move(answer_);
      Result<void> sent = protocol_->send_message(out.body, 0);
      if (sent) {
        ++traffic_.response_messages;
      } else {
        failed = std::move(sent).error();
      }
    }
    if (failed) error = &*failed;
  }
  if (error != nullptr) report_unsendable(*error);
  protocol::Ending ending;
  ending.error = error;
  if (!metadata_elsewhere_) {
    if (!context_.headers_sent()) ending.headers = sendable_headers(true);
    ending.trailers = checked(std::move(context_.response_trailers()), connectrpc::detail::trailer_name_fault);
  }
  protocol_->finish(std::move(ending), out);
  emit(std::move(out));
  if (!exchange_->inbound_ended()) exchange_->abort(http::ResetReason::no_error);
  return failed;
}

void ServerCall::emit(protocol::ServerOutput output) {
  traffic_.response_bytes += output.body.size();
  apply(std::move(output), *exchange_);
}

void ServerCall::consume(std::size_t bytes) {
  traffic_.request_bytes += bytes;
  exchange_->consume(bytes);
}

void ServerCall::report_end(const Error* error) const {
  CallRecord record{*route_.method, exchange_->peer(), exchange_->request().headers};
  record.protocol = context_.protocol();
  record.codec = context_.codec();
  record.http_version = context_.http_version();
  record.http_method = context_.http_method();
  record.authority = context_.authority();
  record.error = error;
  record.cancelled = cancelled();
  record.traffic = traffic_;
  // Of a message that never was complete.
  record.traffic.request_bytes += exchange_->body().size() - exchange_->unread();
  record.duration = std::chrono::steady_clock::now() - began_;
  environment_.on_call_end(record);
}

Task<> ServerCall::call_blocking() {
  std::string request;
  const StreamType type = route_.method->stream_type;
  if (type == StreamType::unary || type == StreamType::server) co_await receive_one(nullptr, &request);
  if (!stop_) stop_.emplace();
  BlockingCall blocking(*this, std::move(request));
  bool done = false;
  metadata_elsewhere_ = true;
  blocking_ = &blocking;
  const bool queued = environment_.threads->submit([this, &blocking, &done] {
    blocking.run();
    asio::post(environment_.loop, [this, &done] {
      done = true;
      thread_done_.notify();
    });
  });
  if (!queued) {
    metadata_elsewhere_ = false;
    blocking_ = nullptr;
    throw Error(Code::resource_exhausted, "all workers are busy and " +
                                              std::to_string(environment_.threads->queue_limit()) +
                                              " calls wait (ServerOptions::worker_queue)");
  }
  // The thread uses this object: its end must be waited for, whatever happens to the call.
  co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
  co_await asio::this_coro::throw_if_cancelled(false);
  while (!done) co_await thread_done_.wait();
  metadata_elsewhere_ = false;
  blocking_ = nullptr;
  blocking.hand_over();
}

}  // namespace connectrpc::rpc
