// Contexts without a call.
#include "connectrpc/testing/fake_context.h"

#include <gtest/gtest.h>

#include <stdexcept>

namespace connectrpc::testing {
namespace {

constexpr MethodSpec method{"/a.B/C"};

TEST(FakeContext, SaysWhatItWasTold) {
  FakeCall call;
  call.request_headers = {{"tenant", "acme"}};
  call.protocol = Protocol::grpc;
  FakeContext fake(method, call);
  Context& context = fake.context();
  EXPECT_EQ(context.request_headers()["tenant"], "acme");
  EXPECT_EQ(context.method().name(), "C");
  EXPECT_EQ(context.protocol(), Protocol::grpc);
  EXPECT_FALSE(context.deadline());
  EXPECT_FALSE(context.cancelled());
}

TEST(FakeContext, KeepsTheRulesOfHeaders) {
  FakeContext fake(method);
  fake.context().response_headers().set("a", "b");
  fake.context().send_headers_now({{"c", "d"}});
  EXPECT_EQ(fake.context().response_headers()["c"], "d");
  EXPECT_THROW(fake.context().response_headers().set("a", "late"), std::logic_error);
  fake.context().response_trailers().set("t", "1");
  EXPECT_EQ(fake.context().response_trailers()["t"], "1");
}

TEST(FakeContext, IsCancelledOnce) {
  FakeContext fake(method);
  const std::stop_token token = fake.context().stop_token();
  fake.cancel(CancelReason::deadline);
  fake.cancel(CancelReason::peer);
  EXPECT_EQ(fake.context().cancelled(), CancelReason::deadline);
  EXPECT_TRUE(token.stop_requested());
}

}  // namespace
}  // namespace connectrpc::testing
