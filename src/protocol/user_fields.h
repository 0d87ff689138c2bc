// What users set, on its way into heads and trailers.
#pragma once

#include "connectrpc/headers.h"

namespace connectrpc::protocol {

/// Appends the pairs that a user may send. Those that were received from elsewhere and handed on may not all be
/// (metadata.md H3): they are left out.
void append_sendable(Headers& fields, const Headers& user);

/// Drops what a user may not send.
void keep_sendable(Headers& user);

/// The same for what becomes trailers, or is trailers in one protocol and headers in another (an error's metadata):
/// `date` is left out as well, in every protocol alike (metadata.md H4).
void append_sendable_trailers(Headers& fields, const Headers& user);
void keep_sendable_trailers(Headers& user);

}  // namespace connectrpc::protocol
