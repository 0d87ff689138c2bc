// Tests of how often Headers allocates.
#include <gtest/gtest.h>

#include <cstdlib>
#include <new>
#include <string>

#include "base/block_cache.h"
#include "connectrpc/detail/headers_access.h"
#include "connectrpc/headers.h"

namespace {

thread_local std::size_t allocations = 0;

void* counted(std::size_t size) noexcept {
  ++allocations;
  return std::malloc(size == 0 ? 1 : size);
}

void* counted_or_throw(std::size_t size) {
  if (void* const memory = counted(size)) return memory;
  throw std::bad_alloc();
}

}  // namespace

void* operator new(std::size_t size) { return counted_or_throw(size); }
void* operator new[](std::size_t size) { return counted_or_throw(size); }
void* operator new(std::size_t size, const std::nothrow_t&) noexcept { return counted(size); }
void* operator new[](std::size_t size, const std::nothrow_t&) noexcept { return counted(size); }
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete(void* memory, const std::nothrow_t&) noexcept { std::free(memory); }
void operator delete[](void* memory, const std::nothrow_t&) noexcept { std::free(memory); }

namespace connectrpc {
namespace {

template <class Work>
std::size_t allocations_of(Work&& work) {
  base::drop_kept_blocks();  // which would hide what is needed the first time
  const std::size_t before = allocations;
  work();
  return allocations - before;
}

void add_eight(Headers& headers) {
  headers.add("authorization", "Bearer 0123456789abcdef0123456789abcdef");
  headers.add("user-agent", "connect-cpp/0.1");
  headers.add("x-request-id", "5b9f0f5a-5f0c-4c8f-9f5e-0a4e8f3b2c1d");
  headers.add("acme-tenant-id", "1234");
  headers.add("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
  headers.add("x-forwarded-for", "203.0.113.195");
  headers.add("accept-language", "en-US");
  headers.add("cache-control", "no-cache");
}

TEST(HeadersAllocations, TheCounterCounts) {
  // Called by name: a new-expression may be optimised away.
  EXPECT_EQ(allocations_of([] { ::operator delete(::operator new(1)); }), 1U);
}

TEST(HeadersAllocations, EmptyOnesNone) {
  EXPECT_EQ(allocations_of([] {
              Headers headers;
              const Headers copy = headers;
              const Headers moved = std::move(headers);
              Headers assigned;
              assigned = copy;
            }),
            0U);
}

TEST(HeadersAllocations, EightOrdinaryPairsOne) {
  EXPECT_EQ(allocations_of([] {
              Headers headers;
              add_eight(headers);
            }),
            1U);
}

TEST(HeadersAllocations, LookUpsNone) {
  Headers headers;
  add_eight(headers);
  headers.set_binary("x-bin", std::string(1000, 'x'));
  std::size_t found = 0;
  EXPECT_EQ(allocations_of([&] {
              found += headers.get("CACHE-CONTROL").has_value();
              found += headers["x-bin"].size() == 1334;
              found += headers.contains("Authorization");
              found += !headers.contains("absent");
              for (const auto [name, value] : headers) found += name == "acme-tenant-id" && value == "1234";
            }),
            0U);
  EXPECT_EQ(found, 5U);
}

TEST(HeadersAllocations, CopiesOneMovesNone) {
  Headers headers;
  add_eight(headers);
  EXPECT_EQ(allocations_of([&] { const Headers copy = headers; }), 1U);
  Headers target;
  EXPECT_EQ(allocations_of([&] { target = headers; }), 1U);
  EXPECT_EQ(allocations_of([&] { target = headers; }), 0U);
  EXPECT_EQ(allocations_of([&] { const Headers moved = std::move(target); }), 0U);
}

TEST(HeadersAllocations, RemovingNone) {
  Headers headers;
  add_eight(headers);
  EXPECT_EQ(allocations_of([&] {
              headers.set("acme-tenant-id", "4321");
              headers.erase("authorization");
              headers.clear();
              add_eight(headers);
            }),
            0U);
}

TEST(HeadersAllocations, ReceivedPairsWithKnownSizesOne) {
  EXPECT_EQ(allocations_of([] {
              Headers headers;
              detail::HeadersAccess::reserve(headers, 1000, 20'000);
              for (int i = 0; i < 1000; ++i) detail::HeadersAccess::append(headers, "x-received", "0123456789");
            }),
            1U);
}

TEST(HeadersAllocations, FilteringOne) {
  Headers headers;
  add_eight(headers);
  detail::HeadersAccess::append(headers, "grpc-timeout", "1S");
  EXPECT_EQ(allocations_of([&] { const Headers visible = detail::user_metadata(headers); }), 1U);
}

}  // namespace
}  // namespace connectrpc
