// The client's end of an HTTP/1.1 connection.
#pragma once

#include <memory>

#include "connectrpc/peer.h"
#include "http/exchange.h"
#include "io/session.h"

namespace connectrpc::http1 {

/// One exchange at a time, one after the other. Lives on its connection's loop; must not be destroyed from inside its
/// own functions or from on_inbound or on_outbound.
///
/// An exchange ends here when its answer is whole. If its request was not wholly sent by then, the rest stays unsent:
/// outbound_ended() becomes true without a reset, and the connection closes. An exchange that is dropped or aborted
/// earlier closes the connection too, unless nothing of it had been produced yet.
///
/// How an exchange is reset: `refused` if nothing of the request had been produced when the connection ended;
/// `connection_lost` if the server closed before the answer was whole, also without having sent a byte of it (then the
/// text says whether the connection had been used before, and whoever knows the request to be repeatable may repeat
/// it); `protocol_error` if what the server sent is no HTTP/1.1 answer, with a text that shows it; `internal_error` for
/// a head that cannot be sent.
class ClientSession : public io::Session, public http::ClientLink {};

/// `limits`: header_list, stream_window (of an answer's body) and low_water count here.
std::unique_ptr<ClientSession> make_client_session(const http::SessionLimits& limits, Peer peer);

}  // namespace connectrpc::http1
