// The methods that an interceptor leaves alone.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "connectrpc/method.h"

namespace connectrpc::interceptors {

class OpenMethods {
 public:
  /// std::invalid_argument names `option` and a name that none can have: services are "pkg.Service", methods
  /// "pkg.Service/Method".
  OpenMethods(std::string_view option, std::vector<std::string> names);
  bool contains(const MethodSpec& method) const noexcept;

 private:
  std::vector<std::string> names_;
};

}  // namespace connectrpc::interceptors
