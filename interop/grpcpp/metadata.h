// Pairs of the interop messages to grpc++'s metadata and back.
#pragma once

#include <grpcpp/grpcpp.h>

#include <map>
#include <string>
#include <vector>

#include "interop/v1/interop.pb.h"
#include "reply_names.h"

namespace interop {

using Metadata = std::multimap<grpc::string_ref, grpc::string_ref>;

inline const std::string& value_of(const v1::Pair& pair) {
  return is_binary(pair.name()) && !pair.raw() ? pair.binary() : pair.value();
}

/// Appends what `metadata` has of the names.
template <class Names, class Pairs>
void pick(const Metadata& metadata, const Names& names, Pairs* to) {
  for (const std::string& name : names) {
    const auto [begin, end] = metadata.equal_range(name);
    for (auto at = begin; at != end; ++at) {
      v1::Pair& pair = *to->Add();
      pair.set_name(name);
      const std::string value(at->second.data(), at->second.size());
      is_binary(name) ? pair.set_binary(value) : pair.set_value(value);
    }
  }
}

}  // namespace interop
