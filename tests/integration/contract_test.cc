// Rows of the metadata contract as a user of both sides meets them: what leaves a handler, headers that have left, and
// what calls have of one another.
#include <gmock/gmock.h>

#include <new>

#include "integration/protocol_name.h"
#include "integration/raw_http2.h"
#include "integration/stream_caller.h"

namespace connectrpc::probe_test {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using Handler = ::probe::v1::ProbeServiceHandler;

/// Does what the header "do" says; the same in both styles.
void do_as_told(Context& context) {
  const std::string_view what = context.request_headers()["do"];
  if (what == "bad_alloc") throw std::bad_alloc();
  if (what == "number") throw 42;
  if (what == "misuse") context.response_headers().add("bad name", "secret");
  if (what == "send") context.send_headers_now({{"sent", "1"}});
  if (what != "late") return;
  context.response_headers().add("early", "1");
  context.send_headers_now();
  std::string refused;
  const auto attempt = [&](const std::string& name, auto change) {
    try {
      change(context.response_headers());
    } catch (const std::logic_error&) {
      refused += name + " ";
    }
  };
  attempt("add", [](Headers& headers) { headers.add("late", "1"); });
  attempt("set", [](Headers& headers) { headers.set("early", "2"); });
  attempt("erase", [](Headers& headers) { headers.erase("early"); });
  attempt("assign", [](Headers& headers) { headers = Headers({"late", "2"}); });
  attempt("clear", [](Headers& headers) { headers.clear(); });
  try {
    context.send_headers_now();
  } catch (const std::logic_error&) {
    refused += "send";
  }
  context.response_trailers().set("refused", refused);
}

void finish_as_told(Context& context) {
  if (context.request_headers()["do"] == "send") context.response_trailers().set("at-the-end", "yes");
  if (const std::string_view call = context.request_headers()["call"]; !call.empty()) {
    context.response_headers().set("answer-to", call);
    context.response_trailers().set("end-of", call);
  }
}

class Told final : public Handler {
  Task<ProbeResponse> probe(const ProbeRequest&, Context& context) override {
    do_as_told(context);
    finish_as_told(context);
    co_return ProbeResponse();
  }
  Task<> talk(StreamReader<ProbeRequest>&, StreamWriter<ProbeResponse>& responses, Context& context) override {
    do_as_told(context);
    const ProbeResponse response;
    if (context.headers_sent()) co_await responses.send(response);
    finish_as_told(context);
  }
};

class ToldSync final : public ::probe::v1::ProbeServiceHandlerSync {
  ProbeResponse probe(const ProbeRequest&, Context& context) override {
    do_as_told(context);
    finish_as_told(context);
    return {};
  }
  void talk(StreamReaderSync<ProbeRequest>&, StreamWriterSync<ProbeResponse>& responses, Context& context) override {
    do_as_told(context);
    if (context.headers_sent()) responses.send({});
    finish_as_told(context);
  }
};

/// Gives on the error that a server behind answered with.
class Front final : public Handler {
 public:
  explicit Front(ChannelPtr back) : client_(std::move(back)) {}

 private:
  Task<ProbeResponse> probe(const ProbeRequest& request, Context&) override {
    const auto response = co_await client_.probe(request);
    co_return *response;
  }
  ::probe::v1::ProbeServiceClient client_;
};

class FrontSync final : public ::probe::v1::ProbeServiceHandlerSync {
 public:
  explicit FrontSync(ChannelPtr back) : client_(std::move(back)) {}

 private:
  ProbeResponse probe(const ProbeRequest& request, Context&) override { return *client_.probe(request); }
  ::probe::v1::ProbeServiceClientSync client_;
};

struct Case {
  Protocol protocol;
  HttpVersion version;
  Style style;
};

/// What a call came to.
struct Came {
  std::optional<Error> error;
  Headers headers;
  Headers trailers;
};

class Contract : public ::testing::TestWithParam<Case> {
 protected:
  template <class Service, class ServiceSync>
  void serve(Service& service, ServiceSync& blocking) {
    ServerOptions options;
    options.log = [this](const LogRecord& record) {
      const std::lock_guard lock(mutex_);
      log_.emplace_back(record.text);
    };
    server_.emplace(std::move(options));
    if (GetParam().style == Style::coroutine) {
      server_->add(service);
    } else {
      server_->add(blocking);
    }
    const auto port = server_->listen("127.0.0.1:0");
    server_->start();
    channel_ = Channel::make("http://127.0.0.1:" + std::to_string(port), options_of());
  }
  static ChannelOptions options_of() {
    ChannelOptions options;
    options.protocol = GetParam().protocol;
    options.http_version = GetParam().version;
    return options;
  }
  Came unary(const CallOptions& options, const ProbeRequest& request = ProbeRequest()) {
    try {
      const auto response = ::probe::v1::ProbeServiceClientSync(channel_).probe(request, options);
      return {std::nullopt, response.headers(), response.trailers()};
    } catch (const Error& error) {
      return {error, error.headers(), error.trailers()};
    }
  }
  Came stream(const CallOptions& options) {
    auto call = ::probe::v1::ProbeServiceClientSync(channel_).talk(options);
    try {
      call.close_send();
      while (call.receive()) continue;
      return {std::nullopt, call.headers(), call.trailers()};
    } catch (const Error& error) {
      return {error, error.headers(), error.trailers()};
    }
  }
  std::vector<std::string> take_log() {
    const std::lock_guard lock(mutex_);
    return std::exchange(log_, {});
  }

  Told told_;
  ToldSync told_sync_;
  std::mutex mutex_;
  std::vector<std::string> log_;
  std::optional<Server> server_;
  ChannelPtr channel_;
};

// S5.
TEST_P(Contract, WhatLeavesAHandlerIsNoSecret) {
  serve(told_, told_sync_);
  struct Left {
    std::string what;
    Code code;
    std::string message;
    std::string logged;
  };
  const Left all[] = {{"bad_alloc", Code::resource_exhausted, "the server is out of memory", "ran out of memory"},
                      {"number", Code::unknown, "the handler failed", "threw no std::exception"},
                      {"misuse", Code::unknown, "the handler failed", "bad name"}};
  for (const Left& left : all) {
    SCOPED_TRACE(left.what);
    for (const bool streams : {false, true}) {
      const CallOptions options = CallOptions().header("do", left.what);
      const Came came = streams ? stream(options) : unary(options);
      ASSERT_TRUE(came.error);
      EXPECT_EQ(came.error->code(), left.code);
      EXPECT_EQ(came.error->message(), left.message);
      EXPECT_TRUE(came.error->is_remote());
      EXPECT_THAT(take_log(), ElementsAre(HasSubstr(left.logged)));
    }
  }
}

// S2: Connect's unary calls, whose headers have not left yet, included.
TEST_P(Contract, HeadersThatHaveLeftCannotBeChanged) {
  serve(told_, told_sync_);
  const CallOptions late = CallOptions().header("do", "late");
  for (const Came& came : {unary(late), stream(late)}) {
    EXPECT_FALSE(came.error);
    EXPECT_EQ(came.headers["early"], "1");
    EXPECT_FALSE(came.headers.contains("late"));
    EXPECT_EQ(came.trailers["refused"], "add set erase assign clear send");
  }
}

// S3.
TEST_P(Contract, TrailersMayBeSetAfterTheLastMessage) {
  serve(told_, told_sync_);
  const CallOptions send = CallOptions().header("do", "send");
  for (const Came& came : {unary(send), stream(send)}) {
    EXPECT_FALSE(came.error);
    EXPECT_EQ(came.headers["sent"], "1");
    EXPECT_EQ(came.trailers["at-the-end"], "yes");
  }
}

// C1, C2.
TEST_P(Contract, CallsHaveNothingOfOneAnother) {
  serve(told_, told_sync_);
  const CallOptions common = CallOptions().header("common", "1").timeout(std::chrono::seconds(20));
  for (int i = 0; i < 3; ++i) {
    const std::string number = std::to_string(i);
    CallOptions own = common;
    own.header("call", number);
    for (const Came& came : {unary(own), stream(own)}) {
      EXPECT_THAT(came.headers.get_all("answer-to"), ElementsAre(number));
      EXPECT_THAT(came.trailers.get_all("end-of"), ElementsAre(number));
    }
    EXPECT_EQ(own.headers(), Headers({{"common", "1"}, {"call", number}}));
    EXPECT_EQ(common.headers(), Headers({"common", "1"}));
    for (const Came& came : {unary(common), stream(common)}) {
      EXPECT_FALSE(came.headers.contains("answer-to"));
      EXPECT_FALSE(came.trailers.contains("end-of"));
    }
  }
}

// S5: what another server said stays with who asked it; what its people wrote for the caller goes on.
TEST_P(Contract, ARemoteErrorGoesOnWithoutItsMetadata) {
  TestServer back;
  Front front(Channel::make(back.url(), options_of()));
  FrontSync blocking(Channel::make(back.url(), options_of()));
  serve(front, blocking);
  ProbeRequest fail;
  fail.set_code(static_cast<int>(Code::failed_precondition));
  fail.set_message("not now");
  fail.set_detail("why");
  add(fail.mutable_error_metadata(), "of-back", "1");
  add(fail.mutable_response_headers(), "head-of-back", "1");
  add(fail.mutable_response_trailers(), "end-of-back", "1");
  const Came came = unary(CallOptions(), fail);
  ASSERT_TRUE(came.error);
  EXPECT_EQ(came.error->code(), Code::failed_precondition);
  EXPECT_EQ(came.error->message(), "not now");
  ASSERT_TRUE(came.error->detail<ProbeRequest>());
  EXPECT_EQ(came.error->detail<ProbeRequest>()->text(), "why");
  for (const char* name : {"of-back", "head-of-back", "end-of-back"})
    EXPECT_FALSE(came.error->metadata().contains(name)) << name;
}

INSTANTIATE_TEST_SUITE_P(All, Contract, ::testing::ValuesIn([] {
                           std::vector<Case> all;
                           for (const auto& [protocol, version] : all_wires())
                             for (const Style style : {Style::coroutine, Style::blocking})
                               all.push_back({protocol, version, style});
                           return all;
                         }()),
                         [](const auto& tested) {
                           const Case& c = tested.param;
                           return std::string(protocol_name(c.protocol)) +
                                  (c.version == HttpVersion::http2 ? "Http2" : "Http1") +
                                  (c.style == Style::blocking ? "Blocking" : "Coroutine");
                         });

// C2: a proxy that answers for the server is heard, too.
TEST(ContractOfProxies, APageWithAStatusHasItsHeaders) {
  RawHttp2Server proxy([](RawHttp2& peer, int) {
    while (const auto event = peer.next()) {
      if (event->kind != RawHttp2::Event::Kind::end) continue;
      peer.send(raw::frame(raw::headers, raw::end_headers, event->id,
                           raw::field(":status", "503") + raw::field("content-type", "text/html") +
                               raw::field("retry-after", "30") + raw::field("via", "proxy-7")) +
                raw::frame(raw::data, raw::end_stream, event->id, "<html>busy</html>"));
    }
  });
  for (const Protocol protocol : {Protocol::connect, Protocol::grpc, Protocol::grpc_web}) {
    ChannelOptions options;
    options.protocol = protocol;
    options.http_version = HttpVersion::http2;
    const ::probe::v1::ProbeServiceClientSync client(proxy.url(), options);
    const auto result = as_result([&] { return client.probe(ProbeRequest()); });
    ASSERT_FALSE(result.has_value());
    auto call = client.talk();
    call.close_send();
    std::optional<Error> streamed;
    try {
      call.receive();
    } catch (const Error& error) {
      streamed = error;
    }
    ASSERT_TRUE(streamed);
    for (const Error& error : {result.error(), *streamed}) {
      EXPECT_EQ(error.code(), Code::unavailable);
      EXPECT_TRUE(error.is_remote());
      EXPECT_THAT(error.message(), HasSubstr("503"));
      EXPECT_EQ(error.headers()["retry-after"], "30");
      EXPECT_EQ(error.headers()["via"], "proxy-7");
      EXPECT_THAT(error.trailers(), IsEmpty());
    }
  }
  EXPECT_EQ(proxy.failure(), "");
}

}  // namespace
}  // namespace connectrpc::probe_test
