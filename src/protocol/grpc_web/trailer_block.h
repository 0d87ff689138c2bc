// gRPC-Web's trailers: a block of HTTP/1.1 fields in the body.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "connectrpc/headers.h"

namespace connectrpc::protocol {

/// Appends "name: value" lines, lower case, each ended by CR LF.
void print_trailer_block(const Headers& trailers, std::string& out);

/// Names in any case, LF or CR LF, blanks around values or none, the last line's end may be missing. Empty where a line
/// is no field.
std::optional<Headers> parse_trailer_block(std::string_view block);

}  // namespace connectrpc::protocol
