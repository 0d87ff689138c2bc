// The suite's headers and errors to ours and back.
#pragma once

#include <string>
#include <string_view>

#include "connectrpc/conformance/v1/service.pb.h"
#include "connectrpc/error.h"
#include "connectrpc/headers.h"

namespace conformance {

namespace suite = ::connectrpc::conformance::v1;

template <class Pairs>
connectrpc::Headers to_headers(const Pairs& pairs) {
  connectrpc::Headers headers;
  for (const suite::Header& pair : pairs)
    for (const std::string& value : pair.value()) headers.add(pair.name(), value);
  return headers;
}

/// Appends each name once, with its values in order.
template <class Pairs>
void from_headers(const connectrpc::Headers& headers, Pairs* to) {
  for (const auto& [name, value] : headers) {
    suite::Header* pair = nullptr;
    for (suite::Header& earlier : *to)
      if (earlier.name() == name) pair = &earlier;
    if (pair == nullptr) {
      pair = to->Add();
      pair->set_name(std::string(name));
    }
    pair->add_value(std::string(value));
  }
}

inline constexpr std::string_view type_prefix = "type.googleapis.com/";

inline connectrpc::Error to_error(const suite::Error& from) {
  connectrpc::Error error(static_cast<connectrpc::Code>(from.code()), from.message());
  for (const google::protobuf::Any& detail : from.details()) {
    const std::string& url = detail.type_url();
    error.with_detail(connectrpc::ErrorDetail{url.substr(url.rfind('/') + 1), detail.value()});
  }
  return error;
}

inline void from_error(const connectrpc::Error& error, suite::Error& to) {
  to.set_code(static_cast<suite::Code>(error.code()));
  to.set_message(error.message());
  for (const connectrpc::ErrorDetail& detail : error.details()) {
    google::protobuf::Any& any = *to.add_details();
    any.set_type_url(std::string(type_prefix) + detail.type);
    any.set_value(detail.value);
  }
}

}  // namespace conformance
