// Cross-origin resource sharing.
#include "connectrpc/http/cors.h"

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <stdexcept>
#include <utility>

#include "base/ascii.h"
#include "base/character_set.h"

namespace connectrpc::http {

namespace {

// What browsers do not let pages send unasked, of all that clients of the protocols send.
constexpr std::array<std::string_view, 13> protocols_request_headers = {"content-type",
                                                                        "connect-protocol-version",
                                                                        "connect-timeout-ms",
                                                                        "connect-content-encoding",
                                                                        "connect-accept-encoding",
                                                                        "content-encoding",
                                                                        "grpc-timeout",
                                                                        "grpc-encoding",
                                                                        "grpc-accept-encoding",
                                                                        "x-grpc-web",
                                                                        "x-user-agent",
                                                                        "user-agent",
                                                                        "accept"};
// What browsers do not let pages read unasked. content-encoding is undone by the browser.
constexpr std::array<std::string_view, 6> protocols_response_headers = {"grpc-status",
                                                                        "grpc-message",
                                                                        "grpc-status-details-bin",
                                                                        "grpc-encoding",
                                                                        "connect-content-encoding",
                                                                        "connect-accept-encoding"};

[[noreturn]] void refuse(std::string_view option, std::string_view why) {
  throw std::invalid_argument("CorsOptions::" + std::string(option) + " " + std::string(why));
}

void check_origin(const std::string& origin) {
  if (origin == "*" || origin == "null") return;
  const std::size_t scheme_end = origin.find("://");
  const bool has_host = scheme_end != std::string::npos && scheme_end > 0 && scheme_end + 3 < origin.size();
  const bool plain = origin.find_first_of("*?#@ \t\r\n,") == std::string::npos &&
                     origin.find('/', has_host ? scheme_end + 3 : 0) == std::string::npos;
  const bool lower = origin == base::to_lower(origin);
  if (has_host && plain && lower) return;
  refuse("origins",
         "has \"" + origin +
             "\": an origin is like \"https://app.example.com\" or \"http://localhost:8080\", lower case and "
             "without a path; allow_origin is for patterns");
}

void check_names(std::string_view option, const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    if (!base::is_token(name)) refuse(option, "has \"" + name + "\", which HTTP does not allow as a name");
  }
}

bool has_star(const std::vector<std::string>& names) { return std::ranges::find(names, "*") != names.end(); }

void append(std::string& list, std::string_view name) {
  if (!list.empty()) list += ", ";
  list += name;
}

template <class Names>
std::string listed(const Names& names) {
  std::string list;
  for (const auto& name : names) append(list, name);
  return list;
}

// The one value of a field; empty if there is none, or more than one.
std::string_view only_value(const Headers& headers, std::string_view name) {
  std::optional<std::string_view> found;
  for (const auto& [each, value] : headers) {
    if (each != name) continue;
    if (found) return {};
    found = value;
  }
  return found.value_or(std::string_view());
}

class Cors {
 public:
  explicit Cors(CorsOptions options) : options_(std::move(options)) {
    check();
    everybody_ = has_star(options_.origins);
    any_header_ = has_star(options_.request_headers);
    allow_methods_ = listed(options_.methods);
    allow_headers_ = listed(protocols_request_headers);
    for (const std::string& name : options_.request_headers) {
      if (name != "*") append(allow_headers_, base::to_lower(name));
    }
    expose_ = listed(protocols_response_headers);
    for (const std::string& name : options_.response_headers) append(expose_, base::to_lower(name));
    for (const std::string& name : options_.trailers) {
      append(expose_, base::to_lower(name));
      append(expose_, "trailer-" + base::to_lower(name));
    }
  }

  Task<> answer(Request& request, Response& response, const Next& next) const {
    const std::string origin(only_value(request.headers(), "origin"));
    const bool allowed = !origin.empty() && allows(origin, request);
    const bool preflight =
        request.method() == "OPTIONS" && !origin.empty() && request.headers().contains("access-control-request-method");
    if (!preflight) {
      // The last one to see the head, so that what is exposed is complete; one that fails further in has one, too.
      response.on_head([this, origin, allowed](Response& leaving) {
        if (allowed) let_read(origin, leaving);
        vary(leaving);
      });
      return next();
    }
    return allowed ? answer_preflight(origin, request, response) : refuse_preflight(response);
  }

 private:
  void check() const {
    if (options_.origins.empty() && !options_.allow_origin) {
      refuse("origins", "and allow_origin are empty: no page could call");
    }
    for (const std::string& origin : options_.origins) check_origin(origin);
    if (has_star(options_.origins)) {
      if (options_.origins.size() > 1) refuse("origins", "has \"*\", which leaves nothing for the others to say");
      if (options_.allow_origin) refuse("origins", "has \"*\", which leaves nothing for allow_origin to say");
      if (options_.credentials) refuse("credentials", "cannot be given to \"*\": browsers refuse that");
    }
    if (options_.methods.empty()) refuse("methods", "is empty");
    check_names("methods", options_.methods);
    check_names("request_headers", options_.request_headers);
    check_names("response_headers", options_.response_headers);
    check_names("trailers", options_.trailers);
    if (has_star(options_.response_headers) || has_star(options_.trailers)) {
      refuse("response_headers", "and trailers have no \"*\": set expose_all");
    }
    if (options_.max_age.count() < 0) {
      refuse("max_age", "must not be negative: " + std::to_string(options_.max_age.count()) + " s");
    }
  }

  bool allows(std::string_view origin, const Request& request) const {
    if (everybody_ || std::ranges::find(options_.origins, origin) != options_.origins.end()) return true;
    return options_.allow_origin && options_.allow_origin(origin, request);
  }

  void allow(const std::string& origin, Response& response) const {
    response.set_header("access-control-allow-origin", everybody_ ? "*" : origin);
    if (options_.credentials) response.set_header("access-control-allow-credentials", "true");
  }

  // An answer that is the same for all may be kept for all.
  void vary(Response& response) const {
    if (!everybody_) response.add_header("vary", "origin");
  }

  void let_read(const std::string& origin, Response& response) const {
    allow(origin, response);
    std::string expose = expose_;
    if (options_.expose_all) {
      for (const auto& [name, value] : response.headers()) {
        if (!name.starts_with("access-control-") && name != "set-cookie") append(expose, name);
      }
    }
    response.set_header("access-control-expose-headers", expose);
  }

  Task<> answer_preflight(std::string origin, Request& request, Response& response) const {
    response.set_status(204);
    allow(origin, response);
    response.set_header("access-control-allow-methods", allow_methods_);
    std::string headers = allow_headers_;
    if (any_header_) {
      for (const std::string_view asked : request.headers().get_all("access-control-request-headers")) {
        for (const std::string_view name : base::split_commas(asked)) {
          if (base::is_token(name)) append(headers, base::to_lower(name));
        }
      }
    }
    response.set_header("access-control-allow-headers", headers);
    response.set_header("access-control-max-age", std::to_string(options_.max_age.count()));
    if (options_.private_network && only_value(request.headers(), "access-control-request-private-network") == "true") {
      response.set_header("access-control-allow-private-network", "true");
    }
    vary_preflight(response);
    co_return;
  }

  // Says no more than no.
  Task<> refuse_preflight(Response& response) const {
    response.set_status(403);
    vary_preflight(response);
    co_return;
  }

  void vary_preflight(Response& response) const {
    std::string names = everybody_ ? "" : "origin";
    if (any_header_) append(names, "access-control-request-headers");
    if (options_.private_network) append(names, "access-control-request-private-network");
    if (!names.empty()) response.add_header("vary", names);
  }

  const CorsOptions options_;
  bool everybody_ = false;
  bool any_header_ = false;
  std::string allow_methods_;
  std::string allow_headers_;
  std::string expose_;
};

}  // namespace

Middleware cors(CorsOptions options) {
  return [cors = std::make_shared<const Cors>(std::move(options))](
             Request& request, Response& response, const Next& next) { return cors->answer(request, response, next); };
}

}  // namespace connectrpc::http
