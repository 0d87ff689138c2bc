// Every form in which users write calls and metadata, as GCC 12 compiles them (docs/coroutines.md): run under
// AddressSanitizer, which sees a temporary that is freed twice.
#include <map>

#include "integration/harness.h"

namespace connectrpc::probe_test {
namespace {

using namespace std::chrono_literals;
using ::probe::v1::ProbeServiceClient;
using ::probe::v1::ProbeServiceClientSync;

std::string long_text(char c) { return std::string(60, c); }

std::string seen(const ProbeResponse& response, std::string_view name) {
  std::string found;
  for (const Pair& pair : response.request_headers())
    if (pair.name() == name) found += (found.empty() ? "" : "|") + pair.value();
  return found;
}

Task<> coroutine_forms(const ProbeServiceClient& client) {
  ProbeRequest request;
  request.set_text(long_text('r'));
  const std::string token = long_text('t');
  const std::map<std::string, std::string> map{{"a", "b"}, {"c", long_text('d')}};

  auto plain = co_await client.probe(request);
  EXPECT_EQ(plain->text(), "hello " + request.text());
  auto empty = co_await client.probe(request, {});
  EXPECT_EQ(empty->text(), plain->text());
  auto one = co_await client.probe(request, {{"acme-tenant-id", "1234"}});
  EXPECT_EQ(seen(*one, "acme-tenant-id"), "1234");
  auto two = co_await client.probe(request, {{"a", "b"}, {"c", "d"}});
  EXPECT_EQ(seen(*two, "a") + seen(*two, "c"), "bd");
  auto three =
      co_await client.probe(request, {{"auth-token", token}, {"time", long_text('n')}, {"x", std::string_view("y")}});
  EXPECT_EQ(seen(*three, "auth-token"), token);
  EXPECT_EQ(seen(*three, "time"), long_text('n'));
  auto eight = co_await client.probe(
      request,
      {{"a", "1"}, {"b", "2"}, {"c", "3"}, {"d", "4"}, {"e", "5"}, {"f", "6"}, {"g", "7"}, {"h", long_text('8')}});
  EXPECT_EQ(seen(*eight, "h"), long_text('8'));
  // Three braces make the same two pairs, by way of a Headers.
  auto braces = co_await client.probe(request, {{{"a", long_text('a')}, {"c", long_text('d')}}});
  EXPECT_EQ(seen(*braces, "a") + seen(*braces, "c"), long_text('a') + long_text('d'));
  auto chained = co_await client.probe(
      request, CallOptions().header("auth-token", token).binary_header("auth-token-bin", token).timeout(20s));
  EXPECT_EQ(seen(*chained, "auth-token-bin"), encode_binary_header(token));
  auto ranged = co_await client.probe(request, Headers(map));
  EXPECT_EQ(seen(*ranged, "c"), long_text('d'));
  Headers kept{{"kept", long_text('k')}};
  auto named = co_await client.probe(request, kept);
  EXPECT_EQ(seen(*named, "kept"), long_text('k'));
  EXPECT_EQ(kept.size(), 1u);

  // A message that is a temporary of the awaited expression.
  auto temporary = co_await client.probe(ProbeRequest(request), {{"time", long_text('n')}});
  EXPECT_EQ(temporary->text(), plain->text());
  // Values out of a temporary.
  const ProbeResponse message = *co_await client.probe(request);
  EXPECT_EQ(message.text(), plain->text());
  const Headers headers = (co_await client.probe(request)).headers();
  EXPECT_FALSE(headers.contains("content-type"));

  // By value instead of by exception.
  auto result = co_await as_result(client.probe(request, {{"a", long_text('a')}}));
  EXPECT_TRUE(result.has_value());
  EXPECT_EQ((*result)->text(), plain->text());
  request.set_code(5);
  request.set_message(long_text('m'));
  auto failed = co_await as_result(client.probe(request, {{"a", long_text('a')}}));
  EXPECT_FALSE(failed.has_value());
  EXPECT_EQ(failed.error().code(), Code::not_found);
  EXPECT_EQ(failed.error().message(), long_text('m'));
}

TEST(CallForms, OfCoroutines) {
  TestServer server;
  const ProbeServiceClient client(server.url());
  run(coroutine_forms(client));
}

TEST(CallForms, OfThreads) {
  TestServer server;
  const ProbeServiceClientSync client(server.url());
  ProbeRequest request;
  const std::map<std::string, std::string> map{{"a", "b"}};
  EXPECT_EQ((*client.probe(request)).text(), "hello ");
  EXPECT_EQ(seen(*client.probe(request, {{"a", "b"}, {"c", "d"}}), "c"), "d");
  EXPECT_EQ(seen(*client.probe(request, Headers(map)), "a"), "b");
  EXPECT_EQ(seen(*client.probe(request, CallOptions().header("k", "v").timeout(20s)), "k"), "v");
  request.set_code(3);
  const auto failed = as_result([&] { return client.probe(request); });
  ASSERT_FALSE(failed.has_value());
  EXPECT_EQ(failed.error().code(), Code::invalid_argument);
}

// The call owns what it needs: request, options, client and channel may be gone when it is awaited.
TEST(CallForms, OutliveWhatTheyWereMadeOf) {
  TestServer server;
  auto make = [&]() -> Task<Response<ProbeResponse>> {
    const ProbeServiceClient client(server.url());
    ProbeRequest request;
    request.set_text(long_text('q'));
    CallOptions options({"a", long_text('a')});
    return client.probe(request, options);
  };
  const Response<ProbeResponse> response = run(make());
  EXPECT_EQ(response->text(), "hello " + long_text('q'));
  EXPECT_EQ(seen(*response, "a"), long_text('a'));
}

TEST(CallForms, SendNothingUnlessAwaited) {
  TestServer server;
  const ProbeServiceClient client(server.url());
  {
    auto never = client.probe(ProbeRequest());
  }
  EXPECT_EQ(server.counters().started, 0);
}

TEST(CallForms, ThrowMisuseFromTheExpression) {
  TestServer server;
  const ProbeServiceClient client(server.url());
  EXPECT_THROW(static_cast<void>(client.probe(ProbeRequest(), {{"bad name", "x"}})), std::invalid_argument);
  EXPECT_THROW(static_cast<void>(client.probe(ProbeRequest(), {{"grpc-timeout", "1S"}})), std::invalid_argument);
  EXPECT_THROW(static_cast<void>(client.probe(ProbeRequest(), CallOptions().use_get())), std::logic_error);
  EXPECT_THROW(static_cast<void>(client.probe(ProbeRequest(), CallOptions().compression("lzma"))),
               std::invalid_argument);
  // What only the data shows comes out of the await.
  ProbeRequest large;
  large.set_payload(std::string(1000, 'x'));
  auto call = client.probe(large, CallOptions().send_limit(10));
  try {
    run(std::move(call));
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::resource_exhausted);
  }
  EXPECT_EQ(server.counters().started, 0);
}

}  // namespace
}  // namespace connectrpc::probe_test
