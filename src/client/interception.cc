// The interceptors around one call of a client.
#include "client/interception.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <exception>
#include <new>
#include <stdexcept>
#include <utility>

#include "client/call.h"
#include "connectrpc/detail/context_access.h"

namespace connectrpc::client {

using connectrpc::detail::ContextAccess;

Interception::Interception(Call& call)
    : Intercepted(this),
      call_(&call),
      context_(ContextAccess::make(*this, {.method = &call.method(),
                                           .peer = &call.peer_here(),
                                           .http_method = "POST",
                                           .authority = call.core().url().authority,
                                           .deadline = call.deadline(),
                                           .protocol = call.core().options().protocol,
                                           .codec = call.core().options().codec})),
      outermost_(call.core().options().interceptors, *this),
      end_(*this) {
  ContextAccess::set_request_headers(context_, call.take_request_headers());
}

Interception::~Interception() {
  if (call_ != nullptr) call_->drop_interception(*this);
}

// ---- What passes

void Interception::change(std::string_view bytes, std::string& into, bool request, Hooks hooks) const {
  const MethodSpec& method = call_->method();
  const google::protobuf::MethodDescriptor* descriptor = method.descriptor != nullptr ? method.descriptor() : nullptr;
  if (descriptor == nullptr) {
    throw Error(Code::internal, std::string(method.full_name()) + " has no descriptor: its messages cannot be shown");
  }
  const auto* type = request ? descriptor->input_type() : descriptor->output_type();
  const std::unique_ptr<google::protobuf::Message> message(
      google::protobuf::MessageFactory::generated_factory()->GetPrototype(type)->New());
  call_->decode(bytes, *message).value();
  hooks(context_, *message);
  call_->encode_behind(*message, into).value();
}

std::string Interception::outgoing(std::string payload) const {
  const std::size_t prefix = call_->message_prefix();
  std::string changed(prefix, '\0');
  change(std::string_view(payload).substr(prefix), changed, true, &ContextAccess::run_request_hooks);
  return changed;
}

std::string Interception::incoming(std::string_view payload) const {
  std::string changed;
  change(payload, changed, false, &ContextAccess::run_response_hooks);
  return changed;
}

void Interception::incoming(Headers& headers) const { ContextAccess::run_header_hooks(context_, headers); }

// ---- The run

void Interception::start(std::unique_ptr<Interception> interception, rpc::WorkerPool& pool) {
  Interception& self = *interception;
  self.plain_in_ = &pool;
  pool.keep(std::move(interception));
  try {
    Task<> task = self.outermost_.start();
    std::swap(self.task_, task);
  } catch (...) {
    return self.on_plain_end(std::current_exception());
  }
  if (auto* const frame = self.take_fresh(self.task_); frame != nullptr) {
    frame->handle().resume();
  } else {
    self.take_thread();
  }
}

void Interception::take_thread() {
  kept_call_ = call_->shared_from_this();
  rpc::WorkerPool& pool = *std::exchange(plain_in_, nullptr);
  pool.start(pool.release(*this));
}

void Interception::need_thread(connectrpc::detail::InterceptorFrame& innermost) noexcept {
  innermost_ = &innermost;
  take_thread();
}

Task<> Interception::run() {
  if (innermost_ == nullptr) return std::move(task_);
  return connectrpc::detail::adopt(std::move(task_), *innermost_);
}

void Interception::on_plain_end(std::exception_ptr thrown) noexcept {
  const std::unique_ptr<rpc::Job> self = plain_in_->release(*this);
  // Like a worker: what interceptors keep in their coroutines goes before the call's end is told.
  {
    const Task<> ended = std::move(task_);
  }
  on_end(thrown);
}

void Interception::abandon() {
  const Task<> plain = std::move(task_);
  end_.abandon();
}

void Interception::on_end(const std::exception_ptr& thrown) {
  std::optional<Error> failed;
  if (thrown) {
    failed = translate(thrown);
  } else if (const auto fault = outermost_.fault()) {
    failed = translate(fault);
  }
  Call& call = *std::exchange(call_, nullptr);
  call.conclude(std::move(kept_call_), std::move(failed), std::move(context_.response_headers()),
                std::move(context_.response_trailers()), answer_.get());
}

Error Interception::translate(std::exception_ptr thrown) {
  std::string text = "threw no std::exception";
  try {
    std::rethrow_exception(std::move(thrown));
  } catch (const Error& error) {
    return error;
  } catch (const std::exception& error) {
    text = error.what();
  } catch (...) {
  }
  report(LogRecord::Level::error, "an interceptor: " + text);
  return Error(Code::unknown, "an interceptor of the client failed: " + text);
}

void Interception::on_resume() noexcept {
  try {
    if (!std::exchange(passed_, true)) {
      ContextAccess::fix_hooks(context_);
      call_->begin_transport();
    }
    // The end of the user's side ends the transport, too, and is told before the interceptors are cancelled. But next()
    // may be awaited in a coroutine of the interceptor's own.
    if (!call_->transport_over()) {
      end_.throw_if_cancelled();
      return end_.wait(own_slot());
    }
    take_end();
  } catch (...) {
    return end_.fail(std::current_exception());
  }
  end_.end();
}

void Interception::take_end() {
  if (call_->over()) {
    // The user has them already.
    context_.response_headers() = call_->headers();
    context_.response_trailers() = call_->trailers();
  } else {
    context_.response_headers() = call_->take_headers();
    context_.response_trailers() = call_->take_trailers();
  }
  if (call_->error()) throw *call_->error();
}

void Interception::send_headers() {
  throw std::logic_error("Context::send_headers: a client's interceptor has no response headers to send");
}

void Interception::respond(const google::protobuf::MessageLite& message) {
  auto bytes = std::make_unique<std::string>();
  call_->encode_behind(message, *bytes).value();
  answer_ = std::move(bytes);
}

bool Interception::compress_response(std::string_view) {
  throw std::logic_error("Context::compress_response: the server compresses the response, not a client's interceptor");
}

void Interception::warn(std::string_view text) const { report(LogRecord::Level::warning, text); }

void Interception::report(LogRecord::Level level, std::string_view text) const {
  const LogHook& log = call_->core().options().log;
  if (log) log(LogRecord{level, call_->method().full_name(), text});
}

std::optional<CancelReason> Interception::cancelled() const noexcept {
  if (!call_->over()) return std::nullopt;
  return call_->deadline().expired() ? CancelReason::deadline : CancelReason::user;
}

std::stop_token Interception::stop_token() { return call_->stop_token(); }

}  // namespace connectrpc::client
