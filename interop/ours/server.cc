// Our server of InteropService: prints its addresses on one line and runs until it is ended.
#include "connectrpc/server.h"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <iostream>
#include <string>

#include "common/arguments.h"
#include "interop/v1/interop.connect.h"
#include "ours/pairs.h"

namespace interop {
namespace {

v1::CallResponse answer(const v1::CallRequest& request, connectrpc::Context& context) {
  v1::CallResponse response;
  response.set_text(request.text());
  pick(context.request_headers(), request.observe(), response.mutable_observed());
  context.response_headers() = to_headers(request.headers());
  context.response_trailers() = to_headers(request.trailers());
  if (!request.has_failure()) return response;
  const v1::Failure& failure = request.failure();
  connectrpc::Error error(static_cast<connectrpc::Code>(failure.code()), failure.message());
  error.with_metadata(to_headers(failure.metadata()));
  for (const v1::Note& note : failure.details()) error.with_detail(note);
  error.with_detail(response);
  throw error;
}

class Service : public v1::InteropServiceHandler {
  connectrpc::Task<v1::CallResponse> exchange(const v1::CallRequest& request, connectrpc::Context& context) override {
    co_return answer(request, context);
  }
  connectrpc::Task<> exchange_thrice(const v1::CallRequest& request,
                                     connectrpc::StreamWriter<v1::CallResponse>& responses,
                                     connectrpc::Context& context) override {
    const v1::CallResponse response = answer(request, context);
    boost::asio::steady_timer pause(co_await boost::asio::this_coro::executor);
    for (int i = 0; i < 3; ++i) {
      if (i != 0) {
        pause.expires_after(std::chrono::milliseconds(30));
        co_await pause.async_wait(boost::asio::use_awaitable);
      }
      const bool sent = co_await responses.send(response);
      if (!sent) co_return;
    }
  }
};

class ServiceSync : public v1::InteropServiceHandlerSync {
  v1::CallResponse exchange(const v1::CallRequest& request, connectrpc::Context& context) override {
    return answer(request, context);
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
