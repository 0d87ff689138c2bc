// One request's way: middleware, then the RPC, the route, or the answer that there is none.
#pragma once

#include <cstddef>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "connectrpc/error.h"
#include "connectrpc/http/middleware.h"
#include "protocol/server_call.h"
#include "rpc/server_call.h"
#include "server/routing_table.h"

namespace connectrpc::server {

class HttpRun {
 public:
  /// `request` and `response` outlive it. `table` serves already.
  HttpRun(std::shared_ptr<rpc::ServerEnvironment> environment, std::shared_ptr<const RoutingTable> table,
          http::Request& request, http::Response& response);

  /// Ends the response, with an error where something failed. Throws Error where that cannot be done any more: the head
  /// of an answer has left, or the coroutine was cancelled and nobody said why.
  Task<> run();

  /// The coroutine will be cancelled, for this reason, which is to be answered. Before it is.
  void set_cancel_error(Error error) { cancel_error_ = std::move(error); }
  /// An RPC is being answered: its end comes by itself when the call is cancelled.
  bool in_call() const noexcept { return in_call_; }

 private:
  friend class http::Next;
  Task<> proceed(bool routed, std::size_t at);
  Task<> level(const RoutingTable::MiddlewareList& list, bool routed, std::size_t at);
  void route();
  const RoutingTable::MiddlewareList* around() const noexcept;
  Task<> answer();
  Task<> call_method();
  Task<> call_handler();
  Task<> no_answer();
  // The end of the response, or this error in its place.
  Task<> finish(const Error* error);
  // What is answered in place of what was thrown.
  Error translate(std::exception_ptr thrown) const;
  void report(std::string_view text) const;

  const std::shared_ptr<rpc::ServerEnvironment> environment_;
  const std::shared_ptr<const RoutingTable> table_;
  http::Request& request_;
  http::Response& response_;
  // Where the path led; known once the server's own middleware has run.
  const RoutingTable::Method* method_ = nullptr;
  std::optional<RoutingTable::PlainFound> plain_;
  std::optional<Error> cancel_error_;
  bool in_call_ = false;
};

/// Puts the complete answer of a protocol on a response whose head has not left. `output` is looked at and taken before
/// it returns.
Task<> put(protocol::ServerOutput& output, http::Response& response);

}  // namespace connectrpc::server
