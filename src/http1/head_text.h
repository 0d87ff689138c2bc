// How heads are written: start lines, fields, small whole answers.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "connectrpc/headers.h"
#include "http/exchange.h"

namespace connectrpc::http1 {

/// "HTTP/1.1 200 OK" and its line end.
void write_status_line(std::string& out, int status);

/// "name: value". Control characters in the value become spaces and a name that is no token is left out, so that
/// nothing that came in as a value can go out as a line of its own.
void write_field(std::string& out, std::string_view name, std::string_view value);

/// The same of a name and a value that the session made itself.
void write_own_field(std::string& out, std::string_view name, std::string_view value);

/// All but those that tell about the connection or the framing; the session writes these itself.
void write_fields(std::string& out, const Headers& headers);

/// "trailer: a, b": the names that will follow the body.
void write_trailer_names(std::string& out, const Headers& trailers);

/// A whole answer that ends the connection.
void write_refusal(std::string& out, const http::Refusal& refusal);

/// What a content-length among `headers` says, if there is one and it is a number.
std::optional<std::uint64_t> content_length_of(const Headers& headers);

/// Whether Connection among `headers` asks to close.
bool asks_to_close(const Headers& headers);

}  // namespace connectrpc::http1
