// An answer whose HTTP status is not 200: an error of Connect, a page of a proxy, anything.
#pragma once

#include <string>
#include <string_view>

#include "connectrpc/error.h"
#include "http/message.h"
#include "protocol/settings.h"

namespace connectrpc::protocol {

class FailedAnswer {
 public:
  /// Where the body is Connect's error object it is believed.
  enum class Body { connect_error, ignored };

  FailedAnswer(const http::ResponseHead& head, Body body, const Settings& settings);

  /// The next bytes of the body; keeps only what error() needs, up to a limit.
  void take(std::string_view bytes);
  /// The error that the answer is, as far as it has come; remote.
  Error error() const;

 private:
  enum class Kind { nothing, text, json };

  Error from_status() const;

  const Settings& settings_;
  int status_;
  Kind kind_ = Kind::nothing;
  const Compression* compression_ = nullptr;
  std::size_t limit_ = 0;
  std::string body_;
};

}  // namespace connectrpc::protocol
