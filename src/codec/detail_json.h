// The readable form of an error's detail.
#pragma once

#include <string>
#include <string_view>

namespace connectrpc::codec {

/// The JSON of the message `type` encoded in `value`, for people who read an error on the wire; "" where the program
/// does not know the type or it cannot be printed.
std::string detail_json(std::string_view type, std::string_view value);

}  // namespace connectrpc::codec
