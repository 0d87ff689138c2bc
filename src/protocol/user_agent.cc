// What our client calls itself.
#include "protocol/user_agent.h"

#include "connectrpc/version.h"

// Macros, since only they join literals.
#define CONNECTRPC_TEXT_OF(value) #value
#define CONNECTRPC_TEXT(value) CONNECTRPC_TEXT_OF(value)
#if defined(__clang__)
#define CONNECTRPC_COMPILER "clang " CONNECTRPC_TEXT(__clang_major__) "." CONNECTRPC_TEXT(__clang_minor__)
#elif defined(__GNUC__)
#define CONNECTRPC_COMPILER "gcc " CONNECTRPC_TEXT(__GNUC__) "." CONNECTRPC_TEXT(__GNUC_MINOR__)
#else
#define CONNECTRPC_COMPILER "C++20"
#endif

namespace connectrpc::protocol {

std::string_view user_agent(Protocol protocol) noexcept {
  return protocol == Protocol::connect ? "connect-cpp/" CONNECTRPC_VERSION_STRING " (" CONNECTRPC_COMPILER ")"
                                       : "grpc-c++-connect/" CONNECTRPC_VERSION_STRING " (" CONNECTRPC_COMPILER ")";
}

}  // namespace connectrpc::protocol
