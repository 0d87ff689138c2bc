// The suite talks to a program under test in frames: four bytes of length, big-endian, then a binary message.
#pragma once

#include <google/protobuf/message.h>

#include <array>
#include <cstdint>
#include <cstdio>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>

namespace conformance {

/// The next message of standard input, or nothing at its end.
template <class T>
std::optional<T> read_frame() {
  std::array<unsigned char, 4> prefix;
  const std::size_t got = std::fread(prefix.data(), 1, prefix.size(), stdin);
  if (got == 0) return std::nullopt;
  const std::uint32_t size = std::uint32_t{prefix[0]} << 24 | std::uint32_t{prefix[1]} << 16 |
                             std::uint32_t{prefix[2]} << 8 | std::uint32_t{prefix[3]};
  std::string bytes(size, '\0');
  T message;
  if (got != prefix.size() || std::fread(bytes.data(), 1, size, stdin) != size || !message.ParseFromString(bytes))
    throw std::runtime_error("broken frame on standard input");
  return message;
}

/// Writes one message to standard output; any thread.
inline void write_frame(const google::protobuf::Message& message) {
  const std::string bytes = message.SerializeAsString();
  const auto size = static_cast<std::uint32_t>(bytes.size());
  const std::array<unsigned char, 4> prefix{static_cast<unsigned char>(size >> 24),
                                            static_cast<unsigned char>(size >> 16),
                                            static_cast<unsigned char>(size >> 8), static_cast<unsigned char>(size)};
  static std::mutex mutex;
  const std::lock_guard lock(mutex);
  std::fwrite(prefix.data(), 1, prefix.size(), stdout);
  std::fwrite(bytes.data(), 1, bytes.size(), stdout);
  std::fflush(stdout);
}

}  // namespace conformance
