// Buffers that a thread lends to whichever connection is active.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <span>
#include <string>

namespace connectrpc::io {

/// Memory to read into, for the length of a scope: connections at rest hold none.
class ReadBuffer {
 public:
  /// Small calls gain nothing beyond 16 KiB; messages of 64 KiB cost a quarter less CPU time with this than with that.
  /// What is not read into costs no memory.
  static constexpr std::size_t size = 128 * 1024;

  ReadBuffer();
  ReadBuffer(const ReadBuffer&) = delete;
  ReadBuffer& operator=(const ReadBuffer&) = delete;
  ~ReadBuffer();

  std::span<char> span() noexcept { return *bytes_; }

 private:
  std::unique_ptr<std::array<char, size>> bytes_;
};

/// An empty string, if possible with memory that give_back() left.
std::string borrow_string();
/// Empties `string` and keeps its memory for the next one, unless that is too much.
void give_back(std::string& string) noexcept;
/// Frees what the calling thread could lend.
void drop_lent_buffers() noexcept;

}  // namespace connectrpc::io
