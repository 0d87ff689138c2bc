// A request of a server's own connection that is more than a call of a method.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_set>

#include "connectrpc/http/request.h"
#include "connectrpc/http/response.h"
#include "http/exchange.h"
#include "rpc/server_call.h"
#include "rpc/worker_pool.h"
#include "server/bell.h"
#include "server/http_run.h"
#include "server/routing_table.h"

namespace connectrpc::server {

class HttpCall;

/// Those of one loop, so that a shutdown finds them.
class HttpCallList {
 public:
  void cancel_all();
  bool empty() const noexcept { return calls_.empty(); }
  /// Called when the last one has gone; null: nobody.
  void on_empty(std::function<void()> callback) { on_empty_ = std::move(callback); }

 private:
  friend class HttpCall;
  std::function<void()> on_empty_;
  std::unordered_set<HttpCall*> calls_;
};

/// Runs on a pooled coroutine of the loop.
class HttpCall final : public rpc::Job, private http::Exchange::Observer, private http::ResponseWriter {
 public:
  static void start(std::shared_ptr<rpc::ServerEnvironment> environment, std::shared_ptr<HttpCallList> calls,
                    std::shared_ptr<const RoutingTable> table, std::unique_ptr<http::ServerExchange> exchange);
  ~HttpCall() override;

 private:
  friend class HttpCallList;
  HttpCall(std::shared_ptr<rpc::ServerEnvironment> environment, std::shared_ptr<HttpCallList> calls,
           std::shared_ptr<const RoutingTable> table, std::unique_ptr<http::ServerExchange> exchange);

  // Job
  Task<> run() override;
  void abandon() override;

  // http::Exchange::Observer
  void on_inbound() override;
  void on_outbound() override;

  // http::ResponseWriter
  Task<> write_head(const http::Response& response, bool ends) override;
  Task<> write_body(std::string bytes) override;
  Task<> end(const http::Response& response) override;

  Task<std::optional<std::string>> read();
  Task<> discard_rest();
  void shut_down();

  const std::shared_ptr<rpc::ServerEnvironment> environment_;
  const std::shared_ptr<HttpCallList> calls_;
  const std::unique_ptr<http::ServerExchange> exchange_;
  http::Request request_;
  http::Response response_;
  HttpRun run_;
  // Gone before the loop's timers are.
  std::optional<Bell> inbound_;
  std::optional<Bell> outbound_;
};

}  // namespace connectrpc::server
