// Our client of InteropService: runs the scenarios of a file, prints one Outcome a line as JSON.
#include "connectrpc/client.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <exception>
#include <string>

#include "common/arguments.h"
#include "interop/v1/interop.connect.h"
#include "ours/pairs.h"
#include "scenario_file.h"

namespace interop {
namespace {

using connectrpc::CallOptions;
using connectrpc::Error;
using connectrpc::Response;

CallOptions options_of(const v1::Scenario& scenario) {
  return CallOptions(to_headers(scenario.headers())).timeout(std::chrono::seconds(20));
}

v1::Outcome succeeded(const v1::Scenario& scenario, const Response<v1::CallResponse>& response) {
  v1::Outcome outcome;
  outcome.set_scenario(scenario.name());
  *outcome.mutable_response() = *response;
  const auto names = reply_names(scenario.request());
  pick(response.headers(), names, outcome.mutable_headers());
  pick(response.trailers(), names, outcome.mutable_trailers());
  return outcome;
}

v1::Outcome failed(const v1::Scenario& scenario, const Error& error) {
  v1::Outcome outcome;
  outcome.set_scenario(scenario.name());
  outcome.set_code(static_cast<int>(error.code()));
  outcome.set_message(error.message());
  const auto names = reply_names(scenario.request());
  pick(error.headers(), names, outcome.mutable_headers());
  pick(error.trailers(), names, outcome.mutable_trailers());
  for (const connectrpc::ErrorDetail& detail : error.details()) {
    v1::Note note;
    v1::CallResponse response;
    if (detail.unpack_to(note)) {
      *outcome.add_details() = note;
    } else if (detail.unpack_to(response)) {
      *outcome.mutable_response() = response;
    }
  }
  return outcome;
}

connectrpc::Task<> run_all(const v1::InteropServiceClient& client, const v1::Scenarios& table) {
  for (const v1::Scenario& scenario : table.scenarios()) {
    const CallOptions options = options_of(scenario);
    auto call = client.exchange(scenario.request(), options);
    const auto result = co_await connectrpc::as_result(std::move(call));
    print_outcome(result ? succeeded(scenario, *result) : failed(scenario, result.error()));
  }
}

void run_all_blocking(const v1::InteropServiceClientSync& client, const v1::Scenarios& table) {
  for (const v1::Scenario& scenario : table.scenarios()) {
    try {
      print_outcome(succeeded(scenario, client.exchange(scenario.request(), options_of(scenario))));
    } catch (const Error& error) {
      print_outcome(failed(scenario, error));
    }
  }
}

int run(const examples::Arguments& arguments) {
  const v1::Scenarios table = read_scenarios(arguments.get("--scenarios"));
  connectrpc::ChannelOptions options;
  const std::string protocol = arguments.get("--protocol", "connect");
  if (protocol == "grpc") options.protocol = connectrpc::Protocol::grpc;
  if (protocol == "grpc-web") options.protocol = connectrpc::Protocol::grpc_web;
  if (arguments.get("--codec") == "json") options.codec = connectrpc::Codec::json;
  options.http_version =
      arguments.get("--http", "2") == "1" ? connectrpc::HttpVersion::http1_1 : connectrpc::HttpVersion::http2;
  options.use_get = arguments.has("--get");
  if (arguments.has("--gzip")) {
    options.compression = "gzip";
    options.compress_min_bytes = 0;
  }
  if (arguments.has("--ca")) options.tls.ca_file(arguments.get("--ca"));
  const std::string url = arguments.get("--url");
  if (arguments.has("--blocking")) {
    run_all_blocking(v1::InteropServiceClientSync(url, options), table);
    return 0;
  }
  boost::asio::io_context io(1);
  const v1::InteropServiceClient client(io, url, options);
  std::exception_ptr thrown;
  boost::asio::co_spawn(io, run_all(client, table), [&](std::exception_ptr error) {
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
