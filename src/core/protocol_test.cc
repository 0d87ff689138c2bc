// Tests of the names of protocols, codecs and HTTP versions.
#include "connectrpc/protocol.h"

#include <gtest/gtest.h>

namespace connectrpc {
namespace {

TEST(Protocol, Names) {
  EXPECT_EQ(to_string(Protocol::connect), "connect");
  EXPECT_EQ(to_string(Protocol::grpc), "grpc");
  EXPECT_EQ(to_string(Protocol::grpc_web), "grpc-web");
  EXPECT_EQ(to_string(Codec::proto), "proto");
  EXPECT_EQ(to_string(Codec::json), "json");
  EXPECT_EQ(to_string(HttpVersion::http1_0), "HTTP/1.0");
  EXPECT_EQ(to_string(HttpVersion::http1_1), "HTTP/1.1");
  EXPECT_EQ(to_string(HttpVersion::http2), "HTTP/2");
  EXPECT_EQ(to_string(HttpVersion::http3), "HTTP/3");
}

}  // namespace
}  // namespace connectrpc
