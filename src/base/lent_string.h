// Memory of large strings, lent by a thread again and again.
#pragma once

#include <cstddef>
#include <string>

namespace connectrpc::base {

/// From this size on memory that was just used is worth more than memory of its own: it is in the processor's caches.
inline constexpr std::size_t worth_lending = 16 * 1024;

/// An empty string with as much memory as give_back() has left in one, maybe none.
std::string borrow_string();
/// An empty string with room for `size` bytes: what give_back() left where that fits, neither too small nor far too
/// large. Large ones that come and go by malloc make the C library tidy all its small blocks up each time.
std::string borrow_string(std::size_t size);
/// The same with `size` bytes of any content, to be overwritten: nothing is set to zero for it where it can be helped.
std::string borrow_filled_string(std::size_t size);
/// Empties `string` and keeps its memory for the next one, unless that is too much, or enough of its size is kept.
void give_back(std::string& string) noexcept;
/// Frees what the calling thread could lend.
void drop_lent_strings() noexcept;

}  // namespace connectrpc::base
