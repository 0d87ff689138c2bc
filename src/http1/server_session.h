// The server's end of an HTTP/1.1 connection.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "connectrpc/peer.h"
#include "http/drainable.h"
#include "http/exchange.h"
#include "io/session.h"

namespace connectrpc::http1 {

/// Answers one request after the other, HTTP/1.1 and 1.0; requests that came early wait until their turn, and reading
/// stops while too many do. Lives on its connection's loop; must not be destroyed from inside its own functions or from
/// on_request, on_inbound or on_outbound.
///
/// What is malformed, or could be read in two ways, is answered by the session itself (400, 414, 417, 431, 501, 505)
/// and ends the connection; it reaches no handler.
///
/// A client that closes its side while it waits for an answer is taken to have gone away, as nearly all that do have:
/// its exchange is reset with `canceled`. An answer that was complete by then is still delivered. Nothing else tells a
/// server that nobody waits any more.
///
/// `Expect: 100-continue` is answered with 100 when on_request() has returned, the body has not begun to come, and the
/// answer is not whole yet; if it is, the connection closes after it.
///
/// An exchange that is dropped or aborted after its whole answer was given ends the request: what is left of it is read
/// and thrown away if it is announced as 64 KiB or less, else the connection closes after the answer. Dropped or
/// aborted before that, the connection closes at once and the client sees that the answer is not whole.
class ServerSession : public io::Session, public http::Drainable {
 public:
  /// Takes no further request: closes once the one under way, or half received, is answered.
  virtual void drain() = 0;
  void begin_shutdown() final { drain(); }
};

/// `handler` must outlive the session. `scheme`: "http" or "https", for RequestHead. `limits`: header_list,
/// stream_window (of a request's body) and low_water count here.
std::unique_ptr<ServerSession> make_server_session(http::RequestHandler& handler, const http::SessionLimits& limits,
                                                   Peer peer, std::string scheme);

}  // namespace connectrpc::http1
