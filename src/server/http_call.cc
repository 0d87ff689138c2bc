// A request of a server's own connection that is more than a call of a method.
#include "server/http_call.h"

#include <boost/asio/this_coro.hpp>
#include <chrono>
#include <utility>
#include <vector>

#include "server/message_access.h"

namespace connectrpc::server {

namespace {

constexpr std::size_t max_discarded = 64 * 1024;
constexpr std::chrono::seconds max_discard_time{1};

Error client_gone(const http::Reset& reset) { return Error(Code::canceled, "the client has gone: " + reset.text); }

}  // namespace

void HttpCallList::cancel_all() {
  const std::vector<HttpCall*> calls(calls_.begin(), calls_.end());
  for (HttpCall* call : calls) {
    if (calls_.contains(call)) call->shut_down();
  }
}

void HttpCall::start(std::shared_ptr<rpc::ServerEnvironment> environment, std::shared_ptr<HttpCallList> calls,
                     std::shared_ptr<const RoutingTable> table, std::unique_ptr<http::ServerExchange> exchange) {
  io::Loop& loop = environment->loop;
  std::unique_ptr<HttpCall> call(
      new HttpCall(std::move(environment), std::move(calls), std::move(table), std::move(exchange)));
  call->exchange_->observe(call.get());
  rpc::WorkerPool::of(loop).start(std::move(call));
}

HttpCall::HttpCall(std::shared_ptr<rpc::ServerEnvironment> environment, std::shared_ptr<HttpCallList> calls,
                   std::shared_ptr<const RoutingTable> table, std::unique_ptr<http::ServerExchange> exchange)
    : environment_(std::move(environment)),
      calls_(std::move(calls)),
      exchange_(std::move(exchange)),
      request_(exchange_->request().method, exchange_->request().target, [this] { return read(); }),
      response_(request_, *this),
      run_(environment_, std::move(table), request_, response_),
      inbound_(std::in_place, environment_->loop),
      outbound_(std::in_place, environment_->loop) {
  MessageAccess::fill(request_, exchange_->request(), exchange_->peer(), exchange_->announced_length());
  calls_->calls_.insert(this);
}

HttpCall::~HttpCall() {
  calls_->calls_.erase(this);
  if (calls_->empty() && calls_->on_empty_) calls_->on_empty_();
}

Task<> HttpCall::run() {
  bool broken = false;
  try {
    co_await run_.run();
  } catch (...) {
    // Whoever threw has told the log hook.
    broken = true;
  }
  if (broken && !exchange_->reset()) exchange_->abort(http::ResetReason::internal_error);
  // Whatever comes now, the answer has been given.
  co_await boost::asio::this_coro::throw_if_cancelled(false);
  co_await discard_rest();
}

// The rest of a request that is answered. Clients that are still sending (curl) take a reset for a failure, whatever
// its code says: what is small is rather read.
Task<> HttpCall::discard_rest() {
  const auto end = std::chrono::steady_clock::now() + max_discard_time;
  std::size_t discarded = 0;
  // HTTP/1.1's session does this by itself.
  bool worth_it = exchange_->request().version == HttpVersion::http2;
  while (!exchange_->finished()) {
    discarded += exchange_->body().size();
    exchange_->consume(exchange_->body().size());
    worth_it = worth_it && discarded <= max_discarded && exchange_->announced_length().value_or(0) <= max_discarded &&
               std::chrono::steady_clock::now() < end;
    if (!worth_it) co_return exchange_->abort(http::ResetReason::no_error);
    co_await inbound_->wait_until(end);
  }
}

void HttpCall::abandon() {
  inbound_.reset();
  outbound_.reset();
}

void HttpCall::on_outbound() {
  if (outbound_) outbound_->ring();
}

void HttpCall::on_inbound() {
  if (inbound_) inbound_->ring();
  if (outbound_) outbound_->ring();
  if (exchange_->reset()) cancel_run();
}

void HttpCall::shut_down() {
  // A call was cancelled before, and its answer is on its way.
  if (run_.in_call()) return;
  run_.set_cancel_error(Error(Code::unavailable, "the server is shutting down"));
  cancel_run();
}

Task<std::optional<std::string>> HttpCall::read() {
  for (;;) {
    if (exchange_->reset()) throw client_gone(*exchange_->reset());
    if (!exchange_->body().empty()) co_return exchange_->take_body();
    if (exchange_->inbound_ended()) {
      MessageAccess::set_trailers(request_, exchange_->trailers());
      co_return std::nullopt;
    }
    co_await inbound_->wait();
  }
}

Task<> HttpCall::write_head(const http::Response& response, bool ends) {
  http::ResponseHead head;
  head.status = response.status();
  head.headers = response.headers();
  head.version = exchange_->request().version;
  exchange_->send_head(std::move(head), ends);
  co_return;
}

Task<> HttpCall::write_body(std::string bytes) {
  exchange_->send_body(std::move(bytes));
  while (!exchange_->reset() && exchange_->unsent() > environment_->high_water) co_await outbound_->wait();
  if (exchange_->reset()) throw client_gone(*exchange_->reset());
}

Task<> HttpCall::end(const http::Response& response) {
  exchange_->finish(response.trailers());
  co_return;
}

}  // namespace connectrpc::server
