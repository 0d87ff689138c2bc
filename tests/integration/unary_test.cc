// A unary call means the same in every protocol, HTTP version, codec and style.
#include <gmock/gmock.h>

#include <tuple>

#include "integration/harness.h"
#include "integration/protocol_name.h"

namespace connectrpc::probe_test {
namespace {

using ::probe::v1::ProbeServiceClient;
using ::probe::v1::ProbeServiceClientSync;
using ::testing::ElementsAre;

struct Combination {
  Style server;
  Style client;
  Protocol protocol;
  HttpVersion version;
  Codec codec;
  bool tls;
  bool get = false;
};

std::string name_of(const Combination& c) {
  std::string name = c.server == Style::coroutine ? "Coroutine" : "Blocking";
  name += c.client == Style::coroutine ? "FromCoroutine" : "FromBlocking";
  name += protocol_name(c.protocol);
  name += c.version == HttpVersion::http2 ? "Http2" : "Http1";
  name += c.codec == Codec::proto ? "Proto" : "Json";
  if (c.tls) name += "Tls";
  if (c.get) name += "Get";
  return name;
}

std::vector<Combination> all_combinations() {
  std::vector<Combination> all;
  for (const Style server : {Style::coroutine, Style::blocking})
    for (const Style client : {Style::coroutine, Style::blocking})
      for (const Protocol protocol : {Protocol::connect, Protocol::grpc, Protocol::grpc_web})
        for (const HttpVersion version : {HttpVersion::http1_1, HttpVersion::http2})
          for (const Codec codec : {Codec::proto, Codec::json})
            for (const bool tls : {false, true}) {
              if (protocol == Protocol::grpc && version == HttpVersion::http1_1) continue;
              all.push_back({server, client, protocol, version, codec, tls});
              if (protocol == Protocol::connect) all.push_back({server, client, protocol, version, codec, tls, true});
            }
  return all;
}

class Unary : public ::testing::TestWithParam<Combination> {
 protected:
  Unary() : server_(GetParam().server, ServerOptions(), GetParam().tls) {
    ChannelOptions options = server_.channel_options();
    options.protocol = GetParam().protocol;
    options.http_version = GetParam().version;
    options.codec = GetParam().codec;
    channel_ = Channel::make(server_.url(), std::move(options));
  }

  Response<ProbeResponse> call(const ProbeRequest& request, CallOptions options = CallOptions()) {
    if (GetParam().get) options.use_get();
    if (GetParam().client == Style::blocking) {
      const ProbeServiceClientSync client(channel_);
      return GetParam().get ? client.look(request, options) : client.probe(request, options);
    }
    const ProbeServiceClient client(channel_);
    return run(GetParam().get ? client.look(request, options) : client.probe(request, options));
  }

  TestServer server_;
  ChannelPtr channel_;
};

std::vector<std::string> values(const ProbeResponse& response, std::string_view name) {
  std::vector<std::string> found;
  for (const Pair& pair : response.request_headers())
    if (pair.name() == name) found.push_back(pair.value());
  return found;
}

void add(google::protobuf::RepeatedPtrField<Pair>* pairs, const std::string& name, const std::string& value) {
  Pair* pair = pairs->Add();
  pair->set_name(name);
  pair->set_value(value);
}

TEST_P(Unary, CarriesMessageAndMetadataBothWays) {
  ProbeRequest request;
  request.set_text("wörld");
  request.set_payload(std::string("\0\xff\x01", 3));
  add(request.mutable_response_headers(), "x-twice", "one");
  add(request.mutable_response_headers(), "x-twice", "two, three");
  add(request.mutable_response_headers(), "x-raw-bin", std::string("\0\x01", 2));
  add(request.mutable_response_trailers(), "x-cost", "3ms");
  add(request.mutable_response_trailers(), "x-cost", "");
  add(request.mutable_response_trailers(), "x-sum-bin", "sum");
  CallOptions options({"X-Tenant", "1234"}, {"x-many", "a"}, {"x-many", "b"});
  options.binary_header("x-token-bin", std::string_view("\xfe\x00", 2)).timeout(std::chrono::seconds(30));

  const Response<ProbeResponse> response = call(request, options);

  EXPECT_EQ(response->text(), "hello wörld");
  EXPECT_EQ(response->payload(), request.payload());
  EXPECT_THAT(values(*response, "x-tenant"), ElementsAre("1234"));
  EXPECT_THAT(values(*response, "x-many"), ElementsAre("a", "b"));
  EXPECT_THAT(values(*response, "x-token-bin"), ElementsAre("/gA"));
  EXPECT_EQ(response->protocol(), to_string(GetParam().protocol));
  EXPECT_EQ(response->http_version(), to_string(GetParam().version));
  EXPECT_EQ(response->http_method(), GetParam().get ? "GET" : "POST");
  EXPECT_GT(response->remaining_ms(), 20'000);
  EXPECT_LE(response->remaining_ms(), 30'000);
  EXPECT_THAT(response->peer(), ::testing::StartsWith("127.0.0.1:"));
  for (const Pair& pair : response->request_headers()) {
    EXPECT_TRUE(pair.name() == "user-agent" || pair.name().starts_with("x-")) << pair.name();
  }

  EXPECT_THAT(response.headers().get_all("x-twice"), ElementsAre("one", "two, three"));
  EXPECT_EQ(response.headers().get_binary("x-raw-bin").value(), std::string("\0\x01", 2));
  EXPECT_FALSE(response.headers().contains("x-cost"));
  EXPECT_FALSE(response.headers().contains("content-type"));
  EXPECT_THAT(response.trailers().get_all("x-cost"), ElementsAre("3ms", ""));
  EXPECT_EQ(response.trailers().get_binary("x-sum-bin").value(), "sum");
  EXPECT_EQ(response.trailers().size(), 3u);
  EXPECT_EQ(response.peer().to_string(), "127.0.0.1:" + std::to_string(server_.port()));
  EXPECT_EQ(response.peer().tls() != nullptr, GetParam().tls);
}

TEST_P(Unary, CarriesAnErrorWithEverything) {
  ProbeRequest request;
  request.set_code(static_cast<int>(Code::failed_precondition));
  request.set_message("50 % of it\nfäiled");
  request.set_detail("because");
  add(request.mutable_response_headers(), "x-head", "h");
  add(request.mutable_response_trailers(), "x-tail", "t");
  add(request.mutable_error_metadata(), "x-own", "1");
  add(request.mutable_error_metadata(), "x-own", "2");
  add(request.mutable_error_metadata(), "x-own-bin", std::string("\0", 1));
  try {
    call(request);
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::failed_precondition);
    EXPECT_EQ(error.message(), request.message());
    EXPECT_TRUE(error.is_remote());
    ASSERT_EQ(error.details().size(), 1u);
    EXPECT_EQ(error.details()[0].type, "probe.v1.ProbeRequest");
    EXPECT_EQ(error.detail<ProbeRequest>().value().text(), "because");
    EXPECT_EQ(error.headers()["x-head"], "h");
    EXPECT_EQ(error.trailers()["x-tail"], "t");
    // The one expected difference (metadata.md C4).
    const Headers& own = GetParam().protocol == Protocol::connect ? error.headers() : error.trailers();
    EXPECT_THAT(own.get_all("x-own"), ElementsAre("1", "2"));
    EXPECT_THAT(error.metadata().get_all("x-own"), ElementsAre("1", "2"));
    EXPECT_EQ(error.metadata().get_binary("x-own-bin").value(), std::string("\0", 1));
    std::vector<std::string> names;
    for (const auto& [name, value] : error.metadata())
      if (name.starts_with("x-")) names.emplace_back(name);
    EXPECT_THAT(names, ElementsAre("x-head", "x-own", "x-own", "x-own-bin", "x-tail"));
  }
}

TEST_P(Unary, HidesWhatAHandlerThrows) {
  ProbeRequest request;
  request.set_crash(true);
  try {
    call(request);
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::unknown);
    EXPECT_EQ(error.message().find("secret"), std::string::npos);
  }
  EXPECT_TRUE(server_.logged("secret of the house"));
}

TEST_P(Unary, CarriesLargeMessages) {
  if (GetParam().get) return;  // a URL has its limit; FallsBackToPost covers it
  ProbeRequest request;
  request.set_payload(std::string(1'000'000, 'p'));
  request.set_answer_size(2'000'000);
  const Response<ProbeResponse> response = call(request);
  EXPECT_EQ(response->payload().size(), 2'000'000u);
}

TEST_P(Unary, IsRefusedWhereTheMethodIsMissing) {
  const ProbeServiceClientSync client(channel_);
  try {
    client.missing(ProbeRequest());
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::unimplemented);
  }
}

TEST_P(Unary, EndsAtItsDeadline) {
  ProbeRequest request;
  request.set_delay_ms(5'000);
  const auto begin = std::chrono::steady_clock::now();
  try {
    call(request, CallOptions().timeout(std::chrono::milliseconds(50)));
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::deadline_exceeded);
  }
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(3));
  EXPECT_TRUE(eventually([&] { return server_.counters().ended == 1; }));
  EXPECT_NE(server_.counters().cancelled, -1);
  // The worker is as good as new.
  request.set_delay_ms(0);
  const Response<ProbeResponse> again = call(request);
  EXPECT_EQ(again->text(), "hello ");
}

INSTANTIATE_TEST_SUITE_P(All, Unary, ::testing::ValuesIn(all_combinations()),
                         [](const auto& tested) { return name_of(tested.param); });

}  // namespace
}  // namespace connectrpc::probe_test
