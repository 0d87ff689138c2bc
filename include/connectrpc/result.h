// A value or the error that took its place.
#pragma once

#include <optional>
#include <utility>
#include <variant>

#include "connectrpc/error.h"

namespace connectrpc {

/// What a call or a look-up came to: a T or an Error. A value type; views into it die with it.
template <class T>
class [[nodiscard]] Result {
 public:
  /// Code::unknown: what Asio wants to be able to make where a coroutine threw something else.
  Result() : state_(std::in_place_index<1>, Error(Code::unknown, "no result")) {}
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

  bool has_value() const noexcept { return state_.index() == 0; }
  explicit operator bool() const noexcept { return has_value(); }

  /// The value. Throws the error where there is none.
  const T& value() const& { return check(), std::get<0>(state_); }
  T& value() & { return check(), std::get<0>(state_); }
  T value() && { return check(), std::get<0>(std::move(state_)); }

  /// The value, unchecked: undefined where there is none.
  const T& operator*() const& { return *std::get_if<0>(&state_); }
  T& operator*() & { return *std::get_if<0>(&state_); }
  T operator*() && { return std::move(*std::get_if<0>(&state_)); }
  const T* operator->() const& { return std::get_if<0>(&state_); }
  T* operator->() & { return std::get_if<0>(&state_); }
  const T* operator->() const&& = delete;

  /// The error, unchecked: undefined where there is a value.
  const Error& error() const& { return *std::get_if<1>(&state_); }
  Error& error() & { return *std::get_if<1>(&state_); }
  Error error() && { return std::move(*std::get_if<1>(&state_)); }

 private:
  void check() const {
    if (!has_value()) throw error();
  }
  std::variant<T, Error> state_;
};

/// Success, or the error that took its place.
template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : error_(std::move(error)) {}

  bool has_value() const noexcept { return !error_; }
  explicit operator bool() const noexcept { return has_value(); }
  /// Throws the error if there is one.
  void value() const {
    if (error_) throw *error_;
  }
  /// The error, unchecked: undefined on success.
  const Error& error() const& { return *error_; }
  Error& error() & { return *error_; }
  Error error() && { return std::move(*error_); }

 private:
  std::optional<Error> error_;
};

}  // namespace connectrpc
