// Bytes on their way out of a connection.
#include "io/output.h"

#include <algorithm>
#include <utility>

#include "base/lent_string.h"

namespace connectrpc::io {
namespace {

// Copying less costs less than a piece more and its owner's counts.
constexpr std::size_t worth_sharing = 4 * 1024;

// Its memory is lent again when the last output has sent it.
struct LentBytes {
  explicit LentBytes(std::string text) : bytes(std::move(text)) {}
  LentBytes(const LentBytes&) = delete;
  LentBytes& operator=(const LentBytes&) = delete;
  ~LentBytes() { base::give_back(bytes); }
  std::string bytes;
};

}  // namespace

BodyBytes::BodyBytes(std::string bytes) {
  if (bytes.size() < base::worth_lending) {
    own_ = std::move(bytes);
  } else {
    const auto owner = std::make_shared<const LentBytes>(std::move(bytes));
    shared_ = std::shared_ptr<const std::string>(owner, &owner->bytes);
  }
}

void BodyBytes::drop() noexcept {
  if (own_.capacity() >= base::worth_lending) base::give_back(own_);
  own_ = std::string();
  shared_.reset();
}

void Output::append(const BodyBytes& chunk, std::size_t at, std::size_t size) {
  const std::string_view bytes = chunk.view().substr(at, size);
  if (!chunk.shared() || bytes.size() < worth_sharing) {
    copied_ += bytes;
    return;
  }
  // A first allocation that does for most turns.
  constexpr std::size_t usual = 16;
  if (shared_.empty()) shared_.reserve(usual);
  shared_.push_back({copied_.size(), bytes, chunk.shared_});
  shared_size_ += bytes.size();
}

std::size_t Output::pieces(std::span<std::string_view> into) const noexcept {
  std::size_t count = 0;
  const auto put = [&](std::string_view bytes) {
    if (!bytes.empty() && count < into.size()) into[count++] = bytes;
  };
  std::size_t at = sent_;
  const std::string_view copied = copied_;
  for (std::size_t i = first_; i < shared_.size() && count < into.size(); ++i) {
    put(copied.substr(at, shared_[i].at - at));
    at = shared_[i].at;
    put(shared_[i].bytes);
  }
  put(copied.substr(at));
  return count;
}

void Output::consume(std::size_t count) noexcept {
  if (count >= size()) return clear();
  while (first_ < shared_.size()) {
    Shared& next = shared_[first_];
    const std::size_t before = std::min(count, next.at - sent_);
    sent_ += before;
    count -= before;
    if (count < next.bytes.size() || sent_ < next.at) {
      next.bytes.remove_prefix(count);
      shared_size_ -= count;
      count = 0;
      break;
    }
    count -= next.bytes.size();
    shared_size_ -= next.bytes.size();
    next.owner.reset();
    ++first_;
  }
  sent_ += count;
}

void Output::prepare() {
  if (empty()) {
    copied_ = base::borrow_string();
    return;
  }
  // A peer that reads slowly would otherwise let it grow with all that it ever read.
  if (sent_ < copied_.size() / 2) return;
  copied_.erase(0, sent_);
  shared_.erase(shared_.begin(), shared_.begin() + static_cast<std::ptrdiff_t>(std::exchange(first_, 0)));
  for (Shared& shared : shared_) shared.at -= sent_;
  sent_ = 0;
}

void Output::clear() noexcept {
  base::give_back(copied_);
  sent_ = 0;
  shared_ = {};
  first_ = 0;
  shared_size_ = 0;
}

}  // namespace connectrpc::io
