// A call on the server as the thread of a blocking handler sees it.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <exception>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "connectrpc/cancel.h"
#include "connectrpc/detail/server_call.h"
#include "connectrpc/error.h"
#include "connectrpc/headers.h"

namespace connectrpc::rpc {

class ServerCall;

/// Stands between a handler's threads and the loop of its call. Lives on the loop, as long as the handler runs.
class BlockingCall final : public connectrpc::detail::ServerCallSync {
 public:
  /// `request`: the one message of a unary or server-stream request.
  BlockingCall(ServerCall& call, std::string request);

  // On a thread of the handler.

  Context& context() noexcept override;
  void receive(google::protobuf::MessageLite& message) override;
  void respond(const google::protobuf::MessageLite& message) override;
  /// Reading and writing may be done by two threads.
  bool receive_next(google::protobuf::MessageLite& message) override;
  bool send(const google::protobuf::MessageLite& message) override;
  /// Runs the handler; catches what it throws.
  void run();

  // On the loop.

  void on_inbound();
  void on_outbound();
  /// The call is over: threads that wait are sent on their way.
  void on_cancel(CancelReason reason);
  /// After run(): gives the answer to the call, or throws what the handler threw.
  void hand_over();

 private:
  struct Reading {
    bool asked = false;
    bool done = false;
    bool more = false;
    std::string bytes;
    std::optional<Error> error;
  };
  struct Writing {
    std::optional<Headers> headers;
    std::vector<std::string> messages;
    std::size_t queued = 0;  // bytes of these
    bool flush_posted = false;
    // Bytes of these and of what the loop has, not yet sent.
    std::size_t unsent = 0;
    std::optional<Error> error;
  };

  void flush();

  ServerCall& call_;
  std::string request_;
  std::optional<std::string> answer_;
  std::exception_ptr thrown_;

  std::mutex mutex_;
  std::condition_variable wake_;
  Reading reading_;
  Writing writing_;
  std::optional<CancelReason> cancelled_;
};

}  // namespace connectrpc::rpc
