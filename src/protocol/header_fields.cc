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
  const auto read = [&](std::string_view value) -> std::optional<Error> {
    const std::optional<nanoseconds> parsed = parse(value);
    if (!parsed) return Error(Code::invalid_argument, std::string(name) + " is not a timeout: " + quote(value));
    smallest = std::min(smallest, *parsed);
    return std::nullopt;
  };
  if (!field.repeated) {
    if (std::optional<Error> fault = read(field.first)) return fault;
  } else {
    for (const HeaderView pair : headers) {
      if (pair.name != name) continue;
      if (std::optional<Error> fault = read(pair.value)) return fault;
    }
  }
  if (smallest != nanoseconds::max()) timeout = smallest;
  return std::nullopt;
}

}  // namespace connectrpc::protocol
