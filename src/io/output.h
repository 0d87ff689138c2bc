// Bytes on their way out of a connection.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace connectrpc::io {

/// Bytes of a body as a session keeps them until they leave: many stay where they are, to be shared with outputs, few
/// are copied.
class BodyBytes {
 public:
  BodyBytes() = default;
  /// Shared if they are many.
  explicit BodyBytes(std::string bytes);

  std::string_view view() const noexcept { return shared_ != nullptr ? *shared_ : std::string_view(own_); }
  std::size_t size() const noexcept { return view().size(); }
  bool shared() const noexcept { return shared_ != nullptr; }
  /// Bytes to append to, unless they are shared.
  std::string& own() noexcept { return own_; }
  /// Gives the memory away that was its own.
  void drop() noexcept;

 private:
  friend class Output;
  std::string own_;
  std::shared_ptr<const std::string> shared_;
};

/// What a connection has to send: what was copied here, and between it what is shared. Sent from the front.
class Output {
 public:
  Output() = default;
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;
  ~Output() { clear(); }

  /// Where bytes are copied to, at the end; to be appended to only.
  std::string& tail() noexcept { return copied_; }
  /// The `size` bytes of `chunk` from `at` on, which are shared if both are many.
  void append(const BodyBytes& chunk, std::size_t at, std::size_t size);

  /// Bytes that wait.
  std::size_t size() const noexcept { return copied_.size() - sent_ + shared_size_; }
  bool empty() const noexcept { return size() == 0; }
  /// The first ones, in as many pieces as there is room for; how many it took. Valid until the next change.
  std::size_t pieces(std::span<std::string_view> into) const noexcept;
  /// Drops the first `count` bytes, at most size().
  void consume(std::size_t count) noexcept;

  /// Takes memory for what is to come.
  void prepare();
  /// Drops everything, memory included.
  void clear() noexcept;

 private:
  struct Shared {
    std::size_t at;  // bytes of copied_ before it
    std::string_view bytes;
    std::shared_ptr<const std::string> owner;
  };

  std::string copied_;
  std::size_t sent_ = 0;  // bytes of copied_
  std::vector<Shared> shared_;
  std::size_t first_ = 0;  // of those not sent
  std::size_t shared_size_ = 0;
};

}  // namespace connectrpc::io
