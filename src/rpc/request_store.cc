// Requests that are used again for later calls.
#include "connectrpc/detail/request_store.h"

#include <google/protobuf/arena.h>
#include <google/protobuf/message_lite.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <new>
#include <optional>
#include <utility>

#include "base/sanitized.h"

namespace connectrpc::detail {

using google::protobuf::Arena;
using google::protobuf::MessageLite;

// In an arena what protobuf does not use again, nested messages and maps, costs no allocation, but stays until the
// arena is emptied.
class KeptRequest {
 public:
  KeptRequest(const MessageLite& type, std::size_t bytes) : type_(type) {
    take_block(expansion * bytes);
    begin();
  }
  KeptRequest(const KeptRequest&) = delete;
  KeptRequest& operator=(const KeptRequest&) = delete;

  MessageLite& message() noexcept { return *message_; }

  // The message is empty then.
  void renew() {
    message_->Clear();
    const std::size_t used = arena_->SpaceUsed();
    if (++uses_ == 1) used_once_ = used;
    if (uses_ < most_uses && used <= most_growth * used_once_) return;
    arena_.reset();
    if (used > block_size_) take_block(used);
    begin();
  }

 private:
  // A message keeps the most that any of its uses needed, field by field: after as many it is made anew.
  static constexpr int most_uses = 64;
  // The same when what is not used again has grown to this many times what the first use took.
  static constexpr std::size_t most_growth = 3;
  // Nested messages with texts take as many times their encoded size.
  static constexpr std::size_t expansion = 4;

  void take_block(std::size_t wanted) {
    constexpr std::size_t least = 4UL * 1024;
    constexpr std::size_t most = 192UL * 1024;
    const std::size_t size = std::clamp(wanted, least, most);
    if (size == block_size_) return;
    block_ = std::make_unique_for_overwrite<char[]>(size);
    block_size_ = size;
  }

  void begin() {
    google::protobuf::ArenaOptions options;
    options.initial_block = block_.get();
    options.initial_block_size = block_size_;
    options.start_block_size = block_size_;
    options.max_block_size = std::max(block_size_, options.max_block_size);
    message_ = type_.New(&arena_.emplace(options));
    uses_ = 0;
  }

  const MessageLite& type_;
  std::unique_ptr<char[]> block_;
  std::size_t block_size_ = 0;
  std::optional<Arena> arena_;
  MessageLite* message_ = nullptr;
  int uses_ = 0;
  std::size_t used_once_ = 0;
};

void DropKeptRequest::operator()(KeptRequest* request) const noexcept { delete request; }

MessageLite& message_of(KeptRequest& request) noexcept { return request.message(); }

namespace {

// Trivial, so that it may be asked after the thread's end.
struct Kept {
  const MessageLite* type;
  KeptRequest* request;  // null: lent
  std::uint64_t last_use;
};
struct Store {
  // Types of large requests that a thread is busy with at a time.
  std::array<Kept, 8> kept;
  std::uint64_t uses;
  bool open;
  bool ended;
};

constinit thread_local Store store{};

struct Ender {
  ~Ender() {
    drop_kept_requests();
    store.ended = true;
  }
};

[[gnu::noinline]] bool open_store() noexcept {
  if (store.ended) return false;
  static thread_local Ender ender;
  static_cast<void>(&ender);
  return store.open = true;
}

Kept* find(const MessageLite* type) noexcept {
  for (Kept& kept : store.kept)
    if (kept.type == type) return &kept;
  return nullptr;
}

// A place for another type: a free one, or that of the message that was not used for the longest time.
Kept* make_place() noexcept {
  Kept* oldest = nullptr;
  for (Kept& kept : store.kept) {
    if (kept.type == nullptr) return &kept;
    if (kept.request != nullptr && (oldest == nullptr || kept.last_use < oldest->last_use)) oldest = &kept;
  }
  if (oldest != nullptr) {
    delete oldest->request;
    *oldest = {};
  }
  return oldest;
}

}  // namespace

LentRequest borrow_request(const MessageLite& type, std::size_t bytes) {
  if (base::sanitized || !(store.open || open_store())) return nullptr;
  Kept* kept = find(&type);
  if (kept != nullptr && kept->request == nullptr) return nullptr;
  if (kept == nullptr && (kept = make_place()) == nullptr) return nullptr;
  LentRequest request(kept->request != nullptr ? std::exchange(kept->request, nullptr) : new KeptRequest(type, bytes));
  kept->type = &type;
  kept->last_use = ++store.uses;
  return request;
}

void give_back_request(const MessageLite& type, LentRequest request) noexcept {
  Kept* const kept = find(&type);
  if (kept == nullptr || kept->request != nullptr) return;
  try {
    request->renew();
    kept->request = request.release();
  } catch (const std::bad_alloc&) {
    *kept = {};
  }
}

void drop_kept_requests() noexcept {
  for (Kept& kept : store.kept) {
    if (kept.request == nullptr) continue;  // free, or lent
    delete kept.request;
    kept = {};
  }
}

}  // namespace connectrpc::detail
