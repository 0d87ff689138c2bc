// Memory of large strings, lent by a thread again and again.
#include "base/lent_string.h"

#include <algorithm>
#include <array>
#include <bit>
#include <new>
#include <utility>

namespace connectrpc::base {
namespace {

// Two classes to each power of two: a third of a string's memory at most is beyond what was asked for.
constexpr std::size_t smallest_class = worth_lending;
constexpr std::size_t largest_kept = 512 * 1024;
constexpr std::size_t classes = 11;
// Of more classes above what is asked for it would be held by something small.
constexpr std::size_t most_waste = 4;
// What a connection with many calls of that size under way takes and gives back at once.
constexpr std::size_t most_bytes = 3UL * 1024 * 1024;
constexpr std::size_t most_strings = 32;
// Of all classes together.
constexpr std::size_t most_bytes_of_all = 8UL * 1024 * 1024;
// Outputs of connections that say little.
constexpr std::size_t most_small = 4;

constexpr std::size_t class_size(std::size_t index) noexcept {
  const std::size_t power = smallest_class << (index / 2);
  return index % 2 == 0 ? power : power + power / 2;
}
static_assert(class_size(classes - 1) == largest_kept);

// The largest class of at most `size` bytes, which are no fewer than the smallest's.
std::size_t class_within(std::size_t size) noexcept {
  const std::size_t index = 2 * (std::bit_width(size / smallest_class) - std::size_t{1});
  return size >= class_size(index + 1) ? index + 1 : index;
}

// The smallest class of at least `size` bytes; `classes` or more if there is none.
std::size_t class_above(std::size_t size) noexcept { return size <= smallest_class ? 0 : class_within(size - 1) + 1; }

// What was given back last is lent first: it is in the caches. The strings keep their content, since what has a size
// need not be set to zero again.
class Shelf {
 public:
  bool empty() const noexcept { return count_ == 0; }
  bool full(std::size_t most) const noexcept { return count_ >= most; }
  void put(std::string& string) noexcept { strings_[count_++].swap(string); }
  std::string take() noexcept { return std::exchange(strings_[--count_], std::string()); }

 private:
  std::array<std::string, most_strings> strings_;
  std::size_t count_ = 0;
};

struct Spares {
  Shelf small;  // below the smallest class
  std::array<Shelf, classes> large;
  std::size_t bytes = 0;  // of the large ones

  std::string take_large(std::size_t index) noexcept {
    std::string string = large[index].take();
    bytes -= string.capacity();
    return string;
  }
};

// Trivial, so that it may be asked after the thread's end.
constinit thread_local Spares* spares = nullptr;
constinit thread_local bool ended = false;

struct Ender {
  ~Ender() {
    drop_lent_strings();
    ended = true;
  }
};

[[gnu::noinline]] Spares* open_spares() noexcept {
  if (ended) return nullptr;
  static thread_local Ender ender;
  static_cast<void>(&ender);
  return spares = new (std::nothrow) Spares();
}

// With whatever content it had.
std::string find(std::size_t size) {
  const std::size_t wanted = class_above(size);
  if (spares != nullptr)
    for (std::size_t i = wanted; i < std::min(classes, wanted + most_waste); ++i)
      if (!spares->large[i].empty()) return spares->take_large(i);
  std::string fresh;
  fresh.reserve(wanted < classes ? class_size(wanted) : size);
  return fresh;
}

}  // namespace

std::string borrow_string() {
  std::string string;
  if (spares == nullptr) return string;
  for (std::size_t i = classes; i-- > 0 && string.capacity() < smallest_class;)
    if (!spares->large[i].empty()) string = spares->take_large(i);
  if (string.capacity() < smallest_class && !spares->small.empty()) string = spares->small.take();
  string.clear();
  return string;
}

std::string borrow_string(std::size_t size) {
  std::string string = find(size);
  string.clear();
  return string;
}

std::string borrow_filled_string(std::size_t size) {
  std::string string = find(size);
  string.resize(size);
  return string;
}

void give_back(std::string& string) noexcept {
  const std::size_t size = string.capacity();
  if (size <= largest_kept && (spares != nullptr || open_spares() != nullptr)) {
    if (size < smallest_class) {
      if (!spares->small.full(most_small)) spares->small.put(string);
    } else {
      const std::size_t index = class_within(size);
      Shelf& shelf = spares->large[index];
      if (!shelf.full(std::min(most_strings, most_bytes / class_size(index))) &&
          spares->bytes + size <= most_bytes_of_all) {
        spares->bytes += size;
        shelf.put(string);
      }
    }
  }
  std::string().swap(string);  // assigning an empty string would keep the memory
}

void drop_lent_strings() noexcept { delete std::exchange(spares, nullptr); }

}  // namespace connectrpc::base
