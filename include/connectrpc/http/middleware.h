// What stands around everything that a server answers, below the RPC layer, and what answers plain paths.
#pragma once

#include <cstddef>
#include <functional>

#include "connectrpc/error.h"
#include "connectrpc/http/request.h"
#include "connectrpc/http/response.h"
#include "connectrpc/task.h"

namespace connectrpc::server {
class HttpRun;
}

namespace connectrpc::http {

/// The rest of a request's way, as one middleware sees it. Lives as long as that middleware runs.
class Next {
 public:
  Next(const Next&) = delete;
  Next& operator=(const Next&) = delete;

  /// Runs what is further in: other middleware, then the RPC, the route, or the answer that there is none. Returns when
  /// the body of the answer has been given; its end leaves when the outermost middleware has returned. Throws what is
  /// thrown further in. To be awaited before the middleware returns. Once: std::logic_error the second time.
  Task<> operator()() const;

 private:
  friend class server::HttpRun;
  Next(server::HttpRun& run, bool routed, std::size_t at) noexcept : run_(run), at_(at), routed_(routed) {}

  server::HttpRun& run_;
  const std::size_t at_;
  const bool routed_;
  mutable bool called_ = false;
};

/// Stands around every request of a server or router, RPCs and unknown paths included. Shared by all requests, which
/// may run it on every loop at once; request, response and next are valid until it ends.
///
/// It may change the request before next(), answer itself, throw an Error (which is answered in the caller's protocol),
/// and look at the response's head (Response::on_head). One that returns without having called next() and without an
/// answer makes the request fail with `internal`, one that throws something else than an Error with `unknown`; both are
/// told to the log hook. If the head of an answer has left by then, the answer is cut off, unless it is whole.
using Middleware = std::function<Task<>(Request& request, Response& response, const Next& next)>;

/// Answers a path. One that returns without having sent anything answers with the status and headers that it set, and
/// no body. What it throws is treated as middleware's is.
using Handler = std::function<Task<>(Request& request, Response& response)>;

/// Answers with an error in the caller's protocol: Connect, gRPC, gRPC-Web by the request's content type, JSON with the
/// code's HTTP status for everything else. std::logic_error if the head of an answer has left.
Task<> write_error(const Request& request, Response& response, const Error& error);

}  // namespace connectrpc::http
