// The one error that a failed call gives.
#include "connectrpc/error.h"

#include <google/protobuf/message_lite.h>

#include <atomic>
#include <stdexcept>
#include <utility>

#include "connectrpc/detail/error_access.h"
#include "connectrpc/detail/headers_access.h"
#include "connectrpc/headers.h"
#include "core/quiet_parse.h"

namespace connectrpc {

bool ErrorDetail::unpack_to(google::protobuf::MessageLite& message) const {
  const detail::QuietParse quiet;
  return type == message.GetTypeName() && message.ParsePartialFromString(value) && message.IsInitialized();
}

struct Error::State {
  Code code = Code::unknown;
  bool remote = false;
  std::string message;
  // Made when code or message change, not when asked for: copies share it, perhaps from several threads.
  std::string what{to_string(Code::unknown)};
  std::vector<ErrorDetail> details;
  Headers own;
  Headers headers;
  Headers trailers;
  // headers, trailers, own; empty while there are neither headers nor trailers.
  Headers all;

  void describe() {
    what = to_string(code);
    if (!message.empty()) what.append(": ").append(message);
  }
  bool answered() const noexcept { return !headers.empty() || !trailers.empty(); }
  const Headers& metadata() const noexcept { return answered() ? all : own; }
  void gather() {
    if (!answered()) return;
    all = headers;
    detail::HeadersAccess::append_all(all, trailers);
    detail::HeadersAccess::append_all(all, own);
  }
};

const Error::State& Error::state() const noexcept {
  static const State moved_from;
  return state_ ? *state_ : moved_from;
}

// What a change may be made in: ours where nobody shares it, or else a copy, which becomes ours when the change is done
// (until then its arguments may lie in the old one).
std::shared_ptr<Error::State> Error::writable() const {
  if (!state_ || state_.use_count() != 1) return std::make_shared<State>(state());
  // use_count reads relaxed: what other threads did with their copies must lie before our change.
  std::atomic_thread_fence(std::memory_order_acquire);
  return state_;
}

Error::Error(Code code, std::string message) : state_(std::make_shared<State>()) {
  state_->code = code;
  state_->message = std::move(message);
  state_->describe();
}

Code Error::code() const noexcept { return state().code; }
const std::string& Error::message() const noexcept { return state().message; }
const char* Error::what() const noexcept { return state().what.c_str(); }

Error& Error::with_metadata(std::string_view name, std::string_view value) & {
  std::shared_ptr<State> changed = writable();
  changed->own.add(name, value);
  changed->gather();
  state_ = std::move(changed);
  return *this;
}

Error& Error::with_binary_metadata(std::string_view name, std::string_view bytes) & {
  std::shared_ptr<State> changed = writable();
  changed->own.add_binary(name, bytes);
  changed->gather();
  state_ = std::move(changed);
  return *this;
}

Error& Error::with_metadata(const Headers& pairs) & {
  std::shared_ptr<State> changed = writable();
  detail::HeadersAccess::append_all(changed->own, pairs);
  changed->gather();
  state_ = std::move(changed);
  return *this;
}

Error& Error::with_detail(const google::protobuf::MessageLite& message) & {
  ErrorDetail detail{std::string(message.GetTypeName()), {}};
  if (!message.SerializePartialToString(&detail.value)) throw std::length_error("error detail: more than 2 GiB");
  return with_detail(std::move(detail));
}

Error& Error::with_detail(ErrorDetail detail) & {
  if (const std::size_t slash = detail.type.rfind('/'); slash != std::string::npos) detail.type.erase(0, slash + 1);
  std::shared_ptr<State> changed = writable();
  changed->details.push_back(std::move(detail));
  state_ = std::move(changed);
  return *this;
}

Error&& Error::with_metadata(std::string_view name, std::string_view value) && {
  return std::move(with_metadata(name, value));
}
Error&& Error::with_binary_metadata(std::string_view name, std::string_view bytes) && {
  return std::move(with_binary_metadata(name, bytes));
}
Error&& Error::with_metadata(const Headers& pairs) && { return std::move(with_metadata(pairs)); }
Error&& Error::with_detail(const google::protobuf::MessageLite& message) && { return std::move(with_detail(message)); }
Error&& Error::with_detail(ErrorDetail detail) && { return std::move(with_detail(std::move(detail))); }

std::span<const ErrorDetail> Error::details() const& noexcept { return state().details; }

const Headers& Error::metadata() const& noexcept { return state().metadata(); }
Headers Error::metadata() && { return state().metadata(); }
const Headers& Error::headers() const& noexcept { return state().headers; }
Headers Error::headers() && { return state().headers; }
const Headers& Error::trailers() const& noexcept { return state().trailers; }
Headers Error::trailers() && { return state().trailers; }

bool Error::is_remote() const noexcept { return state().remote; }

namespace detail {

void ErrorAccess::set_response(Error& error, Headers headers, Headers trailers) {
  error.state_ = error.writable();
  error.state_->headers = std::move(headers);
  error.state_->trailers = std::move(trailers);
  error.state_->gather();
}

void ErrorAccess::set_remote(Error& error, bool remote) {
  error.state_ = error.writable();
  error.state_->remote = remote;
}

void ErrorAccess::set_message(Error& error, std::string message) {
  error.state_ = error.writable();
  error.state_->message = std::move(message);
  error.state_->describe();
}

void ErrorAccess::set_code(Error& error, Code code) {
  error.state_ = error.writable();
  error.state_->code = code;
  error.state_->describe();
}

const Headers& ErrorAccess::own_metadata(const Error& error) noexcept { return error.state().own; }

}  // namespace detail

}  // namespace connectrpc
