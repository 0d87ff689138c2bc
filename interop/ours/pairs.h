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
    if (is_binary(pair.name())) {
      headers.add_binary(pair.name(), pair.binary());
    } else {
      headers.add(pair.name(), pair.value());
    }
  }
  return headers;
}

/// Appends what `headers` has of the names; throws Error for a binary value that does not decode.
template <class Names, class Pairs>
void pick(const connectrpc::Headers& headers, const Names& names, Pairs* to) {
  for (const std::string& name : names) {
    if (is_binary(name)) {
      for (const std::string& value : headers.get_all_binary(name).value()) {
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
    }
  }
}

}  // namespace interop
