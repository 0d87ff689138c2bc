// A call as its user holds it: its rules of use, and the outcome once the reading side has seen it.
#pragma once

#include <memory>
#include <optional>
#include <utility>

#include "client/call.h"
#include "connectrpc/channel.h"
#include "connectrpc/error.h"

namespace connectrpc::client {

/// Shared by the user's object and by steps under way. Each part belongs to one side.
class CallHandle {
 public:
  CallHandle(ChannelPtr owner, std::shared_ptr<Call> core) : channel(std::move(owner)), call(std::move(core)) {}

  // Before the call: destroying a channel ends its calls.
  const ChannelPtr channel;
  const std::shared_ptr<Call> call;

  // The writing side.
  bool closed = false;
  bool sending = false;

  // The reading side.
  bool reading = false;
  bool ended = false;
  std::optional<Error> failed;
};

}  // namespace connectrpc::client
