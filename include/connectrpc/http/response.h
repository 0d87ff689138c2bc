// An HTTP response on its way out.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "connectrpc/headers.h"
#include "connectrpc/task.h"

namespace connectrpc::server {
class MessageAccess;
}

namespace connectrpc::http {

class Request;
class Response;

/// Where a response goes: implemented by who serves HTTP with another library (Router::serve). The calls come one after
/// the other: write_head, write_body any number of times, end. What a call throws ends the response.
class ResponseWriter {
 public:
  virtual ~ResponseWriter() = default;
  /// Status and headers. `ends`: there is neither a body nor are there trailers, and nothing else will be called.
  virtual Task<> write_head(const Response& response, bool ends) = 0;
  /// Returns when more may be written: this is the back-pressure.
  virtual Task<> write_body(std::string bytes) = 0;
  /// The body is complete; the trailers are `response.trailers()`.
  virtual Task<> end(const Response& response) = 0;
};

/// The answer to one request. Its head leaves with the first bytes of the body, its end when the outermost middleware
/// has returned. Lives as long as its request, on the same loop.
class Response {
 public:
  /// For Router::serve. `writer` outlives the response; a HEAD request's response has no body.
  Response(const Request& request, ResponseWriter& writer);
  Response(const Response&) = delete;
  Response& operator=(const Response&) = delete;

  /// 200 unless it is set. std::invalid_argument below 200 and above 999; std::logic_error once the head has left.
  void set_status(int status);
  int status() const noexcept { return status_; }
  /// Names in lower case.
  const Headers& headers() const noexcept { return headers_; }
  /// Any field. std::invalid_argument for a name or value that HTTP does not allow, std::logic_error once the head has
  /// left.
  void set_header(std::string_view name, std::string_view value);
  void add_header(std::string_view name, std::string_view value);
  /// How many there were.
  std::size_t erase_header(std::string_view name);
  /// Sent at the end: by middleware also after next() has returned. In an RPC's answer they reach clients of gRPC and
  /// gRPC over HTTP/2 only; elsewhere trailers are part of the body.
  const Headers& trailers() const noexcept { return trailers_; }
  void add_trailer(std::string_view name, std::string_view value);

  /// Called once, just before the head leaves, those added last first: the place to look at what was answered further
  /// in, and to add headers to it.
  void on_head(std::function<void(Response&)> hook) { hooks_.push_back(std::move(hook)); }

  /// The whole body, with its content-length; `content_type` is set unless empty. std::logic_error if there is an
  /// answer already.
  Task<> send(std::string body, std::string content_type = "");
  /// Sends status and headers now, before there is a body.
  Task<> send_head();
  /// Appends to the body. Returns when more may be written; throws Error with `canceled` if the client has gone.
  Task<> write(std::string bytes);

  /// Status and headers can be changed no more.
  bool head_sent() const noexcept { return head_sent_; }
  /// Somebody has given an answer or begun to: a status was set, or something sent.
  bool begun() const noexcept { return begun_; }

 private:
  friend class server::MessageAccess;
  void must_be_open(std::string_view member) const;
  bool has_no_body() const noexcept;
  void close_head();
  Task<> put_head();

  ResponseWriter& writer_;
  int status_ = 200;
  Headers headers_;
  Headers trailers_;
  std::vector<std::function<void(Response&)>> hooks_;
  bool head_request_ = false;
  bool begun_ = false;
  bool head_sent_ = false;
  // The head was given to the writer.
  bool head_written_ = false;
  // The body has been given whole.
  bool complete_ = false;
  bool ended_ = false;
};

}  // namespace connectrpc::http
