// From paths to what answers them: the service as a function from HTTP request to HTTP response.
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "connectrpc/http/middleware.h"
#include "connectrpc/interceptor.h"
#include "connectrpc/server_options.h"
#include "connectrpc/service.h"
#include "connectrpc/task.h"

namespace connectrpc {

namespace server {
class RouterAccess;
class RoutingTable;
}  // namespace server

/// Services, plain routes, and what stands around them. Every Server has one; more of them are made to be mounted under
/// a prefix, or to serve from inside another HTTP server. Filled by one thread before it serves: afterwards all that
/// changes it throws std::logic_error.
class Router {
 public:
  /// `options` count for serve() alone: limits, compression, workers, log. A server uses its own.
  explicit Router(ServerOptions options = ServerOptions());
  Router(const Router&) = delete;
  Router& operator=(const Router&) = delete;
  ~Router();

  /// As the members of Server that have these names.
  Router& add(Service& service, std::string_view prefix = "");
  Router& add(ServiceSync& service, std::string_view prefix = "");
  Router& add(std::shared_ptr<Service> service, std::string_view prefix = "");
  Router& add(std::shared_ptr<ServiceSync> service, std::string_view prefix = "");
  Router& receive_limit(std::string_view name, std::size_t bytes);
  Router& intercept(std::shared_ptr<Interceptor> interceptor);
  Router& intercept(std::string_view name, std::shared_ptr<Interceptor> interceptor);

  /// Middleware around every request that comes in here, the first outermost.
  Router& use(http::Middleware middleware);

  /// A handler for a path: "/healthz" for this one, "/static/" for all that begin with it, of which the longest wins; a
  /// path of its own wins over both. `method`: "GET" (which takes HEAD as well), …; without one every method. Another
  /// method is answered with 405. std::invalid_argument names a path that is none or is taken, by an RPC too.
  Router& handle(std::string_view path, http::Handler handler);
  Router& handle(std::string_view method, std::string_view path, http::Handler handler);
  /// handle("/", handler): what nothing else answers.
  Router& unknown(http::Handler handler) { return handle("/", std::move(handler)); }

  /// Takes over what `other` has now, below `prefix` ("/api"), and keeps its shared services alive. Its interceptors
  /// and middleware stand around its own services and routes, inside of those that are here already.
  /// std::invalid_argument names a path that is taken; then nothing was taken over.
  Router& mount(std::string_view prefix, const Router& other);
  /// The same without a prefix.
  Router& merge(const Router& other) { return mount("", other); }

  /// Every method that it has, each once, ordered by its path without prefixes. Valid as long as the services. While it
  /// is filled on the thread that does, after that on any.
  std::vector<const MethodSpec*> methods() const;

  /// Answers a request that another HTTP library has received. Runs on an io_context that one thread runs, and ends
  /// when `response` has ended. The request's Reader is called while the answer is written and should end when it is
  /// cancelled: that is how a call is answered without reading its whole body. Throws Error if the answer broke off
  /// after its head was written: close the connection. The router outlives it.
  Task<> serve(http::Request& request, http::Response& response);

 private:
  friend class server::RouterAccess;
  class Core;
  std::shared_ptr<Core> core_;
};

}  // namespace connectrpc
