// The last envelope of a Connect stream.
#include "protocol/connect/end_stream.h"

#include <algorithm>

#include "base/ascii.h"
#include "connectrpc/detail/headers_access.h"
#include "protocol/text.h"

namespace connectrpc::protocol {
namespace {

// Every name once, with its values in order.
void print_metadata(const Headers& metadata, std::string& out) {
  out += R"("metadata":{)";
  std::size_t index = 0;
  for (const HeaderView pair : metadata) {
    const auto named_before = [&metadata, &pair](std::size_t count) {
      auto at = metadata.begin();
      for (; count != 0; --count, ++at)
        if ((*at).name == pair.name) return true;
      return false;
    };
    if (named_before(index++)) continue;
    if (out.back() != '{') out += ',';
    append_json_string(out, pair.name);
    out += ":[";
    for (const HeaderView other : metadata) {
      if (other.name != pair.name) continue;
      if (out.back() != '[') out += ',';
      append_json_string(out, other.value);
    }
    out += ']';
  }
  out += '}';
}

bool read_metadata(JsonReader& reader, Headers& metadata) {
  return reader.read_object([&](std::string_view name) {
    const std::string owner(name);
    const auto read_value = [&] {
      if (reader.peek() != '"') return reader.skip();
      std::string value;
      if (!reader.read_string(value)) return false;
      if (!owner.empty()) detail::HeadersAccess::append(metadata, owner, base::trim(value));
      return true;
    };
    return reader.peek() == '[' ? reader.read_array(read_value) : read_value();
  });
}

}  // namespace

void print_end_stream(const Error* error, const Headers& metadata, std::string& out) {
  out += '{';
  if (error != nullptr) {
    out += R"("error":)";
    print_error(*error, out);
  }
  if (!metadata.empty()) {
    if (error != nullptr) out += ',';
    print_metadata(metadata, out);
  }
  out += '}';
}

std::optional<EndStream> parse_end_stream(std::string_view json) {
  EndStream end;
  JsonReader reader(json);
  const bool read = reader.read_object([&](std::string_view name) {
    if (name == "metadata" && reader.peek() == '{') return read_metadata(reader, end.metadata);
    if (name != "error" || reader.peek() == 'n') return reader.skip();
    end.error.emplace();
    return reader.peek() == '{' ? read_error(reader, *end.error) : reader.skip();
  });
  if (!read || !reader.at_end()) return std::nullopt;
  return end;
}

}  // namespace connectrpc::protocol
