// Texts for people and for the wire.
#pragma once

#include <string>
#include <string_view>

namespace connectrpc::protocol {

/// What came from a peer, for an error's message: in quotes, printable ASCII, short.
std::string quote(std::string_view text);

/// `text` with U+FFFD in place of what is not UTF-8: protobuf strings and JSON hold nothing else.
std::string to_utf8(std::string_view text);

/// Appends `text` as a JSON string.
void append_json_string(std::string& out, std::string_view text);

}  // namespace connectrpc::protocol
