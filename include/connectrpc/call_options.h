// What a client says about one call.
#pragma once

#include <chrono>
#include <concepts>
#include <cstddef>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>

#include "connectrpc/deadline.h"
#include "connectrpc/headers.h"

namespace connectrpc {

class Context;

/// Headers and settings of one call; what is not set comes from the channel. A class with user-written constructors, as
/// GCC 12 demands of whatever is spelled inside co_await. A value type.
///
///   client.greet(request, {{"tenant", "1234"}});
///   client.greet(request, CallOptions().header("tenant", "1234").timeout(2s));
class CallOptions {
 public:
  CallOptions() {}
  CallOptions(Headers headers) : headers_(std::move(headers)) {}
  CallOptions(const Header& a) : headers_(a) {}
  CallOptions(const Header& a, const Header& b) : headers_(a, b) {}
  CallOptions(const Header& a, const Header& b, const Header& c) : headers_(a, b, c) {}
  CallOptions(const Header& a, const Header& b, const Header& c, const Header& d) : headers_(a, b, c, d) {}
  CallOptions(const Header& a, const Header& b, const Header& c, const Header& d, const Header& e)
      : headers_(a, b, c, d, e) {}
  CallOptions(const Header& a, const Header& b, const Header& c, const Header& d, const Header& e, const Header& f)
      : headers_(a, b, c, d, e, f) {}
  CallOptions(const Header& a, const Header& b, const Header& c, const Header& d, const Header& e, const Header& f,
              const Header& g)
      : headers_(a, b, c, d, e, f, g) {}
  CallOptions(const Header& a, const Header& b, const Header& c, const Header& d, const Header& e, const Header& f,
              const Header& g, const Header& h)
      : headers_(a, b, c, d, e, f, g, h) {}

  /// What a handler's own calls inherit of its call: the deadline, cancellation (coroutines have it anyway; blocking
  /// calls by the stop token), and the request headers of these names, with all their values. A received pair that may
  /// not be sent is skipped, and the log hook told.
  ///
  ///   co_await client.greet(request, CallOptions::from(context, "traceparent", "acme-tenant-id"));
  template <std::convertible_to<std::string_view>... Names>
  static CallOptions from(const Context& context, const Names&... names) {
    CallOptions options = from_context(context);
    (options.forward(context, names), ...);
    return options;
  }

  /// Appends a request header; throws std::invalid_argument as Headers::add does.
  CallOptions& header(std::string_view name, std::string_view value) &;
  CallOptions&& header(std::string_view name, std::string_view value) &&;
  CallOptions& binary_header(std::string_view name, std::string_view bytes) &;
  CallOptions&& binary_header(std::string_view name, std::string_view bytes) &&;

  /// How long the call may take, from when it is made. With a deadline too, the earlier wins. Zero or less: the call
  /// fails with deadline_exceeded without being sent.
  CallOptions& timeout(std::chrono::nanoseconds timeout) &;
  CallOptions&& timeout(std::chrono::nanoseconds timeout) &&;
  CallOptions& deadline(Deadline deadline) &;
  CallOptions&& deadline(Deadline deadline) &&;

  /// How long one message of a stream, the answer of a unary call or the response's headers may be waited for, and how
  /// long a call may stand still with nothing from the server; then it fails with deadline_exceeded. Zero: for ever.
  CallOptions& message_timeout(std::chrono::nanoseconds timeout) &;
  CallOptions&& message_timeout(std::chrono::nanoseconds timeout) &&;
  CallOptions& idle_timeout(std::chrono::nanoseconds timeout) &;
  CallOptions&& idle_timeout(std::chrono::nanoseconds timeout) &&;

  /// A blocking call is given up when a stop is requested, from any thread: it fails with `canceled`. Coroutines have
  /// Asio's cancellation for that and do not look at it.
  CallOptions& stop_token(std::stop_token token) &;
  CallOptions&& stop_token(std::stop_token token) &&;

  /// What the request is compressed with; "identity" for nothing. std::invalid_argument from the call if the channel
  /// does not know it.
  CallOptions& compression(std::string_view name) &;
  CallOptions&& compression(std::string_view name) &&;
  /// Largest message taken and sent, uncompressed, in bytes.
  CallOptions& receive_limit(std::size_t bytes) &;
  CallOptions&& receive_limit(std::size_t bytes) &&;
  CallOptions& send_limit(std::size_t bytes) &;
  CallOptions&& send_limit(std::size_t bytes) &&;
  /// Connect: send a method without side effects as GET. std::logic_error from the call on any other method.
  CallOptions& use_get(bool use = true) &;
  CallOptions&& use_get(bool use = true) &&;

  const Headers& headers() const& noexcept { return headers_; }
  Headers& headers() & noexcept { return headers_; }
  Headers headers() && noexcept { return std::move(headers_); }
  std::optional<std::chrono::nanoseconds> timeout() const noexcept { return timeout_; }
  Deadline deadline() const noexcept { return deadline_; }
  std::optional<std::chrono::nanoseconds> message_timeout() const noexcept { return message_timeout_; }
  std::optional<std::chrono::nanoseconds> idle_timeout() const noexcept { return idle_timeout_; }
  const std::stop_token& stop_token() const& noexcept { return stop_token_; }
  const std::optional<std::string>& compression() const& noexcept { return compression_; }
  std::optional<std::size_t> receive_limit() const noexcept { return receive_limit_; }
  std::optional<std::size_t> send_limit() const noexcept { return send_limit_; }
  std::optional<bool> gets() const noexcept { return use_get_; }

 private:
  static CallOptions from_context(const Context& context);
  void forward(const Context& context, std::string_view name);

  Headers headers_;
  std::optional<std::string> compression_;
  std::optional<std::chrono::nanoseconds> timeout_;
  Deadline deadline_;
  std::optional<std::chrono::nanoseconds> message_timeout_;
  std::optional<std::chrono::nanoseconds> idle_timeout_;
  std::stop_token stop_token_;
  std::optional<std::size_t> receive_limit_;
  std::optional<std::size_t> send_limit_;
  std::optional<bool> use_get_;
};

}  // namespace connectrpc
