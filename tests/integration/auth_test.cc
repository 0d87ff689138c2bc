// Bearer and basic authentication in every protocol.
#include "connectrpc/auth.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <string>

#include "connectrpc/client.h"
#include "connectrpc/server.h"
#include "connectrpc/testing/in_memory_server.h"
#include "greet/v1/greet.connect.h"
#include "integration/greet_caller.h"
#include "io/test_certificate_testlib.h"

namespace connectrpc {
namespace {

using greet::v1::GreetRequest;
using greet::v1::GreetResponse;
using greet::v1::GreetServiceClientSync;
using greet_test::named;
using ::testing::HasSubstr;
using ::testing::Not;

struct User {
  std::string name;
};

class Greeter : public greet::v1::GreetServiceHandler {
 public:
  std::atomic<int> calls{0};

 private:
  Task<GreetResponse> greet(const GreetRequest& request, Context& context) override {
    ++calls;
    GreetResponse response;
    const User* user = context.value<User>();
    response.set_greeting("hello " + (user != nullptr ? user->name : request.name()));
    co_return response;
  }
};

class AuthTest : public ::testing::TestWithParam<Protocol> {
 protected:
  // The greeting, or the error with its challenge.
  std::string call(const std::vector<std::string>& authorization) {
    ChannelOptions options;
    options.protocol = GetParam();
    options.http_version = HttpVersion::http2;
    const GreetServiceClientSync client(server_.channel(options));
    CallOptions call;
    for (const std::string& value : authorization) call.header("authorization", value);
    try {
      return (*client.greet(named("Ann"), call)).greeting();
    } catch (const Error& error) {
      const Headers metadata = error.metadata();
      return std::string(error.what()) + " | " + std::string(metadata["www-authenticate"]);
    }
  }

  Greeter greeter_;
  testing::InMemoryServer server_;
};

INSTANTIATE_TEST_SUITE_P(Protocols, AuthTest, ::testing::Values(Protocol::connect, Protocol::grpc, Protocol::grpc_web));

TEST_P(AuthTest, BearerTokens) {
  server_.add(greeter_).intercept(bearer_auth({"first.token", "second/token=="}, {.realm = "greetings"}));
  EXPECT_EQ(call({"Bearer first.token"}), "hello Ann");
  EXPECT_EQ(call({"bEARER second/token=="}), "hello Ann");
  const std::string missing = "unauthenticated: a bearer token is needed | Bearer realm=\"greetings\"";
  const std::string refused =
      "unauthenticated: the bearer token is not accepted | Bearer realm=\"greetings\", error=\"invalid_token\"";
  EXPECT_EQ(greeter_.calls, 2);
  EXPECT_EQ(call({}), missing);
  EXPECT_EQ(call({"Basic first.token"}), missing);
  EXPECT_EQ(call({"Bearerfirst.token"}), missing);
  EXPECT_EQ(call({"Bearer first.token", "Bearer first.token"}), missing);
  for (const char* wrong : {"first.toke", "first.tokenx", "first.token,second", "two words", "\"first.token\"", "="}) {
    EXPECT_EQ(call({std::string("Bearer ") + wrong}), refused) << wrong;
  }
  EXPECT_EQ(greeter_.calls, 2);
}

TEST_P(AuthTest, WithoutARealm) {
  server_.add(greeter_).intercept(bearer_auth({"good"}));
  EXPECT_EQ(call({}), "unauthenticated: a bearer token is needed | Bearer");
  EXPECT_EQ(call({"Bearer bad"}), "unauthenticated: the bearer token is not accepted | Bearer error=\"invalid_token\"");
}

TEST_P(AuthTest, OpenMethodsNeedNothing) {
  server_.add(greeter_).intercept(bearer_auth({"good"}, {.open = {"greet.v1.GreetService/Greet"}}));
  EXPECT_EQ(call({}), "hello Ann");
}

TEST_P(AuthTest, ACheckMayWaitSetValuesAndThrow) {
  server_.add(greeter_).intercept(bearer_auth([](std::string_view token, Context& context) -> Task<bool> {
    boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor, std::chrono::milliseconds(5));
    co_await timer.async_wait(boost::asio::use_awaitable);
    if (token == "banned") throw Error(Code::permission_denied, "not you");
    context.set_value(User{"the bearer of " + std::string(token)});
    co_return context.method().name() == "Greet" && token != "bad";
  }));
  EXPECT_EQ(call({"Bearer good"}), "hello the bearer of good");
  EXPECT_THAT(call({"Bearer bad"}), HasSubstr("unauthenticated"));
  EXPECT_EQ(call({"Bearer banned"}), "permission_denied: not you | ");
}

TEST_P(AuthTest, BasicLogins) {
  server_.add(greeter_).intercept(basic_auth({{"ada", "love:lace"}, {"grace", "hopper"}}, {.realm = "r"}));
  // base64 of user:password.
  EXPECT_EQ(call({"Basic YWRhOmxvdmU6bGFjZQ=="}), "hello Ann");
  EXPECT_EQ(call({"basic Z3JhY2U6aG9wcGVy"}), "hello Ann");
  EXPECT_EQ(call({}), "unauthenticated: a user and a password are needed | Basic realm=\"r\", charset=\"UTF-8\"");
  const std::string refused =
      "unauthenticated: the user and the password are not accepted | Basic realm=\"r\", charset=\"UTF-8\"";
  // ada:hopper, ada, "", ":", not base64.
  for (const char* wrong : {"YWRhOmhvcHBlcg==", "YWRh", "", "Og==", "!!!!"}) {
    if (*wrong == '\0') continue;
    EXPECT_EQ(call({std::string("Basic ") + wrong}), refused) << wrong;
  }
  EXPECT_EQ(greeter_.calls, 2);
}

TEST(AuthPeerTest, ACheckSeesTheCertificateOfThePeer) {
  const io::TestCertificate ca = io::make_test_certificate(io::TestCertificateSpec());
  Greeter greeter;
  Server server;
  server.add(greeter).intercept(bearer_auth([](std::string_view, Context& context) -> Task<bool> {
    const TlsInfo* tls = context.peer().tls();
    if (tls == nullptr || !tls->certificate) co_return false;
    context.set_value(User{tls->certificate->subject});
    co_return true;
  }));
  TlsConfig tls = TlsConfig::from_pem(ca.certificate, ca.key);
  tls.client_ca_pem(ca.certificate);
  const std::string url = "https://127.0.0.1:" + std::to_string(server.listen("127.0.0.1:0", tls));
  server.start();
  const auto call = [&](bool with_certificate) -> std::string {
    ChannelOptions options;
    options.tls.ca_pem(ca.certificate);
    if (with_certificate) options.tls.certificate_pem(ca.certificate, ca.key);
    const GreetServiceClientSync client(url, options);
    try {
      return (*client.greet(named("Ann"), {{"authorization", "Bearer any"}})).greeting();
    } catch (const Error& error) {
      return std::string(to_string(error.code()));
    }
  };
  EXPECT_THAT(call(true), HasSubstr("hello CN="));
  EXPECT_EQ(call(false), "unauthenticated");
}

}  // namespace
}  // namespace connectrpc
