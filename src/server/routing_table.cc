// From paths to what answers them.
#include "server/routing_table.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace connectrpc::server {

namespace {

std::string quoted(std::string_view text) { return "\"" + std::string(text) + "\""; }

void check_prefix(std::string_view prefix) {
  if (prefix.empty()) return;
  if (prefix.front() != '/' || prefix.back() == '/' || prefix.find_first_of("?# ") != std::string_view::npos) {
    throw std::invalid_argument("a mount prefix is \"\" or like \"/api\", not " + quoted(prefix));
  }
}

void must_exist(const std::shared_ptr<Interceptor>& interceptor) {
  if (interceptor == nullptr) throw std::invalid_argument("intercept: the interceptor is null");
}

}  // namespace

void RoutingTable::must_not_serve() const {
  if (serving_.load(std::memory_order_acquire)) throw std::logic_error("the router serves already: it cannot change");
}

void RoutingTable::begin_to_serve() {
  if (serving_.load(std::memory_order_acquire)) return;
  const std::lock_guard lock(mutex_);
  for (auto& [path, method] : methods_) method.direct = middleware_.empty() && method.around == nullptr;
  serving_.store(true, std::memory_order_release);
}

void RoutingTable::must_be_free(std::string_view method, const std::string& path) const {
  if (methods_.contains(path)) throw std::invalid_argument("the method " + path + " is served already");
  const auto at = plain_.find(path);
  if (at == plain_.end()) return;
  for (const PlainRoute& route : at->second) {
    if (route.method == method) {
      throw std::invalid_argument("the path " + path + " has a handler already" +
                                  (method.empty() ? std::string() : " for " + std::string(method)));
    }
  }
}

void RoutingTable::insert(std::string_view prefix, rpc::Route route) {
  for (const auto& interceptor : for_all_) append(route, interceptor);
  std::string path = std::string(prefix) + std::string(route.method->path);
  if (plain_.contains(path)) throw std::invalid_argument("the path " + path + " has a handler already");
  const auto [at, inserted] = methods_.try_emplace(std::move(path), Method{std::move(route)});
  if (!inserted) throw std::invalid_argument("the method " + at->first + " is served already");
}

void RoutingTable::add(Service& service, std::string_view prefix) {
  must_not_serve();
  check_prefix(prefix);
  for (const MethodSpec* method : service.methods()) insert(prefix, {method, &service, nullptr});
}

void RoutingTable::add(ServiceSync& service, std::string_view prefix) {
  must_not_serve();
  check_prefix(prefix);
  for (const MethodSpec* method : service.methods()) insert(prefix, {method, nullptr, &service});
  has_blocking_ = true;
}

void RoutingTable::visit(std::string_view name, const std::function<void(rpc::Route&)>& visit) {
  must_not_serve();
  bool found = false;
  for (auto& [path, method] : methods_) {
    const MethodSpec& spec = *method.route.method;
    if (spec.full_name() != name && spec.service() != name) continue;
    visit(method.route);
    found = true;
  }
  if (!found) throw std::invalid_argument("no method or service " + quoted(name) + " has been added");
}

void RoutingTable::limit_receive(std::string_view name, std::size_t bytes) {
  visit(name, [bytes](rpc::Route& route) { route.receive_limit = bytes; });
}

void RoutingTable::append(rpc::Route& route, std::shared_ptr<Interceptor> interceptor) {
  // Every call of the route shares the list.
  auto longer =
      route.interceptors ? std::make_shared<InterceptorList>(*route.interceptors) : std::make_shared<InterceptorList>();
  longer->push_back(std::move(interceptor));
  route.interceptors = std::move(longer);
}

void RoutingTable::intercept(std::shared_ptr<Interceptor> interceptor) {
  must_not_serve();
  must_exist(interceptor);
  for (auto& [path, method] : methods_) append(method.route, interceptor);
  for_all_.push_back(std::move(interceptor));
}

void RoutingTable::intercept(std::string_view name, std::shared_ptr<Interceptor> interceptor) {
  must_exist(interceptor);
  visit(name, [&](rpc::Route& route) { append(route, interceptor); });
}

void RoutingTable::use(http::Middleware middleware) {
  must_not_serve();
  if (!middleware) throw std::invalid_argument("Server::use: the middleware is empty");
  middleware_.push_back(std::move(middleware));
}

void RoutingTable::handle(std::string_view method, std::string_view path, http::Handler handler) {
  must_not_serve();
  if (path.empty() || path.front() != '/' || path.find_first_of("?# ") != std::string_view::npos) {
    throw std::invalid_argument("a path is like \"/healthz\" or \"/static/\", not " + quoted(path));
  }
  if (!handler) throw std::invalid_argument("the handler of the path " + std::string(path) + " is empty");
  const std::string text(path);
  must_be_free(method, text);
  insert_plain(text, {std::string(method), std::move(handler)});
}

void RoutingTable::insert_plain(const std::string& path, PlainRoute route) {
  auto& routes = plain_[path];
  if (routes.empty() && path.ends_with('/')) {
    const auto shorter = std::find_if(prefixes_.begin(), prefixes_.end(),
                                      [&](const std::string& other) { return other.size() < path.size(); });
    prefixes_.insert(shorter, path);
  }
  routes.push_back(std::move(route));
}

std::shared_ptr<const RoutingTable::MiddlewareList> RoutingTable::with_own(
    const std::shared_ptr<const MiddlewareList>& inner) const {
  if (middleware_.empty()) return inner;
  auto list = std::make_shared<MiddlewareList>(middleware_);
  if (inner) list->insert(list->end(), inner->begin(), inner->end());
  return list;
}

void RoutingTable::mount(std::string_view prefix, const RoutingTable& other) {
  must_not_serve();
  check_prefix(prefix);
  if (&other == this) throw std::invalid_argument("a router cannot be mounted in itself");
  const std::string base(prefix);
  for (const auto& [path, method] : other.methods_) {
    must_be_free("", base + path);
    if (plain_.contains(base + path)) {
      throw std::invalid_argument("the path " + base + path + " has a handler already");
    }
  }
  for (const auto& [path, routes] : other.plain_) {
    for (const PlainRoute& route : routes) must_be_free(route.method, base + path);
  }
  for (const auto& [path, method] : other.methods_) {
    Method mounted = method;
    mounted.around = other.with_own(method.around);
    if (!for_all_.empty()) {
      auto list = std::make_shared<InterceptorList>(for_all_);
      if (const auto& inner = method.route.interceptors) list->insert(list->end(), inner->begin(), inner->end());
      mounted.route.interceptors = std::move(list);
    }
    methods_.try_emplace(base + path, std::move(mounted));
  }
  for (const auto& [path, routes] : other.plain_) {
    for (const PlainRoute& route : routes) {
      insert_plain(base + path, {route.method, route.handler, other.with_own(route.around)});
    }
  }
  kept_.insert(kept_.end(), other.kept_.begin(), other.kept_.end());
  has_blocking_ = has_blocking_ || other.has_blocking_;
}

std::vector<const MethodSpec*> RoutingTable::methods() const {
  std::vector<const MethodSpec*> methods;
  for (const auto& [path, method] : methods_) methods.push_back(method.route.method);
  std::ranges::sort(methods, {}, [](const MethodSpec* method) { return method->path; });
  const auto same = std::ranges::unique(methods, {}, [](const MethodSpec* method) { return method->path; });
  methods.erase(same.begin(), same.end());
  return methods;
}

const RoutingTable::Method* RoutingTable::find(std::string_view path) const noexcept {
  const auto at = methods_.find(path);
  return at == methods_.end() ? nullptr : &at->second;
}

std::optional<RoutingTable::PlainFound> RoutingTable::find_plain(std::string_view method, std::string_view path) const {
  auto at = plain_.find(path);
  std::size_t own = path.size();
  if (at == plain_.end()) {
    const auto prefix = std::find_if(prefixes_.begin(), prefixes_.end(),
                                     [path](const std::string& candidate) { return path.starts_with(candidate); });
    if (prefix == prefixes_.end()) return std::nullopt;
    at = plain_.find(*prefix);
    own = prefix->size();
  }
  PlainFound found;
  found.rest = path.size() - own;
  const auto& routes = at->second;
  // The method's own handler, then what takes HEAD with GET, then what takes everything.
  const auto named = [&](std::string_view wanted) {
    return std::find_if(routes.begin(), routes.end(), [&](const PlainRoute& route) { return route.method == wanted; });
  };
  auto route = named(method);
  if (route == routes.end() && method == "HEAD") route = named("GET");
  if (route == routes.end()) route = named("");
  if (route != routes.end()) {
    found.route = &*route;
    return found;
  }
  for (const PlainRoute& other : routes) {
    if (!found.allow.empty()) found.allow += ", ";
    found.allow += other.method;
    if (other.method == "GET") found.allow += ", HEAD";
  }
  return found;
}

}  // namespace connectrpc::server
