// From paths to methods.
#include "server/router.h"

#include <algorithm>
#include <stdexcept>

namespace connectrpc::server {

namespace {

void check_prefix(std::string_view prefix) {
  if (prefix.empty()) return;
  if (prefix.front() != '/' || prefix.back() == '/' || prefix.find_first_of("?# ") != std::string_view::npos) {
    throw std::invalid_argument("a mount prefix is \"\" or like \"/api\", not \"" + std::string(prefix) + "\"");
  }
}

}  // namespace

void Router::insert(std::string_view prefix, rpc::Route route) {
  for (const auto& interceptor : for_all_) intercept(route, interceptor);
  std::string path = std::string(prefix) + std::string(route.method->path);
  const auto [at, inserted] = routes_.try_emplace(std::move(path), std::move(route));
  if (!inserted) throw std::invalid_argument("the method " + at->first + " is served already");
}

void Router::add(Service& service, std::string_view prefix) {
  check_prefix(prefix);
  for (const MethodSpec* method : service.methods()) insert(prefix, {method, &service, nullptr});
}

void Router::add(ServiceSync& service, std::string_view prefix) {
  check_prefix(prefix);
  for (const MethodSpec* method : service.methods()) insert(prefix, {method, nullptr, &service});
  has_blocking_ = true;
}

void Router::visit(std::string_view name, const std::function<void(rpc::Route&)>& visit) {
  bool found = false;
  for (auto& [path, route] : routes_) {
    if (route.method->full_name() != name && route.method->service() != name) continue;
    visit(route);
    found = true;
  }
  if (!found) throw std::invalid_argument("no method or service \"" + std::string(name) + "\" has been added");
}

void Router::limit_receive(std::string_view name, std::size_t bytes) {
  visit(name, [bytes](rpc::Route& route) { route.receive_limit = bytes; });
}

void Router::intercept(rpc::Route& route, std::shared_ptr<Interceptor> interceptor) {
  // Every call of the route shares the list.
  auto longer =
      route.interceptors ? std::make_shared<InterceptorList>(*route.interceptors) : std::make_shared<InterceptorList>();
  longer->push_back(std::move(interceptor));
  route.interceptors = std::move(longer);
}

void Router::intercept(std::string_view name, std::shared_ptr<Interceptor> interceptor) {
  if (interceptor == nullptr) throw std::invalid_argument("Server::intercept: the interceptor is null");
  if (!name.empty()) return visit(name, [&](rpc::Route& route) { intercept(route, interceptor); });
  for (auto& [path, route] : routes_) intercept(route, interceptor);
  for_all_.push_back(std::move(interceptor));
}

std::vector<const MethodSpec*> Router::methods() const {
  std::vector<const MethodSpec*> methods;
  for (const auto& [path, route] : routes_) methods.push_back(route.method);
  std::ranges::sort(methods, {}, [](const MethodSpec* method) { return method->path; });
  const auto same = std::ranges::unique(methods, {}, [](const MethodSpec* method) { return method->path; });
  methods.erase(same.begin(), same.end());
  return methods;
}

const rpc::Route* Router::find(std::string_view path) const noexcept {
  const auto at = routes_.find(path);
  return at == routes_.end() ? nullptr : &at->second;
}

}  // namespace connectrpc::server
