// Requests that are used again for later calls.
#include "connectrpc/detail/request_store.h"

#include <google/protobuf/message_lite.h>

#include <array>
#include <cstdint>
#include <utility>

#include "base/sanitized.h"

namespace connectrpc::detail {
namespace {

using google::protobuf::MessageLite;

// A message keeps the most that any of its uses needed, field by field: after as many it is made anew.
constexpr int most_uses = 64;

// Trivial, so that it may be asked after the thread's end.
struct Kept {
  const MessageLite* type;
  MessageLite* message;  // null: lent
  int uses;
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
    if (kept.message != nullptr && (oldest == nullptr || kept.last_use < oldest->last_use)) oldest = &kept;
  }
  if (oldest != nullptr) {
    delete oldest->message;
    *oldest = {};
  }
  return oldest;
}

}  // namespace

std::unique_ptr<MessageLite> borrow_request(const MessageLite& type) {
  if (base::sanitized || !(store.open || open_store())) return nullptr;
  Kept* kept = find(&type);
  if (kept != nullptr && kept->message == nullptr) return nullptr;
  if (kept == nullptr && (kept = make_place()) == nullptr) return nullptr;
  std::unique_ptr<MessageLite> message(kept->message != nullptr ? std::exchange(kept->message, nullptr) : type.New());
  kept->type = &type;
  kept->last_use = ++store.uses;
  ++kept->uses;
  return message;
}

void give_back_request(const MessageLite& type, std::unique_ptr<MessageLite> message) noexcept {
  Kept* const kept = find(&type);
  if (kept == nullptr || kept->message != nullptr) return;
  if (kept->uses >= most_uses) {
    *kept = {};
    return;
  }
  message->Clear();
  kept->message = message.release();
}

void drop_kept_requests() noexcept {
  for (Kept& kept : store.kept) {
    if (kept.message == nullptr) continue;  // free, or lent
    delete kept.message;
    kept = {};
  }
}

}  // namespace connectrpc::detail
