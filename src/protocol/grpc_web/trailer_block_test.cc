// gRPC-Web's trailers in the body.
#include "protocol/grpc_web/trailer_block.h"

#include <gtest/gtest.h>

#include "protocol/test_support.h"

namespace connectrpc::protocol {
namespace {

using test::raw;

TEST(TrailerBlock, Prints) {
  std::string out;
  print_trailer_block({{"X-A", "1"}, {"b", ""}, {"x-a", "2"}}, out);
  EXPECT_EQ(out, "x-a: 1\r\nb: \r\nx-a: 2\r\n");
}

TEST(TrailerBlock, Parses) {
  struct Case {
    std::string_view block;
    Headers trailers;
  };
  const Case cases[] = {
      {"", raw({})},
      {"grpc-status: 9\r\nx: 1\r\nx: 2\r\n", raw({{"grpc-status", "9"}, {"x", "1"}, {"x", "2"}})},
      {"Grpc-Status: 9\r\ngRPC-Message: error\r\n", raw({{"grpc-status", "9"}, {"grpc-message", "error"}})},
      {"a:1\r\nb: \t2 \r\nc:\r\n", raw({{"a", "1"}, {"b", "2"}, {"c", ""}})},
      {"a: 1\nb: 2\n", raw({{"a", "1"}, {"b", "2"}})},
      {"a: 1\r\nb: 2", raw({{"a", "1"}, {"b", "2"}})},
      {"a: 1\r\n\r\n", raw({{"a", "1"}})},
      {"a: b: c\r\n", raw({{"a", "b: c"}})},
  };
  for (const Case& c : cases) {
    const std::optional<Headers> trailers = parse_trailer_block(c.block);
    ASSERT_TRUE(trailers) << c.block;
    EXPECT_EQ(*trailers, c.trailers) << c.block;
  }
  for (const std::string_view block : {"x", "a: 1\r\nno colon\r\n", ": value\r\n", " folded: x\r\n", "a b: 1"})
    EXPECT_FALSE(parse_trailer_block(block)) << block;
}

}  // namespace
}  // namespace connectrpc::protocol
