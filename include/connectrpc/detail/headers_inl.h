// Iteration over Headers, and the templates of headers.h that need Result and Error to be complete.
#pragma once

#include <cstdint>
#include <cstring>

#include "connectrpc/headers.h"
#include "connectrpc/result.h"

namespace connectrpc {

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
