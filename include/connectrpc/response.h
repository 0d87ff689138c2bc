// What a unary call gives: the message and the metadata around it.
#pragma once

#include <utility>

#include "connectrpc/headers.h"
#include "connectrpc/peer.h"

namespace connectrpc {

/// A message with the response's headers and trailers. A value type. What returns a view is deleted on temporaries.
template <class T>
class Response {
 public:
  Response() = default;
  Response(T message, Headers headers, Headers trailers)
      : message_(std::move(message)), headers_(std::move(headers)), trailers_(std::move(trailers)) {}

  const T* operator->() const& noexcept { return &message_; }
  T* operator->() & noexcept { return &message_; }
  const T* operator->() const&& = delete;
  const T& operator*() const& noexcept { return message_; }
  T& operator*() & noexcept { return message_; }
  T operator*() && { return std::move(message_); }

  const Headers& headers() const& noexcept { return headers_; }
  Headers& headers() & noexcept { return headers_; }
  Headers headers() && { return std::move(headers_); }
  const Headers& trailers() const& noexcept { return trailers_; }
  Headers& trailers() & noexcept { return trailers_; }
  Headers trailers() && { return std::move(trailers_); }
  /// The server that answered.
  const Peer& peer() const& noexcept { return peer_; }
  Peer& peer() & noexcept { return peer_; }
  Peer peer() && { return std::move(peer_); }

 private:
  T message_{};
  Headers headers_;
  Headers trailers_;
  Peer peer_;
};

}  // namespace connectrpc
