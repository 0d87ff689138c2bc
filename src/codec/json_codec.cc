// protobuf's JSON mapping.
#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>
#include <google/protobuf/util/json_util.h>
#include <google/protobuf/util/type_resolver.h>
#include <google/protobuf/util/type_resolver_util.h>

#include <algorithm>
#include <limits>
#include <memory>

#include "base/ascii.h"
#include "codec/codecs.h"
#include "codec/json_parser.h"
#include "codec/json_printer.h"
#include "codec/text_check.h"
#include "connectrpc/detail/pb_compat.h"

namespace connectrpc::codec {
namespace {

using connectrpc::detail::pb_view;
using google::protobuf::Message;
using google::protobuf::MessageLite;

constexpr std::size_t most_bytes = std::numeric_limits<int>::max();
// A fault may quote a value, and a value may be a megabyte.
constexpr std::size_t most_shown = 200;

Error no_reflection(const MessageLite& message) {
  return Error(Code::internal, std::string(pb_view(message.GetTypeName())) +
                                   " has no JSON: it was generated for protobuf's lite runtime");
}

// "line 2, column 7" of a place in a text.
std::string position(std::string_view text, std::size_t at) {
  const std::string_view before = text.substr(0, at);
  const auto line = std::count(before.begin(), before.end(), '\n') + 1;
  const std::size_t last_break = before.rfind('\n');
  const std::size_t column = last_break == std::string_view::npos ? at + 1 : at - last_break;
  return "line " + std::to_string(line) + ", column " + std::to_string(column);
}

// protobuf 3.21 shows syntax errors as three parts: what, an excerpt of the text, a caret below it.
std::string with_position(std::string_view fault, std::string_view json) {
  const std::size_t first = fault.find('\n');
  const std::size_t last = fault.rfind('\n');
  const std::string_view what = fault.substr(0, first);
  if (first == std::string_view::npos || first == last || !fault.ends_with('^')) return std::string(what);
  const std::string_view excerpt = fault.substr(first + 1, last - first - 1);
  const std::size_t caret = fault.size() - last - 2;
  if (excerpt.empty()) return std::string(what) + " (at the end)";
  const std::size_t found = json.find(excerpt);
  if (found == std::string_view::npos || json.find(excerpt, found + 1) != std::string_view::npos)
    return std::string(what) + " (near: " + std::string(excerpt) + ')';
  return std::string(what) + " (" + position(json, found + caret) + ')';
}

// protobuf prints maps in the order of its hash tables: for equal texts the encoding that is printed must be sorted.
auto print_stable(const Message& message, std::string& out) {
  constexpr const char* prefix = "type.googleapis.com";
  const google::protobuf::Descriptor& descriptor = *message.GetDescriptor();
  const std::unique_ptr<google::protobuf::util::TypeResolver> resolver(
      google::protobuf::util::NewTypeResolverForDescriptorPool(prefix, descriptor.file()->pool()));
  std::string sorted;
  if (!message_codec(Codec::proto).encode(message, sorted, true)) sorted.clear();
  std::string url = prefix;
  url.append("/").append(pb_view(descriptor.full_name()));
  return google::protobuf::util::BinaryToJsonString(resolver.get(), url, sorted, &out);
}

// One line of bounded length.
std::string tidy(std::string text) {
  std::replace_if(text.begin(), text.end(), [](char c) { return c == '\n' || c == '\r' || c == '\t'; }, ' ');
  if (text.size() <= most_shown) return text;
  std::size_t end = most_shown;
  while (end != 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
  return text.substr(0, end) + "…";
}

}  // namespace

Result<void> JsonCodec::encode(const MessageLite& message, std::string& out, bool stable) const {
  const auto* const full = dynamic_cast<const Message*>(&message);
  if (full == nullptr) return no_reflection(message);
  const std::size_t before = out.size();
  // Without maps there is one order only: the stable one.
  if (print_json(*full, out)) return {};
  out.resize(before);
  if (!full->IsInitialized())
    return Error(Code::internal, "cannot encode: " + std::string(pb_view(full->GetTypeName())) +
                                     " lacks required fields: " + full->InitializationErrorString());
  const std::string broken = first_broken_text(*full);
  if (!broken.empty())
    return Error(Code::internal, "cannot encode " + std::string(pb_view(full->GetTypeName())) +
                                     " as JSON: the string " + broken + " is not UTF-8");
  const auto status = stable ? print_stable(*full, out) : google::protobuf::util::MessageToJsonString(*full, &out);
  if (status.ok()) return {};
  out.resize(before);
  return Error(Code::internal, "cannot encode " + std::string(pb_view(full->GetTypeName())) +
                                   " as JSON: " + tidy(std::string(pb_view(status.message()))));
}

Result<void> JsonCodec::decode(std::string_view bytes, MessageLite& message) const {
  auto* const full = dynamic_cast<Message*>(&message);
  if (full == nullptr) return no_reflection(message);
  if (bytes.size() > most_bytes) return Error(Code::invalid_argument, "cannot decode more than 2 GiB of JSON");
  full->Clear();
  if (parse_json(bytes, *full)) return {};
  full->Clear();
  google::protobuf::util::JsonParseOptions options;
  options.ignore_unknown_fields = true;
  const auto status = google::protobuf::util::JsonStringToMessage({bytes.data(), bytes.size()}, full, options);
  if (status.ok()) return {};
  std::string fault = with_position(pb_view(status.message()), bytes);
  if (fault.starts_with(": ")) fault.erase(0, 2);
  return Error(Code::invalid_argument,
               "cannot decode " + std::string(pb_view(full->GetTypeName())) + " from JSON: " + tidy(std::move(fault)));
}

}  // namespace connectrpc::codec
