// Bytes leave a queue in the order in which they were given, whatever way they came in.
#include "http2/send_queue.h"

#include <gtest/gtest.h>

#include "io/output_testlib.h"

namespace connectrpc::http2 {
namespace {

std::string take(SendQueue& queue, std::size_t count) {
  io::Output out;
  queue.move_to(out, count);
  return io::text_of(out);
}

TEST(SendQueue, KeepsTheOrderOfWhatIsPushedAndAppended) {
  SendQueue queue;
  std::string expected;
  for (int i = 0; i < 2000; ++i) {
    const std::string bytes(static_cast<std::size_t>(i % 70 == 0  ? 30'000
                                                     : i % 7 == 0 ? 3000
                                                                  : i % 50),
                            static_cast<char>('a' + i % 26));
    expected += bytes;
    if (i % 3 == 0) {
      queue.push(bytes);
    } else {
      queue.append(bytes);
    }
    EXPECT_EQ(queue.size(), expected.size());
    if (i % 11 != 0) continue;
    const std::string part = take(queue, 997);
    EXPECT_EQ(part, expected.substr(0, 997));
    expected.erase(0, part.size());
  }
  EXPECT_EQ(take(queue, expected.size() + 1), expected);
  EXPECT_EQ(queue.size(), 0u);
}

TEST(SendQueue, TakesAppendedBytesAfterItWasEmptied) {
  SendQueue queue;
  for (const std::size_t size : {1u, 600u, 20'000u, 5u}) {
    queue.append(std::string(size, 'x'));
    queue.append("y");
    EXPECT_EQ(take(queue, size), std::string(size, 'x'));
    EXPECT_EQ(take(queue, 10), "y");
    queue.push(std::string(size, 'z'));
    queue.append("z");
    EXPECT_EQ(take(queue, size + 1), std::string(size + 1, 'z'));
    queue.append("z");
    queue.clear();
    EXPECT_EQ(queue.size(), 0u);
  }
}

}  // namespace
}  // namespace connectrpc::http2
