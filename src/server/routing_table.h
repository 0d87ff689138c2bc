// From paths to what answers them.
#pragma once

#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "connectrpc/http/middleware.h"
#include "connectrpc/interceptor.h"
#include "connectrpc/service.h"
#include "rpc/server_call.h"

namespace connectrpc::server {

/// What is served where. Filled before it serves, read by all loops after that.
class RoutingTable {
 public:
  using MiddlewareList = std::vector<http::Middleware>;

  /// A method of a service.
  struct Method {
    rpc::Route route;
    /// Of the router that it was mounted with. Null: none.
    std::shared_ptr<const MiddlewareList> around = nullptr;
    /// Nothing of HTTP stands around it: set when the table begins to serve.
    bool direct = false;
  };
  /// A handler of a path.
  struct PlainRoute {
    /// Empty: all.
    std::string method;
    http::Handler handler;
    std::shared_ptr<const MiddlewareList> around = nullptr;
  };
  /// Where a path leads that has plain routes.
  struct PlainFound {
    /// Null: not by this method.
    const PlainRoute* route = nullptr;
    /// Bytes of the path behind the route's own.
    std::size_t rest = 0;
    /// The methods that there are, for 405.
    std::string allow;
  };

  /// std::invalid_argument names a path that is taken, or a prefix that does not begin with '/' or ends in one.
  void add(Service& service, std::string_view prefix);
  void add(ServiceSync& service, std::string_view prefix);
  /// std::invalid_argument if there is no method of this name ("pkg.Service/Method") or of this service
  /// ("pkg.Service").
  void limit_receive(std::string_view name, std::size_t bytes);
  /// Interceptors of all methods, also of those added later, or of one method or service, as limit_receive names them.
  /// They stand around calls in the order of these calls, the first outermost.
  void intercept(std::shared_ptr<Interceptor> interceptor);
  void intercept(std::string_view name, std::shared_ptr<Interceptor> interceptor);
  void keep(std::shared_ptr<void> owned) { kept_.push_back(std::move(owned)); }
  void use(http::Middleware middleware);
  void handle(std::string_view method, std::string_view path, http::Handler handler);
  void mount(std::string_view prefix, const RoutingTable& other);

  /// From now on every change throws std::logic_error. Any thread; idempotent.
  void begin_to_serve();

  /// Each method once, ordered by its path without prefixes.
  std::vector<const MethodSpec*> methods() const;
  /// Null if no method has this path. Valid as long as the table.
  const Method* find(std::string_view path) const noexcept;
  /// Empty if no plain route has this path.
  std::optional<PlainFound> find_plain(std::string_view method, std::string_view path) const;
  /// Around everything, outermost first.
  const MiddlewareList& middleware() const noexcept { return middleware_; }
  bool has_blocking() const noexcept { return has_blocking_; }
  /// There is nothing of HTTP: no plain route, and no middleware around everything.
  bool has_only_methods() const noexcept { return plain_.empty() && middleware_.empty(); }

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const noexcept { return std::hash<std::string_view>()(text); }
  };
  template <class Value>
  using PathMap = std::unordered_map<std::string, Value, Hash, std::equal_to<>>;

  void must_not_serve() const;
  // Calls `visit` with the routes of a method or service; std::invalid_argument if there are none.
  void visit(std::string_view name, const std::function<void(rpc::Route&)>& visit);
  static void append(rpc::Route& route, std::shared_ptr<Interceptor> interceptor);
  void insert(std::string_view prefix, rpc::Route route);
  // std::invalid_argument if it is.
  void must_be_free(std::string_view method, const std::string& path) const;
  void insert_plain(const std::string& path, PlainRoute route);
  std::shared_ptr<const MiddlewareList> with_own(const std::shared_ptr<const MiddlewareList>& inner) const;

  PathMap<Method> methods_;
  PathMap<std::vector<PlainRoute>> plain_;
  // Those paths in plain_ that end in '/', the longest first.
  std::vector<std::string> prefixes_;
  InterceptorList for_all_;
  MiddlewareList middleware_;
  std::vector<std::shared_ptr<void>> kept_;
  bool has_blocking_ = false;
  std::mutex mutex_;
  std::atomic<bool> serving_{false};
};

}  // namespace connectrpc::server
