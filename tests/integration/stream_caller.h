// Stream calls of every kind and style behind one face, so that a test is written once.
#pragma once

#include <atomic>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <exception>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include "connectrpc/call.h"
#include "integration/harness.h"
#include "integration/protocol_name.h"

namespace connectrpc::probe_test {

/// Who takes a call's steps: a coroutine on the loop of the channel's connections, one on another loop, a thread.
enum class ClientStyle { here, elsewhere, blocking };

struct StreamCase {
  Protocol protocol;
  HttpVersion version;
  StreamType kind;
  Style server;
  ClientStyle client;

  bool full_duplex() const { return version == HttpVersion::http2; }
};

inline std::string name_of(const StreamCase& c) {
  std::string name = protocol_name(c.protocol);
  name += c.version == HttpVersion::http2 ? "Http2" : "Http1";
  name += c.kind == StreamType::unary    ? "Unary"
          : c.kind == StreamType::server ? "Server"
          : c.kind == StreamType::client ? "Client"
                                         : "Bidi";
  name += c.server == Style::coroutine ? "Coroutine" : "Blocking";
  return name + (c.client == ClientStyle::here ? "Here" : c.client == ClientStyle::elsewhere ? "Elsewhere" : "Thread");
}

inline void PrintTo(const StreamCase& c, std::ostream* out) { *out << name_of(c); }

/// gRPC needs HTTP/2.
inline std::vector<std::pair<Protocol, HttpVersion>> all_wires() {
  return {{Protocol::connect, HttpVersion::http1_1},
          {Protocol::connect, HttpVersion::http2},
          {Protocol::grpc, HttpVersion::http2},
          {Protocol::grpc_web, HttpVersion::http1_1},
          {Protocol::grpc_web, HttpVersion::http2}};
}

inline std::vector<StreamCase> all_stream_cases(
    const std::vector<StreamType>& kinds = {StreamType::server, StreamType::client, StreamType::bidi},
    const std::vector<ClientStyle>& clients = {ClientStyle::here, ClientStyle::elsewhere, ClientStyle::blocking}) {
  std::vector<StreamCase> all;
  for (const auto& [protocol, version] : all_wires())
    for (const StreamType kind : kinds)
      for (const Style server : {Style::coroutine, Style::blocking})
        for (const ClientStyle client : clients) all.push_back({protocol, version, kind, server, client});
  return all;
}

inline ProbeRequest request_of(const std::string& text) {
  ProbeRequest request;
  request.set_text(text);
  return request;
}

inline void add(google::protobuf::RepeatedPtrField<Pair>* pairs, const std::string& name, const std::string& value) {
  Pair* pair = pairs->Add();
  pair->set_name(name);
  pair->set_value(value);
}

/// `options` with what the handler is asked to do.
inline CallOptions with_plan(const ProbeRequest& plan, CallOptions options = CallOptions()) {
  options.binary_header("probe-plan-bin", plan.SerializeAsString());
  return options;
}

/// A call, each of whose steps blocks the test.
class Caller {
 public:
  virtual ~Caller() = default;
  virtual void open() = 0;
  virtual Headers headers() = 0;
  /// Server streams have sent their request already.
  virtual bool send(const ProbeRequest& message) = 0;
  /// Client streams do it in receive().
  virtual void close_send() = 0;
  /// Of a client stream: the answer, then the end.
  virtual std::optional<ProbeResponse> receive() = 0;
  virtual const Headers& trailers() const = 0;
  virtual Peer peer() const = 0;
  virtual void cancel() = 0;

  std::vector<std::string> receive_all() {
    std::vector<std::string> texts;
    while (const auto message = receive()) texts.push_back(message->text());
    return texts;
  }
};

template <class T>
struct IsTask : std::false_type {};
template <class T>
struct IsTask<Task<T>> : std::true_type {};

/// Runs a step: on `io` if it is a coroutine's.
template <class Function>
auto take_step(boost::asio::io_context& io, Function function) {
  if constexpr (IsTask<decltype(function())>::value) {
    return run_on(io, function());
  } else {
    return function();
  }
}

template <class AnyCall>
class CallerOf final : public Caller {
 public:
  /// `io`: where coroutines run.
  CallerOf(AnyCall call, boost::asio::io_context& io) : call_(std::move(call)), io_(io) {}

  void open() override {
    step([&] { return call_.open(); });
  }
  Headers headers() override {
    return step([&] { return call_.headers(); });
  }
  bool send(const ProbeRequest& message) override {
    if constexpr (requires { call_.send(message); }) {
      return step([&] { return call_.send(message); });
    } else {
      return true;
    }
  }
  void close_send() override {
    if constexpr (requires { call_.close_send(); }) {
      step([&] { return call_.close_send(); });
    }
  }
  std::optional<ProbeResponse> receive() override {
    if constexpr (requires { call_.finish(); }) {
      if (failed_) throw *failed_;
      if (std::exchange(finished_, true)) return std::nullopt;
      try {
        return *step([&] { return call_.finish(); });
      } catch (const Error& error) {
        failed_ = error;
        throw;
      }
    } else if constexpr (requires { call_.receive(); }) {
      return step([&] { return call_.receive(); });
    } else {
      ProbeResponse message;
      if (!step([&] { return call_.receive(message); })) return std::nullopt;
      return message;
    }
  }
  const Headers& trailers() const override { return call_.trailers(); }
  Peer peer() const override { return call_.peer(); }
  void cancel() override { call_.cancel(); }

 private:
  template <class Function>
  auto step(Function function) {
    return take_step(io_, std::move(function));
  }

  AnyCall call_;
  boost::asio::io_context& io_;
  bool finished_ = false;
  std::optional<Error> failed_;
};

/// A step that goes on while the test does something else. Ended by the time of its destruction.
template <class Function>
class Background {
  using Step = decltype(std::declval<Function&>()());

 public:
  /// `io`: as for take_step.
  Background(boost::asio::io_context& io, Function function) : io_(io), function_(std::move(function)) {
    if constexpr (IsTask<Step>::value) {
      boost::asio::co_spawn(
          io, function_(),
          boost::asio::bind_cancellation_slot(cancellation_.slot(), [this](std::exception_ptr thrown, auto... results) {
            thrown_ = thrown;
            if constexpr (std::is_same_v<Step, Task<bool>>) ((result_ = results), ...);
            done_ = true;
          }));
    } else {
      thread_ = std::thread([this] {
        try {
          if constexpr (std::is_void_v<Step>) {
            function_();
          } else {
            const auto given = function_();
            if constexpr (std::is_same_v<Step, bool>) result_ = given;
          }
        } catch (...) {
          thrown_ = std::current_exception();
        }
        done_ = true;
      });
    }
  }
  Background(const Background&) = delete;
  ~Background() { wait(); }

  bool done() const { return done_; }
  /// Cancels the coroutine.
  void cancel() { cancellation_.emit(boost::asio::cancellation_type::terminal); }
  /// What the step gave, if it was a bool; rethrows.
  bool result() {
    wait();
    if (thrown_) std::rethrow_exception(std::exchange(thrown_, nullptr));
    return result_;
  }
  /// What the step failed with; nothing if it did not.
  std::optional<Code> code() {
    try {
      result();
    } catch (const Error& error) {
      return error.code();
    }
    return std::nullopt;
  }

 private:
  void wait() {
    if (thread_.joinable()) return thread_.join();
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    const auto guard = boost::asio::make_work_guard(io_);
    while (!done_ && std::chrono::steady_clock::now() < end) {
      io_.restart();
      io_.run_one_for(std::chrono::milliseconds(50));
    }
    if (!done_) throw std::runtime_error("a step in the background did not end in time");
  }

  boost::asio::io_context& io_;
  Function function_;
  boost::asio::cancellation_signal cancellation_;
  std::thread thread_;
  std::exception_ptr thrown_;
  std::atomic<bool> done_{false};
  bool result_ = false;
};

/// A server and a channel to it.
class StreamRig {
 public:
  explicit StreamRig(const StreamCase& tested, ServerOptions server_options = ServerOptions(),
                     ChannelOptions options = ChannelOptions())
      : case_(tested), server_(tested.server, std::move(server_options)) {
    options.protocol = case_.protocol;
    options.http_version = case_.version;
    if (case_.client == ClientStyle::elsewhere) {
      connections_.emplace(1);
      guard_.emplace(boost::asio::make_work_guard(*connections_));
      runner_ = std::thread([this] { connections_->run(); });
    }
    channel_ = case_.client == ClientStyle::here ? Channel::make(io_, server_.url(), std::move(options))
               : case_.client == ClientStyle::elsewhere
                   ? Channel::make(*connections_, server_.url(), std::move(options))
                   : Channel::make(server_.url(), std::move(options));
  }
  ~StreamRig() {
    channel_.reset();
    guard_.reset();
    if (runner_.joinable()) {
      connections_->stop();
      runner_.join();
    }
  }

  TestServer& server() { return server_; }
  Counters& counters() { return server_.counters(); }
  const ChannelPtr& channel() const { return channel_; }
  /// Where coroutines of the test run.
  boost::asio::io_context& io() { return io_; }

  /// A call of the kind that is tested.
  std::unique_ptr<Caller> call(const CallOptions& options) {
    const ProbeRequest request = request_of("request");
    if (case_.client == ClientStyle::blocking) {
      const ::probe::v1::ProbeServiceClientSync client(channel_);
      if (case_.kind == StreamType::server) return hold(client.serve(request, options));
      if (case_.kind == StreamType::client) return hold(client.collect(options));
      return hold(client.talk(options));
    }
    const ::probe::v1::ProbeServiceClient client(channel_);
    if (case_.kind == StreamType::server) return hold(client.serve(request, options));
    if (case_.kind == StreamType::client) return hold(client.collect(options));
    return hold(client.talk(options));
  }
  /// The same, or any other method, by Channel::open.
  std::unique_ptr<Caller> open(const MethodSpec& method, const CallOptions& options) {
    if (case_.client == ClientStyle::blocking) return hold(channel_->open_sync(method, options));
    return hold(channel_->open(method, options));
  }
  const MethodSpec& method() const {
    using Handler = ::probe::v1::ProbeServiceHandler;
    return case_.kind == StreamType::server   ? Handler::serve_method
           : case_.kind == StreamType::client ? Handler::collect_method
                                              : Handler::talk_method;
  }

  /// Runs `function` with a call of the bidi method, as the style has it.
  template <class Function>
  auto with_talk(const CallOptions& options, Function function) {
    if (case_.client == ClientStyle::blocking) {
      return function(::probe::v1::ProbeServiceClientSync(channel_).talk(options));
    }
    return function(::probe::v1::ProbeServiceClient(channel_).talk(options));
  }

  /// Lets what is under way on the test's loop go on.
  void idle(std::chrono::milliseconds time) {
    if (case_.client == ClientStyle::blocking) return std::this_thread::sleep_for(time);
    const auto guard = boost::asio::make_work_guard(io_);
    io_.restart();
    io_.run_for(time);
  }
  template <class Condition>
  bool eventually(Condition condition) {
    for (int i = 0; i < 1000 && !condition(); ++i) idle(std::chrono::milliseconds(5));
    return condition();
  }
  /// The server and the channel are as good as new.
  void expect_good_call() {
    const ProbeRequest request = request_of("again");
    const auto response = case_.client == ClientStyle::blocking
                              ? ::probe::v1::ProbeServiceClientSync(channel_).probe(request)
                              : run_on(io_, ::probe::v1::ProbeServiceClient(channel_).probe(request));
    EXPECT_EQ(response->text(), "hello again");
  }

 private:
  template <class AnyCall>
  std::unique_ptr<Caller> hold(AnyCall call) {
    return std::make_unique<CallerOf<AnyCall>>(std::move(call), io_);
  }

  const StreamCase case_;
  TestServer server_;
  // After the server, which waits for connections that go down with it.
  boost::asio::io_context io_{1};
  std::optional<boost::asio::io_context> connections_;
  std::optional<boost::asio::executor_work_guard<boost::asio::io_context::executor_type>> guard_;
  std::thread runner_;
  ChannelPtr channel_;
};

}  // namespace connectrpc::probe_test
