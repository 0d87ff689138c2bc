// One request's way: middleware, then the RPC, the route, or the answer that there is none.
#include "server/http_run.h"

#include <boost/asio/this_coro.hpp>
#include <new>
#include <stdexcept>
#include <utility>

#include "protocol/server_call.h"
#include "server/message_access.h"
#include "server/rpc_bridge.h"

namespace connectrpc::server {

namespace asio = boost::asio;

namespace {

// A middleware's misuse of what it was given, as opposed to whatever else it throws.
class Misuse : public std::logic_error {
 public:
  using std::logic_error::logic_error;
};

Task<> put_body(std::string body, http::Response& response) {
  if (!body.empty()) {
    co_await response.send(std::move(body));
  } else {
    MessageAccess::close_head(response);
    MessageAccess::set_complete(response);
  }
}

}  // namespace

Task<> put(protocol::ServerOutput& output, http::Response& response) {
  MessageAccess::adopt(response, *output.head);
  MessageAccess::set_trailers(response, output.trailers);
  return put_body(std::move(output.body), response);
}

HttpRun::HttpRun(std::shared_ptr<rpc::ServerEnvironment> environment, std::shared_ptr<const RoutingTable> table,
                 http::Request& request, http::Response& response)
    : environment_(std::move(environment)), table_(std::move(table)), request_(request), response_(response) {}

void HttpRun::report(std::string_view text) const {
  std::string line = request_.method() + " " + std::string(request_.path()) + ": ";
  line += text;
  environment_->report(LogRecord::Level::error, "", line);
}

Task<> HttpRun::run() {
  std::exception_ptr thrown;
  try {
    co_await proceed(false, 0);
  } catch (...) {
    thrown = std::current_exception();
  }
  const asio::cancellation_state state = co_await asio::this_coro::cancellation_state;
  const bool cancelled = state.cancelled() != asio::cancellation_type::none;
  if (cancelled && !cancel_error_) throw Error(Code::canceled, "the request was canceled");
  // What is left to be said must not be stopped by the cancellation that it tells of.
  const bool throws = co_await asio::this_coro::throw_if_cancelled();
  co_await asio::this_coro::throw_if_cancelled(false);
  std::optional<Error> failed;
  if (thrown) failed = cancelled ? *cancel_error_ : translate(std::move(thrown));
  thrown = nullptr;
  try {
    co_await finish(failed ? &*failed : nullptr);
  } catch (...) {
    thrown = std::current_exception();
  }
  co_await asio::this_coro::throw_if_cancelled(throws);
  if (thrown) std::rethrow_exception(thrown);
}

Task<> HttpRun::finish(const Error* error) {
  if (error != nullptr && !response_.head_sent()) {
    MessageAccess::forget_answer(response_);
    co_await http::write_error(request_, response_, *error);
  } else if (error != nullptr && !MessageAccess::complete(response_)) {
    throw Error(*error);
  }
  co_await MessageAccess::end(response_);
}

Error HttpRun::translate(std::exception_ptr thrown) const {
  try {
    std::rethrow_exception(std::move(thrown));
  } catch (const Error& error) {
    if (response_.head_sent() && error.code() != Code::canceled)
      report("failed after its answer had begun: " + error.message());
    return error;
  } catch (const std::bad_alloc&) {
    report("ran out of memory");
    return Error(Code::resource_exhausted, "the server is out of memory");
  } catch (const Misuse& misuse) {
    report(misuse.what());
    return Error(Code::internal, misuse.what());
  } catch (const std::exception& error) {
    report(std::string("threw ") + error.what());
  } catch (...) {
    report("threw no std::exception");
  }
  return Error(Code::unknown, "the request's handler failed");
}

const RoutingTable::MiddlewareList* HttpRun::around() const noexcept {
  if (method_ != nullptr) return method_->around.get();
  return plain_ && plain_->route != nullptr ? plain_->route->around.get() : nullptr;
}

Task<> HttpRun::proceed(bool routed, std::size_t at) {
  if (!routed) {
    if (at < table_->middleware().size()) return level(table_->middleware(), false, at);
    route();
    at = 0;
  }
  const RoutingTable::MiddlewareList* const inner = around();
  if (inner != nullptr && at < inner->size()) return level(*inner, true, at);
  return answer();
}

Task<> HttpRun::level(const RoutingTable::MiddlewareList& list, bool routed, std::size_t at) {
  const http::Next next(*this, routed, at + 1);
  co_await list[at](request_, response_, next);
  if (response_.begun()) co_return;
  throw Misuse(next.called_ ? "a middleware called next() and did not await it"
                            : "a middleware returned without having called next() and without an answer");
}

void HttpRun::route() {
  method_ = table_->find(request_.path());
  if (method_ != nullptr) return;
  plain_ = table_->find_plain(request_.method(), request_.path());
  if (plain_) MessageAccess::set_rest(request_, plain_->rest);
}

Task<> HttpRun::answer() {
  if (method_ != nullptr) return call_method();
  if (plain_ && plain_->route != nullptr) return call_handler();
  return no_answer();
}

Task<> HttpRun::call_handler() {
  co_await plain_->route->handler(request_, response_);
  MessageAccess::set_begun(response_);
}

Task<> HttpRun::call_method() {
  in_call_ = true;
  std::exception_ptr thrown;
  try {
    co_await serve_call(environment_, method_->route, request_, response_);
  } catch (...) {
    thrown = std::current_exception();
  }
  in_call_ = false;
  if (thrown) std::rethrow_exception(thrown);
}

Task<> HttpRun::no_answer() {
  if (!plain_) {
    protocol::ServerOutput output = protocol::unknown_path(MessageAccess::head(request_));
    return put(output, response_);
  }
  response_.set_status(405);
  response_.set_header("allow", plain_->allow);
  return response_.send(std::string(request_.path()) + " is answered to " + plain_->allow + "\n",
                        "text/plain; charset=utf-8");
}

}  // namespace connectrpc::server

namespace connectrpc::http {

Task<> Next::operator()() const {
  if (called_) throw server::Misuse("a middleware called next() twice");
  called_ = true;
  return run_.proceed(routed_, at_);
}

Task<> write_error(const Request& request, Response& response, const Error& error) {
  if (response.head_sent()) throw std::logic_error("http::write_error: the head of an answer has been sent");
  protocol::ServerOutput output = protocol::error_answer(server::MessageAccess::head(request), error);
  return server::put(output, response);
}

}  // namespace connectrpc::http
