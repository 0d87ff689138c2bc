// A call on the server as the thread of a blocking handler sees it.
#include "rpc/blocking_call.h"

#include <boost/asio/post.hpp>
#include <utility>

#include "rpc/server_call.h"

namespace connectrpc::rpc {

namespace asio = boost::asio;

BlockingCall::BlockingCall(ServerCall& call, std::string request) : call_(call), request_(std::move(request)) {}

Context& BlockingCall::context() noexcept { return call_.context_; }

void BlockingCall::receive(google::protobuf::MessageLite& message) { call_.decode(request_, message); }

void BlockingCall::respond(const google::protobuf::MessageLite& message) { answer_ = call_.encode(message); }

bool BlockingCall::receive_next(google::protobuf::MessageLite& message) {
  std::string bytes;
  {
    std::unique_lock lock(mutex_);
    if (cancelled_) throw call_.cancellation_error(*cancelled_);
    reading_ = {};
    reading_.asked = true;
    asio::post(call_.environment_.loop, [this] { on_inbound(); });
    wake_.wait(lock, [this] { return reading_.done || cancelled_; });
    reading_.asked = false;
    if (!reading_.done) throw call_.cancellation_error(*cancelled_);
    if (reading_.error) throw *reading_.error;
    if (!reading_.more) return false;
    bytes = std::move(reading_.bytes);
  }
  call_.decode(bytes, message);
  return true;
}

bool BlockingCall::send(const google::protobuf::MessageLite& message) {
  std::string payload = call_.encode(message);
  std::optional<Headers> headers;
  if (!call_.context_.headers_sent()) headers = call_.sendable_headers(false);
  std::unique_lock lock(mutex_);
  if (cancelled_) return call_.may_not_send(*cancelled_);
  if (writing_.error) throw *writing_.error;
  if (headers) writing_.headers = std::move(headers);
  writing_.queued += payload.size();
  writing_.unsent += payload.size();
  writing_.messages.push_back(std::move(payload));
  if (!std::exchange(writing_.flush_posted, true)) asio::post(call_.environment_.loop, [this] { flush(); });
  wake_.wait(lock, [this] { return writing_.unsent <= call_.environment_.high_water || cancelled_; });
  if (cancelled_) return call_.may_not_send(*cancelled_);
  return true;
}

void BlockingCall::run() {
  try {
    // Queued for too long: the client has been answered.
    if (!call_.cancelled()) call_.route_.service_sync->call(*call_.route_.method, *this);
  } catch (...) {
    thrown_ = std::current_exception();
  }
}

void BlockingCall::on_inbound() {
  {
    const std::lock_guard lock(mutex_);
    if (!reading_.asked || reading_.done) return;
  }
  Reading result;
  result.done = true;
  try {
    switch (call_.pull(nullptr, &result.bytes)) {
      case ServerCall::Pulled::nothing: return;
      case ServerCall::Pulled::message: result.more = true; break;
      case ServerCall::Pulled::end: break;
    }
  } catch (const Error& error) {
    result.error = error;
  }
  const std::lock_guard lock(mutex_);
  // Whoever asked may have been sent away meanwhile.
  if (!reading_.asked) return;
  reading_ = std::move(result);
  reading_.asked = true;
  wake_.notify_all();
}

void BlockingCall::flush() {
  Writing batch;
  {
    const std::lock_guard lock(mutex_);
    writing_.flush_posted = false;
    writing_.queued = 0;
    batch.headers = std::exchange(writing_.headers, std::nullopt);
    batch.messages = std::exchange(writing_.messages, {});
  }
  std::optional<Error> error = call_.send_batch(std::move(batch.headers), std::move(batch.messages));
  if (error) {
    const std::lock_guard lock(mutex_);
    if (!writing_.error) writing_.error = std::move(error);
  }
  on_outbound();
}

void BlockingCall::on_outbound() {
  const std::size_t sent_by_loop = call_.exchange_->unsent();
  const std::lock_guard lock(mutex_);
  writing_.unsent = writing_.queued + sent_by_loop;
  if (writing_.unsent <= call_.environment_.high_water) wake_.notify_all();
}

void BlockingCall::on_cancel(CancelReason reason) {
  const std::lock_guard lock(mutex_);
  cancelled_ = reason;
  wake_.notify_all();
}

void BlockingCall::hand_over() {
  if (thrown_) std::rethrow_exception(std::move(thrown_));
  if (writing_.error) throw *std::move(writing_.error);
  call_.answer_ = std::move(answer_);
}

}  // namespace connectrpc::rpc
