// Options of the interceptors that cannot be meant: the error names them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <limits>
#include <stdexcept>
#include <string>

#include "connectrpc/auth.h"
#include "connectrpc/limits.h"

namespace connectrpc {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::Not;

std::string fault(const std::function<void()>& make) {
  try {
    make();
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return "none";
}

TEST(EqualSecretsTest, ComparesAllOfThem) {
  EXPECT_TRUE(equal_secrets("secret", "secret"));
  EXPECT_TRUE(equal_secrets("", ""));
  for (const char* sent : {"", "s", "secre", "secret ", "Secret", "secreT", "secretsecret"}) {
    EXPECT_FALSE(equal_secrets("secret", sent)) << sent;
  }
  EXPECT_FALSE(equal_secrets("", "x"));
}

TEST(AuthOptionsTest, BadOnesAreNamed) {
  EXPECT_EQ(fault([] { bearer_auth(BearerCheck()); }), "bearer_auth: the check is empty");
  EXPECT_EQ(fault([] { basic_auth(BasicCheck()); }), "basic_auth: the check is empty");
  EXPECT_EQ(fault([] { bearer_auth(std::vector<std::string>()); }), "bearer_auth: there are no tokens");
  EXPECT_EQ(fault([] { basic_auth(std::vector<Login>()); }), "basic_auth: there are no logins");
  EXPECT_EQ(fault([] { bearer_auth({"fine"}, {.realm = "a\"b"}); }),
            "AuthOptions::realm consists of printable ASCII without '\"' and '\\', not \"a\"b\"");
  EXPECT_THAT(fault([] { bearer_auth({"fine"}, {.open = {"/pkg.Service/Method"}}); }),
              HasSubstr("AuthOptions::open has \"/pkg.Service/Method\""));
  EXPECT_THAT(fault([] { bearer_auth({"fine"}, {.open = {""}}); }), HasSubstr("AuthOptions::open has \"\""));
  EXPECT_EQ(fault([] { basic_auth({{"ada:", "x"}}); }),
            "basic_auth: the user at position 1 is empty or has a ':': \"ada:\"");
  EXPECT_EQ(fault([] { basic_auth({{"ada", ""}}); }), "basic_auth: the password of \"ada\" is empty");
}

TEST(AuthOptionsTest, ASecretIsNotRepeated) {
  const std::string text = fault([] { bearer_auth({"fine", "not so fine"}); });
  EXPECT_THAT(text, HasSubstr("the token at position 2"));
  EXPECT_THAT(text, Not(HasSubstr("not so")));
}

TEST(LimitOptionsTest, BadOnesAreNamed) {
  EXPECT_THAT(fault([] { rate_limit({}); }),
              HasSubstr("RateLimitOptions::calls_per_second must be between 0.000001 and 1000000000, not 0"));
  EXPECT_THAT(fault([] { rate_limit({.calls_per_second = -2.5}); }), HasSubstr("not -2.5"));
  EXPECT_THAT(fault([] { rate_limit({.calls_per_second = std::numeric_limits<double>::quiet_NaN()}); }),
              HasSubstr("calls_per_second"));
  EXPECT_THAT(fault([] { rate_limit({.calls_per_second = 1, .burst = 0.5}); }),
              HasSubstr("RateLimitOptions::burst must be 0 or at least 1"));
  EXPECT_THAT(fault([] { rate_limit({.calls_per_second = 1, .key = nullptr}); }), "RateLimitOptions::key is empty");
  EXPECT_THAT(fault([] { rate_limit({.calls_per_second = 1, .max_keys = 0}); }),
              HasSubstr("RateLimitOptions::max_keys must be at least 1, not 0"));
  EXPECT_EQ(fault([] { concurrency_limit({}); }), "ConcurrencyLimitOptions::max_calls must be at least 1, not 0");
  EXPECT_EQ(fault([] { load_shedding({}); }), "LoadSheddingOptions: one of max_calls and max_delay must be set");
  EXPECT_EQ(fault([] { load_shedding({.max_calls = 1, .max_delay = -1ns}); }),
            "LoadSheddingOptions::max_delay must not be negative: -1 ns");
  EXPECT_THAT(fault([] { load_shedding({.max_calls = 1, .open = {"pkg.Service/"}}); }),
              HasSubstr("LoadSheddingOptions::open has \"pkg.Service/\""));
}

}  // namespace
}  // namespace connectrpc
