// Memory for small things that come and go with every call.
#include "base/block_cache.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <new>
#include <utility>

#include "base/sanitized.h"

namespace connectrpc::base {
namespace {

constexpr bool keeps = !sanitized;

// In front of every block.
struct alignas(std::max_align_t) Head {
  std::size_t capacity;  // 0: not ours
  Head* next;            // of those that are kept
};
static_assert(sizeof(Head) == block_head);

constexpr std::size_t step = 64;
// Headers, a call with its context, and what nghttp2 keeps of a stream are smaller.
constexpr std::size_t largest = 2048;
// What a burst of 256 calls needs; a thread holds no more after one.
constexpr std::size_t most_kept = 512 * 1024;

// Trivial, so that it may be asked after the thread's end: destructors of static objects free blocks. Its model: in
// code that may become part of a shared library finding it would be a call otherwise, dozens of times in a call.
struct Store {
  std::array<Head*, largest / step> kept;
  std::size_t bytes;
  bool open;
  bool ended;
};

[[gnu::tls_model("initial-exec")]] constinit thread_local Store store{};

// Gives back what a thread kept when it ends.
struct Ender {
  ~Ender() {
    store.open = false;
    store.ended = true;
    drop_kept_blocks();
  }
};

// The first block that a thread keeps.
[[gnu::noinline]] bool open_store() noexcept {
  if (store.ended) return false;
  static thread_local Ender ender;
  static_cast<void>(&ender);
  return store.open = true;
}

// Apart, so that giving out what is kept needs no stack.
[[gnu::noinline]] void* make_block(std::size_t size) noexcept {
  if (keeps && size - 1 < largest) size = (size + step - 1) / step * step;
  size = std::max<std::size_t>(size, 1);
  auto* const head = static_cast<Head*>(::operator new(sizeof(Head) + size, std::nothrow));
  if (head == nullptr) return nullptr;
  head->capacity = size;
  return head + 1;
}

[[gnu::noinline]] void drop_block(Head* head) noexcept {
  if (head->capacity == 0) return;
  if (keeps && !store.open && open_store()) return free_block(head + 1);
  ::operator delete(head);
}

}  // namespace

void* allocate_block(std::size_t size) noexcept {
  if (!keeps || size - 1 >= largest) return make_block(size);
  Head*& first = store.kept[(size - 1) / step];
  Head* const head = first;
  if (head == nullptr) return make_block(size);
  first = head->next;
  store.bytes -= head->capacity;
  return head + 1;
}

void free_block(void* block) noexcept {
  if (block == nullptr) return;
  Head* const head = static_cast<Head*>(block) - 1;
  const std::size_t capacity = head->capacity;
  if (!keeps || !store.open || capacity - 1 >= largest || store.bytes + capacity > most_kept) return drop_block(head);
  head->next = std::exchange(store.kept[(capacity - 1) / step], head);
  store.bytes += capacity;
}

void* reallocate_block(void* block, std::size_t size) noexcept {
  if (block == nullptr) return allocate_block(size);
  const std::size_t capacity = (static_cast<Head*>(block) - 1)->capacity;
  if (size != 0 && size <= capacity) return block;
  void* const larger = allocate_block(size);
  if (larger == nullptr) return nullptr;
  std::memcpy(larger, block, std::min(capacity, size));
  free_block(block);
  return larger;
}

void drop_kept_blocks() noexcept {
  for (Head*& first : store.kept) {
    while (first != nullptr) ::operator delete(std::exchange(first, first->next));
  }
  store.bytes = 0;
}

std::size_t kept_block_bytes() noexcept { return store.bytes; }

}  // namespace connectrpc::base
