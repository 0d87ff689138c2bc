// Proto comments as C++ comments.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace connectrpc::plugin {

/// The text of a proto comment as lines that can stand behind `//` in C++ and mean the same to every compiler: no line
/// ends in a backslash (nor in its trigraph), and carriage returns, control characters, bytes that are not UTF-8 and
/// characters that turn the direction of writing are gone. Empty lines at both ends are dropped.
std::vector<std::string> comment_lines(std::string_view text);

}  // namespace connectrpc::plugin
