// Our client of InteropService: runs the scenarios of a file, prints one Outcome a line as JSON.
#include "connectrpc/client.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <exception>
#include <optional>
#include <stdexcept>
#include <string>

#include "common/arguments.h"
#include "interop/v1/interop.connect.h"
#include "ours/pairs.h"
#include "scenario_file.h"

namespace interop {
namespace {

using connectrpc::CallOptions;
using connectrpc::Error;
using connectrpc::Headers;
using connectrpc::Task;

CallOptions options_of(const v1::Scenario& scenario) {
  CallOptions options(to_headers(scenario.headers()));
  if (scenario.method() == v1::Scenario::CONVERSE)
    options.binary_header("interop-opening-bin", scenario.request().SerializeAsString());
  if (scenario.timeout_ms() < 0) return options;
  return options.timeout(std::chrono::milliseconds(scenario.timeout_ms() == 0 ? 20'000 : scenario.timeout_ms()));
}

/// Gathers what is seen of one call.
class Observer {
 public:
  explicit Observer(const v1::Scenario& scenario) : names_(reply_names(scenario.request())) {
    outcome_.set_scenario(scenario.name());
  }

  void message(const v1::CallResponse& response) {
    if (outcome_.texts_size() == 0) *outcome_.mutable_response() = response;
    outcome_.add_texts(response.text());
  }
  void succeeded(const Headers& headers, const Headers& trailers) {
    pick(headers, names_, outcome_.mutable_headers());
    pick(trailers, names_, outcome_.mutable_trailers());
  }
  void succeeded(const connectrpc::Response<v1::CallResponse>& response) {
    *outcome_.mutable_response() = *response;
    succeeded(response.headers(), response.trailers());
  }
  void failed(const Error& error) {
    outcome_.set_code(static_cast<int>(error.code()));
    outcome_.set_message(error.message());
    succeeded(error.headers(), error.trailers());
    for (const connectrpc::ErrorDetail& detail : error.details()) {
      v1::Note note;
      v1::CallResponse response;
      if (detail.unpack_to(note)) {
        *outcome_.add_details() = note;
      } else if (detail.unpack_to(response)) {
        *outcome_.mutable_response() = response;
      }
    }
  }
  void refused(const std::exception& error) { outcome_.set_refused(error.what()); }
  const v1::Outcome& outcome() const { return outcome_; }

 private:
  std::vector<std::string> names_;
  v1::Outcome outcome_;
};

v1::CallRequest request_with(const std::string& text) {
  v1::CallRequest request;
  request.set_text(text);
  return request;
}

/// The requests of a conversation and its responses.
Task<> converse(const v1::InteropServiceClient& client, const v1::Scenario& scenario, bool half_duplex,
                Observer& observer) {
  auto call = client.converse(options_of(scenario));
  if (scenario.waits_for_headers()) co_await call.headers();
  for (const std::string& text : scenario.request().texts()) {
    const v1::CallRequest request = request_with(text);
    co_await call.send(request);
    if (half_duplex) continue;
    const auto response = co_await call.receive();
    if (!response) throw std::logic_error("the stream ended without a response to " + text);
    observer.message(*response);
  }
  co_await call.close_send();
  while (const auto response = co_await call.receive()) observer.message(*response);
  const Headers headers = co_await call.headers();
  observer.succeeded(headers, call.trailers());
}

Task<> run_one(const v1::InteropServiceClient& client, const v1::Scenario& scenario, bool half_duplex,
               Observer& observer) {
  if (scenario.method() == v1::Scenario::CONVERSE) {
    co_await converse(client, scenario, half_duplex, observer);
  } else if (scenario.method() == v1::Scenario::DOWNLOAD) {
    auto call = client.download(scenario.request(), options_of(scenario));
    const Headers headers = co_await call.headers();
    while (const auto response = co_await call.receive()) observer.message(*response);
    observer.succeeded(headers, call.trailers());
  } else {
    const auto response = co_await client.exchange(scenario.request(), options_of(scenario));
    observer.succeeded(response);
  }
}

Task<> run_all(const v1::InteropServiceClient& client, const v1::Scenarios& table, bool half_duplex) {
  for (const v1::Scenario& scenario : table.scenarios()) {
    Observer observer(scenario);
    try {
      co_await run_one(client, scenario, half_duplex, observer);
    } catch (const Error& error) {
      observer.failed(error);
    } catch (const std::invalid_argument& error) {
      observer.refused(error);
    }
    print_outcome(observer.outcome());
  }
}

void converse_blocking(const v1::InteropServiceClientSync& client, const v1::Scenario& scenario, bool half_duplex,
                       Observer& observer) {
  auto call = client.converse(options_of(scenario));
  if (scenario.waits_for_headers()) call.headers();
  for (const std::string& text : scenario.request().texts()) {
    call.send(request_with(text));
    if (half_duplex) continue;
    const auto response = call.receive();
    if (!response) throw std::logic_error("the stream ended without a response to " + text);
    observer.message(*response);
  }
  call.close_send();
  while (const auto response = call.receive()) observer.message(*response);
  observer.succeeded(call.headers(), call.trailers());
}

void run_all_blocking(const v1::InteropServiceClientSync& client, const v1::Scenarios& table, bool half_duplex) {
  for (const v1::Scenario& scenario : table.scenarios()) {
    Observer observer(scenario);
    try {
      if (scenario.method() == v1::Scenario::CONVERSE) {
        converse_blocking(client, scenario, half_duplex, observer);
      } else if (scenario.method() == v1::Scenario::DOWNLOAD) {
        auto call = client.download(scenario.request(), options_of(scenario));
        const Headers headers = call.headers();
        while (const auto response = call.receive()) observer.message(*response);
        observer.succeeded(headers, call.trailers());
      } else {
        observer.succeeded(client.exchange(scenario.request(), options_of(scenario)));
      }
    } catch (const Error& error) {
      observer.failed(error);
    } catch (const std::invalid_argument& error) {
      observer.refused(error);
    }
    print_outcome(observer.outcome());
  }
}

int run(const examples::Arguments& arguments) {
  const v1::Scenarios table = read_scenarios(arguments.get("--scenarios"));
  connectrpc::ChannelOptions options;
  const std::string protocol = arguments.get("--protocol", "connect");
  if (protocol == "grpc") options.protocol = connectrpc::Protocol::grpc;
  if (protocol == "grpc-web") options.protocol = connectrpc::Protocol::grpc_web;
  if (arguments.get("--codec") == "json") options.codec = connectrpc::Codec::json;
  const bool http1 = arguments.get("--http", "2") == "1";
  options.http_version = http1 ? connectrpc::HttpVersion::http1_1 : connectrpc::HttpVersion::http2;
  options.use_get = arguments.has("--get");
  if (arguments.has("--gzip")) {
    options.compression = "gzip";
    options.compress_min_bytes = 0;
  }
  if (arguments.has("--ca")) options.tls.ca_file(arguments.get("--ca"));
  const std::string url = arguments.get("--url");
  if (arguments.has("--blocking")) {
    run_all_blocking(v1::InteropServiceClientSync(url, options), table, http1);
    return 0;
  }
  boost::asio::io_context io(1);
  const v1::InteropServiceClient client(io, url, options);
  std::exception_ptr thrown;
  boost::asio::co_spawn(io, run_all(client, table, http1), [&](std::exception_ptr error) {
    thrown = error;
    io.stop();
  });
  io.run();
  if (thrown) std::rethrow_exception(thrown);
  return 0;
}

}  // namespace
}  // namespace interop

int main(int argc, char** argv) { return interop::run(examples::Arguments(argc, argv)); }
