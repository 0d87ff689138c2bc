// Which names the response to a request may have, each once: what clients tell about.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "interop/v1/interop.pb.h"

namespace interop {

inline bool is_binary(std::string_view name) { return name.ends_with("-bin"); }

inline std::vector<std::string> reply_names(const v1::CallRequest& request) {
  std::vector<std::string> names;
  auto collect = [&](const auto& pairs) {
    for (const v1::Pair& pair : pairs)
      if (std::find(names.begin(), names.end(), pair.name()) == names.end()) names.push_back(pair.name());
  };
  collect(request.headers());
  collect(request.failure().metadata());
  collect(request.trailers());
  return names;
}

}  // namespace interop
