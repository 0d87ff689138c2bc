// Buffers that a thread lends to whichever connection is active.
#include "io/lent_buffer.h"

#include <utility>

namespace connectrpc::io {
namespace {

// Two strings are in use at once where TLS encrypts what a connection produced.
struct Spares {
  std::unique_ptr<std::array<char, ReadBuffer::size>> read;
  std::array<std::string, 2> strings;
};

Spares& spares() noexcept {
  thread_local Spares spares;
  return spares;
}

constexpr std::size_t largest_kept = 512 * 1024;

}  // namespace

ReadBuffer::ReadBuffer() : bytes_(std::move(spares().read)) {
  if (!bytes_) bytes_.reset(new std::array<char, size>);
}

ReadBuffer::~ReadBuffer() { spares().read = std::move(bytes_); }

std::string borrow_string() {
  for (std::string& spare : spares().strings)
    if (spare.capacity() > 15) return std::exchange(spare, std::string());
  return {};
}

void give_back(std::string& string) noexcept {
  string.clear();
  if (string.capacity() <= largest_kept)
    for (std::string& spare : spares().strings)
      if (spare.capacity() < string.capacity()) spare.swap(string);
  std::string().swap(string);
}

void drop_lent_buffers() noexcept {
  spares().read.reset();
  // Assigning an empty string would keep the memory.
  for (std::string& spare : spares().strings) std::string().swap(spare);
}

}  // namespace connectrpc::io
