// The ways to wait for a call's steps: in a coroutine of its loop, in one of another loop, on a thread.
#pragma once

#include <memory>

#include "client/call.h"
#include "client/step.h"
#include "connectrpc/task.h"

namespace connectrpc::client {

/// Takes a step of `call` and waits until it is done. The call runs on the loop that it was bound to, else on this
/// coroutine's. A coroutine that is cancelled meanwhile gives the whole call up; this then throws Code::canceled.
/// std::logic_error if the coroutine does not run on the plain executor of an io_context.
Task<> await_step(std::shared_ptr<Call> call, Side side, Step& step);

/// The same on a thread; `loop` is where calls of this kind run. Ends early when the call's stop token is stopped, with
/// the call given up. std::logic_error on the loop's own thread.
void block_on_step(const std::shared_ptr<Call>& call, io::Loop& loop, Side side, Step& step);

}  // namespace connectrpc::client
