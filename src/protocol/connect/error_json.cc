// Connect's errors as JSON.
#include "protocol/connect/error_json.h"

#include <utility>

#include "base/base64.h"
#include "codec/detail_json.h"
#include "connectrpc/detail/error_access.h"
#include "protocol/text.h"

namespace connectrpc::protocol {
namespace {

void print_detail(const ErrorDetail& detail, std::string& out) {
  out += R"({"type":)";
  append_json_string(out, detail.type);
  out += R"(,"value":")";
  out += base::base64_encode_unpadded(detail.value);
  out += '"';
  const std::string debug = codec::detail_json(detail.type, detail.value);
  if (!debug.empty()) out.append(R"(,"debug":)").append(debug);
  out += '}';
}

// The value where a string is wanted; "" for other kinds, which are passed over.
bool read_text(JsonReader& reader, std::string& text) {
  text.clear();
  return reader.peek() == '"' ? reader.read_string(text) : reader.skip();
}

bool read_detail(JsonReader& reader, std::vector<ErrorDetail>& details) {
  if (reader.peek() != '{') return reader.skip();
  ErrorDetail detail;
  bool decoded = false;
  const bool read = reader.read_object([&](std::string_view name) {
    if (name == "type") return read_text(reader, detail.type);
    if (name != "value" || reader.peek() != '"') return reader.skip();
    std::string text;
    if (!reader.read_string(text)) return false;
    decoded = base::base64_decode(text, detail.value);
    return true;
  });
  if (const std::size_t slash = detail.type.rfind('/'); slash != std::string::npos) detail.type.erase(0, slash + 1);
  if (read && decoded && !detail.type.empty()) details.push_back(std::move(detail));
  return read;
}

}  // namespace

void print_error(const Error& error, std::string& out) {
  out.append(R"({"code":")").append(to_string(error.code())).append("\"");
  if (!error.message().empty()) {
    out += R"(,"message":)";
    append_json_string(out, error.message());
  }
  if (!error.details().empty()) {
    out += R"(,"details":[)";
    for (const ErrorDetail& detail : error.details()) {
      if (out.back() != '[') out += ',';
      print_detail(detail, out);
    }
    out += ']';
  }
  out += '}';
}

Error WireError::to_error(Code otherwise) && {
  Error error(code.value_or(otherwise), std::move(message));
  for (ErrorDetail& detail : details) error.with_detail(std::move(detail));
  detail::ErrorAccess::set_remote(error, true);
  return error;
}

bool read_error(JsonReader& reader, WireError& error) {
  return reader.read_object([&](std::string_view name) {
    if (name == "code") {
      std::string word;
      if (!read_text(reader, word)) return false;
      error.code = code_from_string(word);
      return true;
    }
    if (name == "message") return read_text(reader, error.message);
    if (name == "details" && reader.peek() == '[')
      return reader.read_array([&] { return read_detail(reader, error.details); });
    return reader.skip();
  });
}

std::optional<WireError> parse_error(std::string_view json) {
  JsonReader reader(json);
  WireError error;
  if (!read_error(reader, error) || !reader.at_end()) return std::nullopt;
  return error;
}

}  // namespace connectrpc::protocol
