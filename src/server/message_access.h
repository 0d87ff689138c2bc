// How the library fills requests and responses past their public members.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "connectrpc/http/request.h"
#include "connectrpc/http/response.h"
#include "http/message.h"

namespace connectrpc::server {

class MessageAccess {
 public:
  static void fill(http::Request& request, const http::RequestHead& head, const Peer& peer,
                   std::optional<std::uint64_t> length) {
    request.scheme_ = head.scheme;
    request.authority_ = head.authority;
    request.headers_ = head.headers;
    request.version_ = head.version;
    request.peer_ = peer;
    request.content_length_ = length;
  }
  static void set_trailers(http::Request& request, const Headers& trailers) { request.trailers_ = trailers; }
  static void set_rest(http::Request& request, std::size_t size) { request.rest_size_ = size; }
  /// What protocols look at.
  static http::RequestHead head(const http::Request& request);

  /// Puts status and headers on a response whose head has not left, in the place of those of the same names.
  static void adopt(http::Response& response, const http::ResponseHead& head);
  /// Nothing was answered that counts: what was set for a body goes.
  static void forget_answer(http::Response& response);
  /// Whatever the handler has done or not done, it is the answer.
  static void set_begun(http::Response& response) { response.begun_ = true; }
  /// The head of an RPC's answer is there, and will leave with what follows.
  static void close_head(http::Response& response) { response.close_head(); }
  static void set_trailers(http::Response& response, const Headers& trailers);
  static void set_complete(http::Response& response) { response.complete_ = true; }
  static bool complete(const http::Response& response) noexcept { return response.complete_; }
  static bool head_written(const http::Response& response) noexcept { return response.head_written_; }
  /// Ends the response. Once.
  static Task<> end(http::Response& response);
};

}  // namespace connectrpc::server
