// CORS: the exact requests of the Fetch standard, and what pages may read of the answers.
#include "connectrpc/http/cors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <set>
#include <stdexcept>
#include <string>

#include "base/ascii.h"
#include "connectrpc/auth.h"
#include "connectrpc/server.h"
#include "greet/v1/greet.connect.h"
#include "integration/plain_http.h"

namespace connectrpc {
namespace {

using greet::v1::GreetRequest;
using greet::v1::GreetResponse;
using probe_test::Answer;
using probe_test::Field;
using probe_test::PlainClient;
using probe_test::raw;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

const std::string page = "https://app.example.com";
const std::string greet = "/greet.v1.GreetService/Greet";

class Greeter : public greet::v1::GreetServiceHandler {
  Task<GreetResponse> greet(const GreetRequest& request, Context& context) override {
    context.response_headers().set("greet-version", "v1");
    context.response_headers().set("vary", "acme-tenant");
    context.response_trailers().set("greet-cost", "3ms");
    if (request.name() == "fail") throw Error(Code::not_found, "nobody").with_metadata("why", "asked");
    GreetResponse response;
    response.set_greeting("hello " + request.name());
    co_return response;
  }
};

// The names in lists like "a, b", lower case as CORS compares them.
std::set<std::string> names_in(const Answer& answer, std::string_view field) {
  std::set<std::string> names;
  for (const std::string& value : answer.all(field)) {
    for (const std::string_view name : base::split_commas(value)) names.insert(base::to_lower(name));
  }
  return names;
}

class CorsTest : public ::testing::TestWithParam<HttpVersion> {
 protected:
  void serve(http::CorsOptions options, bool with_auth = false) {
    server_.use(http::cors(std::move(options)));
    if (with_auth) server_.intercept(bearer_auth({"good"}));
    server_.add(greeter_);
    const std::uint16_t port = server_.listen("127.0.0.1:0");
    server_.start();
    client_.emplace(port, GetParam());
  }
  Answer preflight(const std::string& origin, const std::string& headers = "content-type,connect-protocol-version") {
    return client_->request("OPTIONS", greet,
                            raw(Field{"origin", origin}, Field{"access-control-request-method", "POST"},
                                Field{"access-control-request-headers", headers}));
  }
  Answer post(const std::string& origin, const std::string& body, const std::string& type = "application/json") {
    Headers headers = raw(Field{"content-type", type});
    if (!origin.empty()) detail::HeadersAccess::append(headers, "origin", origin);
    return client_->request("POST", greet, headers, body);
  }

  Greeter greeter_;
  Server server_;
  std::optional<PlainClient> client_;
};

INSTANTIATE_TEST_SUITE_P(Versions, CorsTest, ::testing::Values(HttpVersion::http1_1, HttpVersion::http2));

TEST_P(CorsTest, Preflight) {
  serve({.origins = {"http://localhost:3000", page}, .request_headers = {"Acme-Tenant"}});
  const Answer answer = preflight(page);
  EXPECT_EQ(answer.status, 204);
  EXPECT_EQ(answer.body, "");
  EXPECT_FALSE(answer.cut);
  EXPECT_THAT(answer.all("access-control-allow-origin"), ElementsAre(page));
  EXPECT_EQ(names_in(answer, "access-control-allow-methods"), (std::set<std::string>{"get", "post"}));
  EXPECT_THAT(
      names_in(answer, "access-control-allow-headers"),
      AllOf(Contains("content-type"), Contains("connect-protocol-version"), Contains("connect-timeout-ms"),
            Contains("grpc-timeout"), Contains("x-grpc-web"), Contains("x-user-agent"), Contains("acme-tenant")));
  EXPECT_EQ(answer.header("access-control-max-age"), "7200");
  EXPECT_THAT(answer.all("access-control-allow-credentials"), IsEmpty());
  EXPECT_THAT(names_in(answer, "vary"), Contains("origin"));
}

TEST_P(CorsTest, APreflightFromElsewhereIsToldNothing) {
  serve({.origins = {page}, .credentials = true});
  for (const char* origin : {"https://evil.example", "https://app.example.com.evil.example", "http://app.example.com",
                             "https://app.example.com:8443", "https://APP.example.com", "null"}) {
    const Answer answer = preflight(origin);
    EXPECT_EQ(answer.status, 403) << origin;
    EXPECT_EQ(answer.body, "");
    EXPECT_THAT(names_in(answer, "vary"), Contains("origin"));
    for (const auto& [name, value] : answer.headers) EXPECT_THAT(std::string(name), Not(HasSubstr("access-control")));
  }
}

TEST_P(CorsTest, OptionsThatAreNoPreflightGoOn) {
  serve({.origins = {page}});
  EXPECT_EQ(client_->request("OPTIONS", greet, raw(Field{"origin", page})).status, 405);
  EXPECT_EQ(client_->request("OPTIONS", greet, raw(Field{"access-control-request-method", "POST"})).status, 405);
}

TEST_P(CorsTest, PagesReadDeclaredHeadersAndTrailers) {
  serve({.origins = {page}, .response_headers = {"Greet-Version"}, .trailers = {"greet-cost"}});
  const Answer answer = post(page, R"({"name":"Ann"})");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, R"({"greeting":"hello Ann"})");
  EXPECT_THAT(answer.all("access-control-allow-origin"), ElementsAre(page));
  EXPECT_EQ(answer.header("trailer-greet-cost"), "3ms");
  EXPECT_THAT(names_in(answer, "access-control-expose-headers"),
              AllOf(Contains("greet-version"), Contains("trailer-greet-cost"), Contains("greet-cost"),
                    Contains("grpc-status"), Contains("grpc-message"), Contains("grpc-status-details-bin")));
  // What the handler has set stays.
  EXPECT_EQ(names_in(answer, "vary"), (std::set<std::string>{"acme-tenant", "origin"}));
}

TEST_P(CorsTest, ExposeAllNamesWhatIsThere) {
  serve({.origins = {page}, .expose_all = true});
  EXPECT_THAT(names_in(post(page, R"({"name":"Ann"})"), "access-control-expose-headers"),
              AllOf(Contains("greet-version"), Contains("trailer-greet-cost")));
  EXPECT_THAT(names_in(post(page, R"({"name":"fail"})"), "access-control-expose-headers"), Contains("why"));
}

TEST_P(CorsTest, PagesReadErrorsOfEveryKind) {
  serve({.origins = {page}}, true);
  const Answer refused = post(page, R"({"name":"Ann"})");
  EXPECT_EQ(refused.status, 401);
  EXPECT_THAT(refused.all("access-control-allow-origin"), ElementsAre(page));
  EXPECT_THAT(refused.body, HasSubstr("unauthenticated"));
  const Answer web = post(page, std::string(5, '\0'), "application/grpc-web+proto");
  EXPECT_EQ(web.header("grpc-status"), "16");
  EXPECT_THAT(names_in(web, "access-control-expose-headers"), Contains("grpc-status"));
  const Answer unknown = client_->request("POST", "/no.Such/Method", raw(Field{"origin", page}), "{}");
  EXPECT_EQ(unknown.status, 404);
  EXPECT_THAT(unknown.all("access-control-allow-origin"), ElementsAre(page));
}

TEST_P(CorsTest, OthersAreAnsweredWithoutPermissionToRead) {
  serve({.origins = {page}});
  for (const char* origin : {"", "https://evil.example"}) {
    const Answer answer = post(origin, R"({"name":"Ann"})");
    EXPECT_EQ(answer.status, 200);
    EXPECT_THAT(answer.all("access-control-allow-origin"), IsEmpty());
    EXPECT_THAT(answer.all("access-control-expose-headers"), IsEmpty());
    EXPECT_THAT(names_in(answer, "vary"), Contains("origin"));
  }
}

TEST_P(CorsTest, Everybody) {
  serve({.origins = {"*"}});
  const Answer asked = preflight("https://anyone.example");
  EXPECT_EQ(asked.status, 204);
  EXPECT_EQ(asked.header("access-control-allow-origin"), "*");
  EXPECT_THAT(names_in(asked, "vary"), IsEmpty());
  const Answer answer = post("https://anyone.example", R"({"name":"Ann"})");
  EXPECT_EQ(answer.header("access-control-allow-origin"), "*");
  EXPECT_EQ(names_in(answer, "vary"), std::set<std::string>{"acme-tenant"});
}

TEST_P(CorsTest, CredentialsAndAnyHeader) {
  serve({.origins = {page}, .credentials = true, .request_headers = {"*"}, .max_age = std::chrono::seconds(5)});
  const Answer asked = preflight(page, "content-type,x-one, X-Two ,\"bad\"");
  EXPECT_EQ(asked.header("access-control-allow-credentials"), "true");
  EXPECT_EQ(asked.header("access-control-allow-origin"), page);
  EXPECT_THAT(names_in(asked, "access-control-allow-headers"), AllOf(Contains("x-one"), Contains("x-two")));
  // Browsers take no star beside credentials.
  EXPECT_THAT(names_in(asked, "access-control-allow-headers"), AllOf(Not(Contains("*")), Not(Contains("\"bad\""))));
  EXPECT_EQ(asked.header("access-control-max-age"), "5");
  EXPECT_EQ(names_in(asked, "vary"), (std::set<std::string>{"origin", "access-control-request-headers"}));
  EXPECT_EQ(post(page, R"({"name":"Ann"})").header("access-control-allow-credentials"), "true");
}

TEST_P(CorsTest, APredicateDecides) {
  serve({.allow_origin = [](std::string_view origin, const http::Request& request) {
    return origin.starts_with("https://") && origin.ends_with(".example.com") && request.path() == greet;
  }});
  EXPECT_EQ(preflight("https://a.example.com").status, 204);
  EXPECT_EQ(preflight("https://a.example.org").status, 403);
  EXPECT_EQ(preflight("https://a.example.com").header("access-control-allow-origin"), "https://a.example.com");
}

TEST_P(CorsTest, PrivateNetworks) {
  serve({.origins = {page}, .private_network = true});
  const Answer answer = client_->request("OPTIONS", greet,
                                         raw(Field{"origin", page}, Field{"access-control-request-method", "POST"},
                                             Field{"access-control-request-private-network", "true"}));
  EXPECT_EQ(answer.header("access-control-allow-private-network"), "true");
  EXPECT_THAT(preflight(page).all("access-control-allow-private-network"), IsEmpty());
}

TEST(CorsOptionsTest, BadOnesAreNamed) {
  const auto fault = [](http::CorsOptions options) -> std::string {
    try {
      http::cors(std::move(options));
    } catch (const std::invalid_argument& error) {
      return error.what();
    }
    return "none";
  };
  EXPECT_EQ(fault({}), "CorsOptions::origins and allow_origin are empty: no page could call");
  for (const char* origin : {"", "app.example.com", "https://", "https://app.example.com/", "https://*.example.com",
                             "https://App.example.com", "https://a.example https://b.example"}) {
    EXPECT_THAT(fault({.origins = {origin}}), HasSubstr("CorsOptions::origins has \"" + std::string(origin) + "\""));
  }
  EXPECT_THAT(fault({.origins = {"*", page}}), HasSubstr("CorsOptions::origins has \"*\", which leaves nothing"));
  EXPECT_THAT(fault({.origins = {"*"}, .credentials = true}), HasSubstr("CorsOptions::credentials cannot be given"));
  EXPECT_THAT(fault({.origins = {"*"}, .allow_origin = [](auto, auto&) { return true; }}), HasSubstr("allow_origin"));
  EXPECT_EQ(fault({.origins = {page}, .methods = {}}), "CorsOptions::methods is empty");
  EXPECT_EQ(fault({.origins = {page}, .request_headers = {"a b"}}),
            "CorsOptions::request_headers has \"a b\", which HTTP does not allow as a name");
  EXPECT_THAT(fault({.origins = {page}, .response_headers = {"*"}}), HasSubstr("set expose_all"));
  EXPECT_EQ(fault({.origins = {page}, .max_age = std::chrono::seconds(-1)}),
            "CorsOptions::max_age must not be negative: -1 s");
}

}  // namespace
}  // namespace connectrpc
