// How proto names become C++ names.
#include "plugin/names.h"

#include <algorithm>
#include <array>

namespace connectrpc::plugin {
namespace {

// clang-format off
constexpr auto keywords = std::to_array<std::string_view>({
    "alignas", "alignof", "and", "and_eq", "asm", "auto", "bitand", "bitor", "bool", "break", "case", "catch", "char",
    "char16_t", "char32_t", "char8_t", "class", "co_await", "co_return", "co_yield", "compl", "concept", "const",
    "const_cast", "consteval", "constexpr", "constinit", "continue", "decltype", "default", "delete", "do", "double",
    "dynamic_cast", "else", "enum", "explicit", "export", "extern", "false", "float", "for", "friend", "goto", "if",
    "inline", "int", "long", "mutable", "namespace", "new", "noexcept", "not", "not_eq", "nullptr", "operator", "or",
    "or_eq", "private", "protected", "public", "register", "reinterpret_cast", "requires", "return", "short",
    "signed", "sizeof", "static", "static_assert", "static_cast", "struct", "switch", "template", "this",
    "thread_local", "throw", "true", "try", "typedef", "typeid", "typename", "union", "unsigned", "using", "virtual",
    "void", "volatile", "wchar_t", "while", "xor", "xor_eq",
});
static_assert(std::ranges::is_sorted(keywords));

// Lower-case macros that glibc's headers define behind the headers which generated code includes, with GNU extensions on.
constexpr auto macros = std::to_array<std::string_view>({
    "alloca", "assert", "assert_perror", "errno", "h_addr", "h_errno", "htonl", "htons", "linux", "major", "makedev",
    "math_errhandling", "minor", "ntohl", "ntohs", "offsetof", "s6_addr", "sa_handler", "sa_sigaction",
    "sched_priority", "setjmp", "si_addr", "si_band", "si_fd", "si_int", "si_pid", "si_ptr", "si_status", "si_stime",
    "si_uid", "si_utime", "si_value", "sigmask", "sigsetjmp", "st_atime", "st_ctime", "st_mtime", "strdupa",
    "strndupa", "timeradd", "timerclear", "timercmp", "timerisset", "timersub", "unix", "va_arg", "va_copy", "va_end",
    "va_start",
});
static_assert(std::ranges::is_sorted(macros));
// clang-format on

bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

}  // namespace

bool is_keyword(std::string_view word) { return std::ranges::binary_search(keywords, word); }

std::string cpp_name(std::string_view name) {
  std::string result(name);
  if (is_keyword(name) || name == "NULL" || name == "assert") result += '_';
  return result;
}

std::string snake_case(std::string_view name) {
  std::string result;
  for (std::size_t i = 0; i < name.size(); ++i) {
    const char c = name[i];
    if (!is_upper(c)) {
      result += c;
      continue;
    }
    const char before = i > 0 ? name[i - 1] : '_';
    const char after = i + 1 < name.size() ? name[i + 1] : '_';
    if (is_lower(before) || is_digit(before) || (is_upper(before) && is_lower(after))) result += '_';
    result += static_cast<char>(c - 'A' + 'a');
  }
  return result;
}

void NameSet::reserve(std::string_view name) { taken_.emplace(name); }

std::string NameSet::take(std::string_view wanted) {
  std::string name(wanted);
  while (is_keyword(name) || std::ranges::binary_search(macros, name) || !taken_.insert(name).second) name += '_';
  return name;
}

}  // namespace connectrpc::plugin
