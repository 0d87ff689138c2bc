// The methods that an interceptor leaves alone.
#include "interceptors/open_methods.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace connectrpc::interceptors {

OpenMethods::OpenMethods(std::string_view option, std::vector<std::string> names) : names_(std::move(names)) {
  for (const std::string& name : names_) {
    if (!name.empty() && name.front() != '/' && name.back() != '/') continue;
    throw std::invalid_argument(std::string(option) + " has \"" + name +
                                "\": a service is named like \"pkg.Service\", a method like \"pkg.Service/Method\"");
  }
}

bool OpenMethods::contains(const MethodSpec& method) const noexcept {
  return std::ranges::any_of(
      names_, [&](const std::string& name) { return name == method.service() || name == method.full_name(); });
}

}  // namespace connectrpc::interceptors
