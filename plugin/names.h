// How proto names become C++ names.
#pragma once

#include <set>
#include <string>
#include <string_view>

namespace connectrpc::plugin {

/// Whether `word` is a keyword of C++, up to C++20.
bool is_keyword(std::string_view word);

/// The name as protoc's C++ generator writes it: a keyword gets an underscore ("delete_"), and so do the macros NULL
/// and assert.
std::string cpp_name(std::string_view name);

/// "GetHTTPInfo" -> "get_http_info", "Greet2You" -> "greet2_you". A word starts at an upper-case letter behind a
/// lower-case letter or a digit, and at the last of several upper-case letters if a lower-case one follows.
std::string snake_case(std::string_view name);

/// The names of one C++ scope, each given out once.
class NameSet {
 public:
  /// Makes the name unavailable.
  void reserve(std::string_view name);
  /// Takes `wanted`, with as many underscores behind it as it needs to be neither taken, nor a keyword, nor a macro of
  /// the system's headers.
  std::string take(std::string_view wanted);

 private:
  std::set<std::string, std::less<>> taken_;
};

}  // namespace connectrpc::plugin
