// The buffer that a thread lends.
#include "io/lent_buffer.h"

#include <gtest/gtest.h>

namespace connectrpc::io {
namespace {

const char* place() { return ReadBuffer().span().data(); }

TEST(ReadBuffer, IsLentAgain) {
  const char* const first = place();
  EXPECT_EQ(place(), first);
}

TEST(ReadBuffer, OfTwoAtOnceEachIsItsOwn) {
  ReadBuffer one;
  ReadBuffer two;
  EXPECT_NE(one.span().data(), two.span().data());
}

TEST(ReadBuffer, MayBeDroppedWhileOneIsLent) {
  ReadBuffer buffer;
  ReadBuffer::drop();
  buffer.span().back() = 'a';
}

}  // namespace
}  // namespace connectrpc::io
