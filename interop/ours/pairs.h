// Pairs of the interop messages to Headers and back.
#pragma once

#include <string>
#include <vector>

#include "connectrpc/headers.h"
#include "connectrpc/result.h"
#include "interop/v1/interop.pb.h"
#include "reply_names.h"

namespace interop {

template <class Pairs>
connectrpc::Headers to_headers(const Pairs& pairs) {
  connectrpc::Headers headers;
  for (const v1::Pair& pair : pairs) {
    if (is_binary(pair.name()) && !pair.raw()) {
      headers.add_binary(pair.name(), pair.binary());
    } else {
      headers.add(pair.name(), pair.value());
    }
  }
  return headers;
}

/// Appends what `headers` has of the names.
template <class Names, class Pairs>
void pick(const connectrpc::Headers& headers, const Names& names, Pairs* to) {
  for (const std::string& name : names) {
    const auto decoded = is_binary(name) ? headers.get_all_binary(name) : std::vector<std::string>();
    if (is_binary(name) && decoded) {
      for (const std::string& value : *decoded) {
        v1::Pair& pair = *to->Add();
        pair.set_name(name);
        pair.set_binary(value);
      }
      continue;
    }
    for (const std::string_view value : headers.get_all(name)) {
      v1::Pair& pair = *to->Add();
      pair.set_name(name);
      pair.set_value(std::string(value));
      pair.set_raw(is_binary(name));
    }
  }
}

}  // namespace interop
