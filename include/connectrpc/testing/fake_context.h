// A context for tests that call a handler's methods directly, without a server.
#pragma once

#include <memory>
#include <string>

#include "connectrpc/cancel.h"
#include "connectrpc/context.h"
#include "connectrpc/deadline.h"
#include "connectrpc/headers.h"
#include "connectrpc/method.h"
#include "connectrpc/peer.h"
#include "connectrpc/protocol.h"

namespace connectrpc::testing {

/// What the fake call says of itself.
struct FakeCall {
  Headers request_headers = Headers();
  Deadline deadline = Deadline::none();
  Peer peer = Peer::in_process();
  Protocol protocol = Protocol::connect;
  Codec codec = Codec::proto;
  HttpVersion http_version = HttpVersion::http2;
  std::string authority = "fake";
};

/// Owns a Context and stands in for its call. Headers and trailers that the handler set are read from context()
/// afterwards. Not thread-safe, but for cancel().
///
///   testing::FakeContext fake(GreetServiceHandler::greet_method, {.request_headers = {{"tenant", "acme"}}});
///   GreetResponse response = greeter.greet(request, fake.context());   // of a blocking handler
class FakeContext {
 public:
  /// `method` outlives it.
  explicit FakeContext(const MethodSpec& method, FakeCall call = FakeCall());
  FakeContext(const FakeContext&) = delete;
  FakeContext& operator=(const FakeContext&) = delete;
  ~FakeContext();

  Context& context() noexcept;
  /// Cancels the call, as the handler sees it. Only the first reason counts. Any thread.
  void cancel(CancelReason reason = CancelReason::user);

 private:
  class State;
  std::unique_ptr<State> state_;
};

}  // namespace connectrpc::testing
