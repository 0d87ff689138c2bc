// Where the one message of a request is put. Not API.
#pragma once

#include <google/protobuf/arena.h>
#include <google/protobuf/message_lite.h>

#include <algorithm>
#include <cstddef>
#include <memory>
#include <optional>
#include <utility>

#include "connectrpc/detail/pb_compat.h"
#include "connectrpc/detail/request_store.h"

namespace connectrpc::detail {

/// Makes the message once its size is known.
class RequestPlace {
 public:
  /// `bytes`: encoded, uncompressed. Called at most once.
  virtual google::protobuf::MessageLite& make(std::size_t bytes) = 0;

 protected:
  ~RequestPlace() = default;
};

/// A request of a generated handler, for as long as the handler runs. A large one is used again for a later call; where
/// that cannot be, it lives in an arena. A small one gains nothing.
template <class T>
class RequestMessage final : public RequestPlace {
 public:
  RequestMessage() = default;
  RequestMessage(const RequestMessage&) = delete;
  RequestMessage& operator=(const RequestMessage&) = delete;
  ~RequestMessage() {
    if (borrowed_) give_back_request(T::default_instance(), std::move(borrowed_));
  }

  google::protobuf::MessageLite& make(std::size_t bytes) override {
    constexpr std::size_t small = 1024;
    // What is kept takes a multiple of it.
    constexpr std::size_t largest_kept = 128 * 1024;
    if (bytes < small) {
      message_ = &own_.emplace();
    } else if (bytes <= largest_kept && (borrowed_ = borrow_request(T::default_instance(), bytes)) != nullptr) {
      message_ = static_cast<T*>(&message_of(*borrowed_));
    } else {
      // Four times what was encoded is what nested messages with texts take; a bound, since others take less.
      constexpr std::size_t largest_block = 128 * 1024;
      google::protobuf::ArenaOptions options;
      options.start_block_size = std::min(4 * bytes, largest_block);
      options.max_block_size = largest_block;
      message_ = pb_create<T>(arena_.emplace(options));
    }
    return *message_;
  }
  /// Once received.
  const T& operator*() const noexcept { return *message_; }

 private:
  std::optional<T> own_;
  LentRequest borrowed_;
  std::optional<google::protobuf::Arena> arena_;
  T* message_ = nullptr;
};

}  // namespace connectrpc::detail
