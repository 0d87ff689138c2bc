// Names of the reasons for cancellation.
#include "connectrpc/cancel.h"

namespace connectrpc {

std::string_view to_string(CancelReason reason) noexcept {
  switch (reason) {
    case CancelReason::deadline: return "deadline";
    case CancelReason::peer: return "peer";
    case CancelReason::connection_lost: return "connection_lost";
    case CancelReason::shutdown: return "shutdown";
    case CancelReason::user: return "user";
  }
  return "user";
}

}  // namespace connectrpc
