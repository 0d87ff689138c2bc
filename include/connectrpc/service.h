// Start here to write a service: what generated handlers derive from and what their methods take.
#pragma once

#include <span>
#include <string_view>

#include "connectrpc/context.h"
#include "connectrpc/detail/server_call.h"
#include "connectrpc/error.h"
#include "connectrpc/headers.h"
#include "connectrpc/method.h"
#include "connectrpc/result.h"
#include "connectrpc/stream.h"
#include "connectrpc/task.h"

namespace connectrpc {

/// A service with coroutine handlers. Generated classes implement it; a program may too, for methods it learns of at
/// run time. Must outlive every server it was added to. Calls may run at once on every loop of the server.
class Service {
 public:
  virtual ~Service() = default;
  /// "greet.v1.GreetService". Valid as long as the service.
  virtual std::string_view service_name() const noexcept = 0;
  /// Valid as long as the service.
  virtual std::span<const MethodSpec* const> methods() const noexcept = 0;
  /// Runs one call; whatever it throws ends the call.
  virtual Task<> call(const MethodSpec& method, detail::ServerCall& call) = 0;
};

/// A service with blocking handlers, run on the server's worker threads, several at once.
class ServiceSync {
 public:
  virtual ~ServiceSync() = default;
  virtual std::string_view service_name() const noexcept = 0;
  virtual std::span<const MethodSpec* const> methods() const noexcept = 0;
  virtual void call(const MethodSpec& method, detail::ServerCallSync& call) = 0;
};

}  // namespace connectrpc
