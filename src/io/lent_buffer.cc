// A buffer that a thread lends to whichever connection reads.
#include "io/lent_buffer.h"

#include <utility>

namespace connectrpc::io {
namespace {

using Bytes = std::unique_ptr<std::array<char, ReadBuffer::size>>;

Bytes& spare() noexcept {
  thread_local Bytes spare;
  return spare;
}

}  // namespace

ReadBuffer::ReadBuffer() : bytes_(std::move(spare())) {
  if (!bytes_) bytes_.reset(new std::array<char, size>);
}

ReadBuffer::~ReadBuffer() { spare() = std::move(bytes_); }

void ReadBuffer::drop() noexcept { spare().reset(); }

}  // namespace connectrpc::io
