// What a coroutine handler or client call returns.
#pragma once

#include <boost/asio/awaitable.hpp>

namespace connectrpc {

/// Boost.Asio's coroutine: timers, sockets and database clients of the user can be awaited in a handler as they are,
/// cancellation included.
template <class T = void>
using Task = boost::asio::awaitable<T>;

}  // namespace connectrpc
