// TLS over any stream.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "connectrpc/tls.h"
#include "io/stream.h"

namespace connectrpc::io {

/// Builds what all connections of a configuration share, so that a mistake in it is found at start. Throws
/// std::invalid_argument that says what is wrong. Any thread; later calls cost nothing.
void prepare(const TlsConfig& config);
void prepare(const TlsClientConfig& config);

/// The client's side of TLS over `transport`. The handshake begins at once. `host` is the name or IP address that the
/// server must prove to be, unless the configuration has a server_name. `alpn` in order of preference; empty: none.
std::unique_ptr<Stream> make_tls_client(std::unique_ptr<Stream> transport, const TlsClientConfig& config,
                                        std::string_view host, const std::vector<std::string>& alpn);

/// The server's side. A client that speaks plain HTTP gets an HTTP/1.1 400 that says so. A failed handshake is reported
/// once the client has read the reason and closed, or after a second. There is no limit of time on the handshake here.
std::unique_ptr<Stream> make_tls_server(std::unique_ptr<Stream> transport, const TlsConfig& config);

}  // namespace connectrpc::io
