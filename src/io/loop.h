// The event loop that everything in this room lives on.
#pragma once

namespace boost::asio {
class io_context;
}

namespace connectrpc::io {

/// One loop is run by one thread. Whatever is made with a loop is used on its thread only and destroyed before it.
using Loop = boost::asio::io_context;

}  // namespace connectrpc::io
