// From paths to methods.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "connectrpc/interceptor.h"
#include "connectrpc/service.h"
#include "rpc/server_call.h"

namespace connectrpc::server {

/// The methods of a server. Filled before it starts, read by all loops after that.
class Router {
 public:
  /// std::invalid_argument names a path that is taken, or a prefix that does not begin with '/' or ends in one.
  void add(Service& service, std::string_view prefix);
  void add(ServiceSync& service, std::string_view prefix);
  /// std::invalid_argument if there is no method of this name ("pkg.Service/Method") or of this service
  /// ("pkg.Service").
  void limit_receive(std::string_view name, std::size_t bytes);
  /// Interceptors of one method or service, as limit_receive names them, or of all ("", also those added later). They
  /// stand around calls in the order of these calls, the first outermost.
  void intercept(std::string_view name, std::shared_ptr<Interceptor> interceptor);
  void keep(std::shared_ptr<void> owned) { kept_.push_back(std::move(owned)); }

  /// Each method once, ordered by its path without prefixes.
  std::vector<const MethodSpec*> methods() const;
  /// Null if no method has this path. Valid as long as the router.
  const rpc::Route* find(std::string_view path) const noexcept;
  bool has_blocking() const noexcept { return has_blocking_; }

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const noexcept { return std::hash<std::string_view>()(text); }
  };
  // Calls `visit` with the routes of a method or service; std::invalid_argument if there are none.
  void visit(std::string_view name, const std::function<void(rpc::Route&)>& visit);
  static void intercept(rpc::Route& route, std::shared_ptr<Interceptor> interceptor);
  void insert(std::string_view prefix, rpc::Route route);

  std::unordered_map<std::string, rpc::Route, Hash, std::equal_to<>> routes_;
  InterceptorList for_all_;
  std::vector<std::shared_ptr<void>> kept_;
  bool has_blocking_ = false;
};

}  // namespace connectrpc::server
