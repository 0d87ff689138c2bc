// How much memory this process occupies.
#include "server/resident_memory.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <limits>

namespace connectrpc::server {

std::size_t resident_memory() noexcept {
  constexpr std::size_t unknown = std::numeric_limits<std::size_t>::max();
  // "size resident shared …", in pages.
  const int file = ::open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
  if (file < 0) return unknown;
  std::array<char, 256> text;
  const ssize_t size = ::read(file, text.data(), text.size() - 1);
  ::close(file);
  if (size <= 0) return unknown;
  text[static_cast<std::size_t>(size)] = '\0';
  char* end = nullptr;
  static_cast<void>(std::strtoull(text.data(), &end, 10));
  const char* const second = end;
  const unsigned long long pages = std::strtoull(second, &end, 10);
  return end == second ? unknown : pages * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

}  // namespace connectrpc::server
