// What protocols look for in a head, found in one pass.
#include "protocol/header_fields.h"

#include <algorithm>

#include "protocol/text.h"

namespace connectrpc::protocol {

std::string join_values(const Headers& headers, std::string_view name) {
  std::string joined;
  for (const HeaderView pair : headers) {
    if (pair.name != name) continue;
    if (!joined.empty()) joined += ", ";
    joined += pair.value;
  }
  return joined;
}

std::optional<Error> read_timeout(const Headers& headers, const Field& field, std::string_view name, ParseTimeout parse,
                                  std::optional<std::chrono::nanoseconds>& timeout) {
  using std::chrono::nanoseconds;
  if (!field.present) return std::nullopt;
  nanoseconds smallest = nanoseconds::max();
  for (const HeaderView pair : headers) {
    if (pair.name != name) continue;
    const std::optional<nanoseconds> parsed = parse(pair.value);
    if (!parsed) return Error(Code::invalid_argument, std::string(name) + " is not a timeout: " + quote(pair.value));
    smallest = std::min(smallest, *parsed);
  }
  if (smallest != nanoseconds::max()) timeout = smallest;
  return std::nullopt;
}

}  // namespace connectrpc::protocol
