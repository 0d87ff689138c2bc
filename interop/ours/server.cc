// Our server of InteropService: prints its addresses on one line and runs until it is ended.
#include "connectrpc/server.h"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <condition_variable>
#include <iostream>
#include <mutex>
#include <stop_token>
#include <string>

#include "common/arguments.h"
#include "interop/v1/interop.connect.h"
#include "ours/pairs.h"

namespace interop {
namespace {

using connectrpc::Context;
using connectrpc::Task;

/// What the handlers of both styles share: one call, done as its request says.
class Answer {
 public:
  Answer(const v1::CallRequest& request, Context& context) : request_(request) {
    response_.set_text(request.text());
    pick(context.request_headers(), request.observe(), response_.mutable_observed());
    if (context.deadline()) {
      const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(context.deadline().remaining());
      response_.set_timeout_ms(left.count());
    }
    context.response_headers() = to_headers(request.headers());
    context.response_trailers() = to_headers(request.trailers());
  }
  /// Of a conversation, which its headers describe.
  static v1::CallRequest opening(const Context& context) {
    v1::CallRequest request;
    const auto encoded = context.request_headers().get_binary("interop-opening-bin").value();
    if (!encoded || !request.ParseFromString(*encoded))
      throw connectrpc::Error(connectrpc::Code::invalid_argument, "interop-opening-bin has no CallRequest");
    return request;
  }

  v1::CallResponse response() const { return response_; }
  v1::CallResponse response(const std::string& text) const {
    v1::CallResponse response = response_;
    response.set_text(text);
    return response;
  }
  std::chrono::milliseconds delay() const { return std::chrono::milliseconds(request_.delay_ms()); }
  /// Throws the failure that is asked for, if one is.
  void finish() const {
    if (!request_.has_failure()) return;
    const v1::Failure& failure = request_.failure();
    connectrpc::Error error(static_cast<connectrpc::Code>(failure.code()), failure.message());
    error.with_metadata(to_headers(failure.metadata()));
    for (const v1::Note& note : failure.details()) error.with_detail(note);
    error.with_detail(response_);
    throw error;
  }

 private:
  const v1::CallRequest& request_;
  v1::CallResponse response_;
};

Task<> sleep(std::chrono::milliseconds time) {
  if (time == std::chrono::milliseconds::zero()) co_return;
  boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor, time);
  co_await timer.async_wait(boost::asio::use_awaitable);
}

class Service : public v1::InteropServiceHandler {
  Task<v1::CallResponse> exchange(const v1::CallRequest& request, Context& context) override {
    const Answer answer(request, context);
    co_await sleep(answer.delay());
    answer.finish();
    co_return answer.response();
  }

  Task<> exchange_thrice(const v1::CallRequest& request, connectrpc::StreamWriter<v1::CallResponse>& responses,
                         Context& context) override {
    const Answer answer(request, context);
    answer.finish();
    const v1::CallResponse response = answer.response();
    for (int i = 0; i < 3; ++i) {
      if (i != 0) co_await sleep(std::chrono::milliseconds(30));
      const bool sent = co_await responses.send(response);
      if (!sent) co_return;
    }
  }

  Task<> download(const v1::CallRequest& request, connectrpc::StreamWriter<v1::CallResponse>& responses,
                  Context& context) override {
    const Answer answer(request, context);
    co_await context.send_headers();
    for (const std::string& text : request.texts()) {
      const v1::CallResponse response = answer.response(text);
      co_await responses.send(response);
    }
    co_await sleep(answer.delay());
    answer.finish();
  }

  Task<> converse(connectrpc::StreamReader<v1::CallRequest>& requests,
                  connectrpc::StreamWriter<v1::CallResponse>& responses, Context& context) override {
    const v1::CallRequest opening = Answer::opening(context);
    const Answer answer(opening, context);
    co_await context.send_headers();
    while (const auto request = co_await requests.receive()) {
      const v1::CallResponse response = answer.response(request->text());
      co_await responses.send(response);
    }
    co_await sleep(answer.delay());
    answer.finish();
  }
};

/// Blocks for a time; shorter if the call is cancelled.
void sleep_blocking(std::chrono::milliseconds time, Context& context) {
  std::mutex mutex;
  std::condition_variable_any never;
  std::unique_lock lock(mutex);
  never.wait_for(lock, context.stop_token(), time, [] { return false; });
}

class ServiceSync : public v1::InteropServiceHandlerSync {
  v1::CallResponse exchange(const v1::CallRequest& request, Context& context) override {
    const Answer answer(request, context);
    sleep_blocking(answer.delay(), context);
    answer.finish();
    return answer.response();
  }

  void download(const v1::CallRequest& request, connectrpc::StreamWriterSync<v1::CallResponse>& responses,
                Context& context) override {
    const Answer answer(request, context);
    context.send_headers_now();
    for (const std::string& text : request.texts()) responses.send(answer.response(text));
    sleep_blocking(answer.delay(), context);
    answer.finish();
  }

  void converse(connectrpc::StreamReaderSync<v1::CallRequest>& requests,
                connectrpc::StreamWriterSync<v1::CallResponse>& responses, Context& context) override {
    const v1::CallRequest opening = Answer::opening(context);
    const Answer answer(opening, context);
    context.send_headers_now();
    while (const auto request = requests.receive()) responses.send(answer.response(request->text()));
    sleep_blocking(answer.delay(), context);
    answer.finish();
  }
};

int run(const examples::Arguments& arguments) {
  Service service;
  ServiceSync blocking;
  connectrpc::ServerOptions options;
  options.log = [](const connectrpc::LogRecord& record) {
    std::cerr << (std::string(record.method) + " " + std::string(record.text) + "\n");
  };
  connectrpc::Server server(options);
  if (arguments.has("--blocking")) {
    server.add(blocking);
  } else {
    server.add(service);
  }
  std::cout << "http://127.0.0.1:" << server.listen("127.0.0.1:0");
  if (arguments.has("--cert")) {
    const auto tls = connectrpc::TlsConfig::from_files(arguments.get("--cert"), arguments.get("--key"));
    std::cout << " https://127.0.0.1:" << server.listen("127.0.0.1:0", tls);
  }
  std::cout << std::endl;
  server.run();
  return 0;
}

}  // namespace
}  // namespace interop

int main(int argc, char** argv) { return interop::run(examples::Arguments(argc, argv)); }
