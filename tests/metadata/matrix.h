// Every way to make a call: protocol, HTTP version, kind, style of server and client.
#pragma once

#include <cstddef>
#include <map>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "connectrpc/testing/in_memory_server.h"
#include "greet/v1/greet.connect.h"
#include "integration/greet_caller.h"
#include "integration/run.h"

namespace connectrpc::metadata_test {

using greet_test::HeadersFirst;
using greet_test::Outcome;
using probe_test::Style;

/// What the handler of the next call does; it is in the same process.
struct Script {
  Headers request_headers;
  Headers response_headers;
  Headers response_trailers;
  std::optional<Error> error;
  /// Streams of responses: after how many messages the call ends.
  int messages = 2;
  bool send_headers = false;
  /// Throws what is no Error.
  bool crash = false;
  HeadersFirst headers_first = HeadersFirst::no;
  CallOptions options;
};

/// Follows the script of one call at a time, and keeps the request headers that it saw.
class Handler {
 public:
  Script script;
  Headers seen;

  void begin(Context& context) {
    seen = context.request_headers();
    // By the checked way, pair by pair, as users do.
    for (const auto& [name, value] : script.response_headers) context.response_headers().add(name, value);
  }
  void end(Context& context) const {
    for (const auto& [name, value] : script.response_trailers) context.response_trailers().add(name, value);
    if (script.crash) throw std::runtime_error("secret of the house");
    if (script.error) throw *script.error;
  }
};

class Mirror : public greet::v1::GreetServiceHandler {
 public:
  explicit Mirror(Handler& handler) : handler_(handler) {}

 private:
  using Request = greet::v1::GreetRequest;
  using Response = greet::v1::GreetResponse;

  Task<> begin(Context& context) {
    handler_.begin(context);
    if (handler_.script.send_headers) co_await context.send_headers();
  }
  static Task<> drain(StreamReader<Request>& requests) {
    // GCC 12 miscompiles a loop over an awaited condition without a body.
    for (bool more = true; more;) more = (co_await requests.receive()).has_value();
  }
  Task<Response> greet(const Request&, Context& context) override {
    co_await begin(context);
    handler_.end(context);
    co_return Response();
  }
  Task<> greet_many(const Request&, StreamWriter<Response>& responses, Context& context) override {
    co_await begin(context);
    const Response response;
    for (int i = 0; i < handler_.script.messages; ++i) co_await responses.send(response);
    handler_.end(context);
  }
  Task<Response> greet_all(StreamReader<Request>& requests, Context& context) override {
    co_await begin(context);
    co_await drain(requests);
    handler_.end(context);
    co_return Response();
  }
  Task<> converse(StreamReader<Request>& requests, StreamWriter<Response>& responses, Context& context) override {
    co_await begin(context);
    const Response response;
    for (int i = 0; i < handler_.script.messages; ++i) {
      static_cast<void>(co_await requests.receive());
      co_await responses.send(response);
    }
    co_await drain(requests);
    handler_.end(context);
  }

  Handler& handler_;
};

class MirrorSync : public greet::v1::GreetServiceHandlerSync {
 public:
  explicit MirrorSync(Handler& handler) : handler_(handler) {}

 private:
  using Request = greet::v1::GreetRequest;
  using Response = greet::v1::GreetResponse;

  void begin(Context& context) {
    handler_.begin(context);
    if (handler_.script.send_headers) context.send_headers_now();
  }
  Response greet(const Request&, Context& context) override {
    begin(context);
    handler_.end(context);
    return {};
  }
  void greet_many(const Request&, StreamWriterSync<Response>& responses, Context& context) override {
    begin(context);
    for (int i = 0; i < handler_.script.messages; ++i) responses.send({});
    handler_.end(context);
  }
  Response greet_all(StreamReaderSync<Request>& requests, Context& context) override {
    begin(context);
    while (requests.receive()) {
    }
    handler_.end(context);
    return {};
  }
  void converse(StreamReaderSync<Request>& requests, StreamWriterSync<Response>& responses, Context& context) override {
    begin(context);
    for (int i = 0; i < handler_.script.messages; ++i) {
      static_cast<void>(requests.receive());
      responses.send({});
    }
    while (requests.receive()) {
    }
    handler_.end(context);
  }

  Handler& handler_;
};

struct Way {
  Protocol protocol;
  HttpVersion version;
  StreamType kind;
  Style server;
  Style client;

  bool connect_unary() const { return protocol == Protocol::connect && kind == StreamType::unary; }
  /// Whether requests and responses may be under way at once, so that headers can be waited for.
  bool full_duplex() const { return version == HttpVersion::http2; }
  std::string name() const {
    const auto style = [](Style which) { return which == Style::coroutine ? "coroutine" : "blocking"; };
    return std::string(to_string(protocol)) + ", " + std::string(to_string(version)) + ", " +
           std::string(to_string(kind)) + ", " + style(server) + " server, " + style(client) + " client";
  }
};

inline std::vector<Way> all_ways() {
  std::vector<Way> ways;
  for (const Protocol protocol : {Protocol::connect, Protocol::grpc, Protocol::grpc_web}) {
    for (const HttpVersion version : {HttpVersion::http1_1, HttpVersion::http2}) {
      if (protocol == Protocol::grpc && version == HttpVersion::http1_1) continue;
      for (const StreamType kind : {StreamType::unary, StreamType::server, StreamType::client, StreamType::bidi}) {
        for (const Style server : {Style::coroutine, Style::blocking}) {
          for (const Style client : {Style::coroutine, Style::blocking}) {
            ways.push_back({protocol, version, kind, server, client});
          }
        }
      }
    }
  }
  return ways;
}

/// What the two ends saw of one call.
struct Seen {
  Headers request_headers;
  Outcome outcome;
};

/// Two servers in memory, one of each style, and channels to them that are kept.
class Matrix {
 public:
  Matrix() : coroutine_(options()), blocking_(options()) {
    coroutine_.add(mirror_);
    blocking_.add(mirror_sync_);
  }

  Seen run(const Way& way, const Script& script) {
    handler_.script = script;
    handler_.seen.clear();
    const ChannelPtr& channel = channel_for(way);
    CallOptions options = script.options;
    options.headers() = script.request_headers;
    const HeadersFirst first = way.full_duplex() ? script.headers_first : HeadersFirst::no;
    Seen seen;
    seen.outcome = way.client == Style::blocking
                       ? greet_test::call_block(channel, way.kind, "Ann", options, first)
                       : probe_test::run(greet_test::call_await(channel, way.kind, "Ann", options, first));
    seen.request_headers = handler_.seen;
    return seen;
  }

  /// From the log hooks of the servers.
  std::vector<std::string> take_log() {
    const std::lock_guard lock(mutex_);
    return std::exchange(log_, {});
  }

 private:
  static constexpr std::size_t header_list_limit = 1024 * 1024;

  ServerOptions options() {
    ServerOptions options;
    options.header_list_limit = header_list_limit;
    options.log = [this](const LogRecord& record) {
      const std::lock_guard lock(mutex_);
      log_.emplace_back(record.text);
    };
    return options;
  }

  const ChannelPtr& channel_for(const Way& way) {
    auto& slot =
        channels_[{way.server == Style::blocking, static_cast<int>(way.protocol), static_cast<int>(way.version)}];
    if (!slot) {
      ChannelOptions options;
      options.protocol = way.protocol;
      options.http_version = way.version;
      options.header_list_limit = header_list_limit;
      slot = (way.server == Style::blocking ? blocking_ : coroutine_).channel(std::move(options));
    }
    return slot;
  }

  std::mutex mutex_;
  std::vector<std::string> log_;
  Handler handler_;
  Mirror mirror_{handler_};
  MirrorSync mirror_sync_{handler_};
  testing::InMemoryServer coroutine_;
  testing::InMemoryServer blocking_;
  std::map<std::tuple<bool, int, int>, ChannelPtr> channels_;
};

}  // namespace connectrpc::metadata_test
