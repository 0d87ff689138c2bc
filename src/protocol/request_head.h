// What the heads of our client's requests have in common.
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

#include "connectrpc/method.h"
#include "http/message.h"
#include "protocol/client_call.h"

namespace connectrpc::protocol {

/// Method, target, and room for the fields.
http::RequestHead make_request_head(const ClientTarget& target, const MethodSpec& method, const Headers& user_headers);

/// The user's fields, and our name unless the user has given another.
void append_user_headers(Headers& headers, const Headers& user_headers, Protocol protocol);

/// What is understood in answers, under the protocol's name for it.
void append_accept(Headers& headers, std::string_view name, const Settings& settings);

}  // namespace connectrpc::protocol
