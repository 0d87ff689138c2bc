// Memory of large strings, lent by a thread again and again.
#include "base/lent_string.h"

#include <algorithm>
#include <array>
#include <utility>

namespace connectrpc::base {
namespace {

constexpr std::size_t largest_kept = 512 * 1024;
// Larger by more than this it would be held by something small.
constexpr std::size_t most_waste = 4;

// In use at once: what a connection produced, the same encrypted, a message on either side of it.
using Spares = std::array<std::string, 4>;

Spares& spares() noexcept {
  thread_local Spares spares;
  return spares;
}

bool less_room(const std::string& a, const std::string& b) noexcept { return a.capacity() < b.capacity(); }

}  // namespace

std::string borrow_string() {
  return std::exchange(*std::max_element(spares().begin(), spares().end(), less_room), std::string());
}

std::string borrow_string(std::size_t size) {
  std::string* fitting = nullptr;
  for (std::string& spare : spares())
    if (spare.capacity() >= size && (fitting == nullptr || less_room(spare, *fitting))) fitting = &spare;
  if (fitting != nullptr && fitting->capacity() / most_waste <= size) return std::exchange(*fitting, std::string());
  std::string fresh;
  fresh.reserve(size);
  return fresh;
}

void give_back(std::string& string) noexcept {
  string.clear();
  if (string.capacity() <= largest_kept) {
    std::string& least = *std::min_element(spares().begin(), spares().end(), less_room);
    if (less_room(least, string)) least.swap(string);
  }
  std::string().swap(string);  // assigning an empty string would keep the memory
}

void drop_lent_strings() noexcept {
  for (std::string& spare : spares()) std::string().swap(spare);
}

}  // namespace connectrpc::base
