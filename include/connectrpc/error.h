// The one error that a failed call gives.
#pragma once

#include <exception>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "connectrpc/code.h"

namespace google::protobuf {
class MessageLite;
}

namespace connectrpc {

class Headers;

namespace detail {
class ErrorAccess;
}

/// A message attached to an error: its full name ("google.rpc.BadRequest") and its binary encoding.
struct ErrorDetail {
  std::string type;
  std::string value;

  /// Parses the detail into `message`; false if it is of another type or broken.
  bool unpack_to(google::protobuf::MessageLite& message) const;
  friend bool operator==(const ErrorDetail&, const ErrorDetail&) = default;
};

/// Why a call failed: what handlers throw and what callers catch. Copies share their content until one is changed, so
/// copying and catching by value are cheap and do not throw.
class Error : public std::exception {
 public:
  /// `message` is for the people at the other end; any UTF-8.
  explicit Error(Code code, std::string message = std::string());

  Code code() const noexcept;
  const std::string& message() const noexcept;
  /// "not_found: no such user". Valid until the error is changed or dies.
  const char* what() const noexcept override;

  /// Appends a pair to the error's own metadata (metadata.md S4); throws std::invalid_argument as Headers::add does.
  Error& with_metadata(std::string_view name, std::string_view value) &;
  Error&& with_metadata(std::string_view name, std::string_view value) &&;
  /// Appends a binary pair; `name` ends in "-bin".
  Error& with_binary_metadata(std::string_view name, std::string_view bytes) &;
  Error&& with_binary_metadata(std::string_view name, std::string_view bytes) &&;
  /// Appends all pairs. Received ones that may not be sent again are skipped, and logged, by whoever sends the error.
  Error& with_metadata(const Headers& pairs) &;
  Error&& with_metadata(const Headers& pairs) &&;
  /// Attaches a message by its encoding. A type URL as `type` is cut down to the name behind its last '/'.
  Error& with_detail(const google::protobuf::MessageLite& message) &;
  Error&& with_detail(const google::protobuf::MessageLite& message) &&;
  Error& with_detail(ErrorDetail detail) &;
  Error&& with_detail(ErrorDetail detail) &&;

  std::span<const ErrorDetail> details() const& noexcept;
  std::span<const ErrorDetail> details() const&& = delete;
  /// The first detail of type T that parses; empty if there is none.
  template <class T>
  std::optional<T> detail() const {
    T message;
    for (const ErrorDetail& candidate : details())
      if (candidate.unpack_to(message)) return message;
    return std::nullopt;
  }

  /// Of a local error: what with_metadata added. Of a failed call: headers() followed by trailers() (metadata.md C4),
  /// then what was added to it here.
  const Headers& metadata() const& noexcept;
  Headers metadata() &&;
  /// Headers and trailers of the failed response; empty unless the server answered.
  const Headers& headers() const& noexcept;
  Headers headers() &&;
  const Headers& trailers() const& noexcept;
  Headers trailers() &&;

  /// Whether the peer said so, rather than this side noticing it.
  bool is_remote() const noexcept;

 private:
  friend class detail::ErrorAccess;
  struct State;
  const State& state() const noexcept;
  std::shared_ptr<State> writable() const;
  std::shared_ptr<State> state_;
};

}  // namespace connectrpc

// Headers names Error, too: whichever of the two files comes first, both types are complete after it.
#include "connectrpc/headers.h"
