// Tests of method descriptions.
#include "connectrpc/method.h"

#include <gtest/gtest.h>

namespace connectrpc {
namespace {

constexpr MethodSpec greet{.path = "/greet.v1.GreetService/Greet", .idempotency = Idempotency::no_side_effects};
static_assert(greet.service() == "greet.v1.GreetService");
static_assert(greet.name() == "Greet");
static_assert(greet.full_name() == "greet.v1.GreetService/Greet");
static_assert(greet.stream_type == StreamType::unary);

TEST(Method, PartsOfThePath) {
  const MethodSpec without_package{.path = "/Greeter/Hi"};
  EXPECT_EQ(without_package.service(), "Greeter");
  EXPECT_EQ(without_package.name(), "Hi");
  EXPECT_EQ(without_package.full_name(), "Greeter/Hi");
  EXPECT_EQ(without_package.descriptor, nullptr);
}

TEST(Method, NamesOfStreamTypes) {
  EXPECT_EQ(to_string(StreamType::unary), "unary");
  EXPECT_EQ(to_string(StreamType::client), "client");
  EXPECT_EQ(to_string(StreamType::server), "server");
  EXPECT_EQ(to_string(StreamType::bidi), "bidi");
}

}  // namespace
}  // namespace connectrpc
