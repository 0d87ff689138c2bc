// A call as its user holds it: its rules of use, and the outcome once the reading side has seen it.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <utility>

#include "client/call.h"
#include "connectrpc/channel.h"
#include "connectrpc/error.h"

namespace connectrpc::client {

/// Shared by the user's object and by steps under way. Each part belongs to one side; the flags are atomic because two
/// threads on one side are misuse that is told to the second.
class CallHandle {
 public:
  CallHandle(ChannelPtr owner, std::shared_ptr<Call> core) : channel(std::move(owner)), call(std::move(core)) {}

  // Before the call: destroying a channel ends its calls.
  const ChannelPtr channel;
  const std::shared_ptr<Call> call;

  // The writing side.
  std::atomic<bool> closed = false;
  std::atomic<bool> sending = false;

  // The reading side.
  std::atomic<bool> reading = false;
  std::atomic<bool> ended = false;
  std::optional<Error> failed;
};

}  // namespace connectrpc::client
