// Strings and numbers as protobuf's JSON writes them.
#pragma once

#include <string>
#include <string_view>

namespace connectrpc::codec {

/// Appends `text`, quoted and escaped. False, with a part appended, if it is not UTF-8.
bool append_json_text(std::string_view text, std::string& out);

/// Append the number in as few digits as bring it back, or "NaN", "Infinity", "-Infinity" in quotes.
void append_json_number(double number, std::string& out);
void append_json_number(float number, std::string& out);

}  // namespace connectrpc::codec
