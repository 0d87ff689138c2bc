// Tests of names.h.
#include "plugin/names.h"

#include <gtest/gtest.h>

namespace connectrpc::plugin {
namespace {

TEST(SnakeCase, SplitsWords) {
  EXPECT_EQ(snake_case("Greet"), "greet");
  EXPECT_EQ(snake_case("GreetMany"), "greet_many");
  EXPECT_EQ(snake_case("greetMany"), "greet_many");
  EXPECT_EQ(snake_case("get_foo"), "get_foo");
  EXPECT_EQ(snake_case("Get_Foo"), "get_foo");
  EXPECT_EQ(snake_case("A"), "a");
  EXPECT_EQ(snake_case("ABC"), "abc");
  EXPECT_EQ(snake_case("getFOO"), "get_foo");
  EXPECT_EQ(snake_case("GET_FOO"), "get_foo");
}

TEST(SnakeCase, KeepsAcronymsTogether) {
  EXPECT_EQ(snake_case("GetHTTPInfo"), "get_http_info");
  EXPECT_EQ(snake_case("HTTPGet"), "http_get");
  EXPECT_EQ(snake_case("ABTest"), "ab_test");
  EXPECT_EQ(snake_case("ListIDs"), "list_i_ds");
}

TEST(SnakeCase, DigitsEndAWord) {
  EXPECT_EQ(snake_case("Greet2You"), "greet2_you");
  EXPECT_EQ(snake_case("GetV2"), "get_v2");
  EXPECT_EQ(snake_case("GetV2Beta1"), "get_v2_beta1");
  EXPECT_EQ(snake_case("GetHTTP2Info"), "get_http2_info");
  EXPECT_EQ(snake_case("Sha256sum"), "sha256sum");
}

TEST(SnakeCase, KeepsUnderscores) {
  EXPECT_EQ(snake_case("_Hidden"), "_hidden");
  EXPECT_EQ(snake_case("Get__Foo_"), "get__foo_");
  EXPECT_EQ(snake_case("_"), "_");
  EXPECT_EQ(snake_case(""), "");
}

TEST(CppName, EscapesAsProtocDoes) {
  EXPECT_EQ(cpp_name("delete"), "delete_");
  EXPECT_EQ(cpp_name("xor_eq"), "xor_eq_");
  EXPECT_EQ(cpp_name("NULL"), "NULL_");
  EXPECT_EQ(cpp_name("requires"), "requires_");
  EXPECT_EQ(cpp_name("Delete"), "Delete");
  EXPECT_EQ(cpp_name("final"), "final");
  EXPECT_EQ(cpp_name("errno"), "errno");
}

TEST(NameSet, AppendsUnderscoresUntilFree) {
  NameSet names;
  names.reserve("call");
  names.reserve("call_");
  EXPECT_EQ(names.take("greet"), "greet");
  EXPECT_EQ(names.take("greet"), "greet_");
  EXPECT_EQ(names.take("greet"), "greet__");
  EXPECT_EQ(names.take("call"), "call__");
  EXPECT_EQ(names.take("delete"), "delete_");
  EXPECT_EQ(names.take("delete_"), "delete__");
  EXPECT_EQ(names.take("errno"), "errno_");
}

}  // namespace
}  // namespace connectrpc::plugin
