// Iteration over Headers, their moves, and the templates of headers.h that need Result and Error to be complete.
#pragma once

#include <cstdint>
#include <cstring>
#include <utility>

#include "connectrpc/headers.h"
#include "connectrpc/result.h"

namespace connectrpc {

// Heads are moved from layer to layer: some fifty times a call.
inline Headers::Headers(Headers&& other) noexcept
    : block_(std::move(other.block_)),
      used_(std::exchange(other.used_, 0)),
      capacity_(std::exchange(other.capacity_, 0)),
      count_(std::exchange(other.count_, 0)),
      checked_(std::exchange(other.checked_, {})) {}

inline Headers& Headers::operator=(Headers&& other) {  // NOLINT(performance-noexcept-move-constructor)
  if (frozen_) refuse_change();
  if (this == &other) return *this;
  // As most are: then there is nothing in either.
  if (block_ == nullptr && other.block_ == nullptr) return *this;
  block_ = std::move(other.block_);
  used_ = std::exchange(other.used_, 0);
  capacity_ = std::exchange(other.capacity_, 0);
  count_ = std::exchange(other.count_, 0);
  checked_ = std::exchange(other.checked_, {});
  return *this;
}

inline Headers::~Headers() = default;

// A pair in the block: the sizes of name and value, then their bytes; unaligned.
inline HeaderView Headers::Iterator::operator*() const noexcept {
  std::uint32_t sizes[2];
  std::memcpy(sizes, at_, sizeof sizes);
  const char* const name = at_ + sizeof sizes;
  return {{name, sizes[0]}, {name + sizes[0], sizes[1]}};
}

inline Headers::Iterator& Headers::Iterator::operator++() noexcept {
  const HeaderView pair = **this;
  at_ = pair.value.data() + pair.value.size();
  return *this;
}

inline Headers::Iterator Headers::begin() const& noexcept { return Iterator(block_.get()); }
inline Headers::Iterator Headers::end() const& noexcept { return Iterator(block_.get() + used_); }

template <class T>
Result<std::optional<T>> Headers::get_message(std::string_view name) const {
  T message;
  std::optional<Error> error;
  const bool found = get_message_into(name, message, error);
  if (error) return *std::move(error);
  if (!found) return std::optional<T>();
  return std::optional<T>(std::move(message));
}

}  // namespace connectrpc
