// Tests of address space that costs memory only where it is written.
#include "io/page_span.h"

#include <gtest/gtest.h>
#include <sys/mman.h>

#include <algorithm>
#include <cstring>
#include <iterator>
#include <memory>
#include <set>
#include <span>
#include <thread>
#include <vector>

#include "base/sanitized.h"

namespace connectrpc::io {
namespace {

#if CONNECTRPC_SANITIZED

TEST(PageSpans, ThereAreNoneUnderSanitizers) { EXPECT_EQ(PageSpan().data(), nullptr); }

#elif defined(__linux__)

std::size_t resident_pages(const PageSpan& span) {
  unsigned char resident[PageSpan::size / PageSpan::page] = {};
  EXPECT_EQ(::mincore(span.data(), PageSpan::size, resident), 0);
  return static_cast<std::size_t>(
      std::count_if(std::begin(resident), std::end(resident), [](unsigned char page) { return (page & 1) != 0; }));
}

class PageSpans : public testing::Test {
 protected:
  void SetUp() override {
    if (PageSpan().data() == nullptr) GTEST_SKIP() << "no spans where pages are larger";
  }
};

TEST_F(PageSpans, TakesMemoryOnlyWhereItIsWritten) {
  const PageSpan span;
  EXPECT_EQ(resident_pages(span), 0U);
  span.data()[PageSpan::page] = std::byte{1};
  span.data()[PageSpan::size - 1] = std::byte{1};
  EXPECT_EQ(resident_pages(span), 2U);
}

TEST_F(PageSpans, IsZeroAlsoWhereAnotherWas) {
  // One that stays keeps what they lie in.
  const PageSpan neighbour;
  for (int round = 0; round < 2; ++round) {
    const PageSpan span;
    const std::span<std::byte> bytes(span.data(), PageSpan::size);
    EXPECT_TRUE(std::all_of(bytes.begin(), bytes.end(), [](std::byte byte) { return byte == std::byte{0}; }));
    std::memset(span.data(), 0x5a, PageSpan::size);
  }
}

TEST_F(PageSpans, OverlapNowhere) {
  std::vector<std::unique_ptr<PageSpan>> spans;
  const auto add = [&](int count) {
    for (int i = 0; i < count; ++i) spans.push_back(std::make_unique<PageSpan>());
  };
  add(200);
  for (std::size_t i = 0; i < spans.size(); i += 3) spans[i].reset();
  add(100);
  std::set<std::byte*> places;
  for (const auto& span : spans) EXPECT_TRUE(span == nullptr || places.insert(span->data()).second);
  for (auto place = places.begin(), next = std::next(place); next != places.end(); ++place, ++next)
    EXPECT_GE(*next - *place, static_cast<std::ptrdiff_t>(PageSpan::size));
}

TEST_F(PageSpans, MayEndOnAnotherThread) {
  auto span = std::make_unique<PageSpan>();
  std::thread([&] { span.reset(); }).join();
  EXPECT_NE(PageSpan().data(), nullptr);
}

#endif

}  // namespace
}  // namespace connectrpc::io
