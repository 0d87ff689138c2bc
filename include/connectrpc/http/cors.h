// Cross-origin resource sharing: which web pages may call, as the Fetch standard has browsers ask.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "connectrpc/http/middleware.h"

namespace connectrpc::http {

struct CorsOptions {
  /// Whose pages may call: "https://app.example.com", "http://localhost:8080", "null" for pages without an origin;
  /// {"*"} for everybody's. Compared exactly, as browsers send them.
  std::vector<std::string> origins = {};
  /// Asked for origins that are not in the list. On the loops of the server, several at once.
  std::function<bool(std::string_view origin, const Request& request)> allow_origin = nullptr;
  /// Cookies, client certificates and HTTP authentication of the browser's own may come along. Not with "*".
  bool credentials = false;
  /// GET and POST are all that the protocols need; plain routes may need more.
  std::vector<std::string> methods = {"GET", "POST"};
  /// What pages may send besides the protocols' own headers ("authorization", "acme-tenant-id"); {"*"}: anything.
  std::vector<std::string> request_headers = {};
  /// What pages may read besides the protocols' own headers: response headers, trailers (in a Connect unary answer they
  /// are headers with `trailer-` before their names, which is seen to), metadata of errors.
  std::vector<std::string> response_headers = {};
  std::vector<std::string> trailers = {};
  /// Pages may read every header of every answer, trailers included: nothing needs to be named.
  bool expose_all = false;
  /// How long browsers remember the answer to a preflight. They have limits of their own: two hours in Chromium.
  std::chrono::seconds max_age = std::chrono::hours(2);
  /// Pages from the internet may call a server in a private network (Access-Control-Allow-Private-Network).
  bool private_network = false;
};

/// Answers preflights, and tells browsers who may read the answers of everything else, errors included. What comes from
/// another origin is not refused, only hidden from the page: this is no protection against forged requests. To be used
/// before everything that may refuse a request, or its refusals stay hidden from pages. std::invalid_argument names
/// options that are wrong or contradict each other.
Middleware cors(CorsOptions options);

}  // namespace connectrpc::http
