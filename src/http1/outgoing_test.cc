// The queue of a body: order, limits, and what it keeps.
#include "http1/outgoing.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <string>

#include "http1/test_support.h"
#include "io/output_testlib.h"

namespace connectrpc::http1 {
namespace {

using testing::no_limit;

TEST(Outgoing, WritesNothingUntilItIsFramed) {
  Outgoing body;
  body.append("abc");
  body.finish({});
  io::Output out;
  body.write(out, no_limit);
  EXPECT_EQ(io::text_of(out), "");
  EXPECT_FALSE(body.done());
  body.frame(Framing::length, 3);
  body.write(out, no_limit);
  EXPECT_EQ(io::text_of(out), "abc");
  EXPECT_TRUE(body.done());
  EXPECT_FALSE(body.broken());
}

TEST(Outgoing, OrderIsKeptWhateverThePiecesAndTheLimits) {
  Outgoing body;
  body.frame(Framing::to_end);
  std::string expected;
  io::Output out;
  for (int i = 0; i < 500; ++i) {
    const std::string piece(static_cast<std::size_t>(i % 7), static_cast<char>('a' + i % 26));
    expected += piece;
    body.append(piece);
    // Never quite empty, so that the queue has to give back the places of what has left.
    body.write(out, expected.size() - 1);
    EXPECT_EQ(body.unsent(), expected.size() - out.size());
  }
  body.finish({});
  EXPECT_FALSE(body.done());
  body.write(out, no_limit);
  EXPECT_EQ(io::text_of(out), expected);
  EXPECT_TRUE(body.done());
  EXPECT_EQ(body.total(), expected.size());
}

TEST(Outgoing, ChunkIsWhatFitsUnderTheLimit) {
  Outgoing body;
  body.frame(Framing::chunked);
  body.append(std::string(20, 'a'));
  io::Output out;
  out.tail() = "head";
  body.write(out, 4);
  EXPECT_EQ(io::text_of(out), "head");
  body.write(out, 20);
  EXPECT_EQ(io::text_of(out), "head10\r\naaaaaaaaaaaaaaaa\r\n");
  body.finish({{"a", "b"}});
  out.clear();
  body.write(out, no_limit);
  EXPECT_EQ(io::text_of(out), "4\r\naaaa\r\n0\r\na: b\r\n\r\n");
  EXPECT_TRUE(body.done());
}

TEST(Outgoing, MutedBodyIsOnlyCounted) {
  Outgoing body;
  body.append("ab");
  body.mute();
  body.append("cd");
  EXPECT_EQ(body.unsent(), 0U);
  EXPECT_EQ(body.total(), 4U);
}

TEST(Outgoing, DroppedBodyIsNeverDone) {
  Outgoing body;
  body.frame(Framing::chunked);
  body.append("ab");
  body.drop();
  body.append("cd");
  body.finish({});
  io::Output out;
  body.write(out, no_limit);
  EXPECT_EQ(io::text_of(out), "");
  EXPECT_FALSE(body.done());
  EXPECT_EQ(body.unsent(), 0U);
}

TEST(Outgoing, FallIsToldOnce) {
  Outgoing body;
  body.frame(Framing::to_end);
  io::Output out;
  body.append("abc");
  EXPECT_FALSE(body.take_fall(3));
  body.append("d");
  EXPECT_FALSE(body.take_fall(3));
  body.write(out, 1);
  EXPECT_TRUE(body.take_fall(3));
  EXPECT_FALSE(body.take_fall(3));
  body.append("e");
  body.write(out, no_limit);
  EXPECT_TRUE(body.take_fall(3));
}

}  // namespace
}  // namespace connectrpc::http1
