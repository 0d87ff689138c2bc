// Bodies in gRPC-Web's text form.
#include "protocol/grpc_web/text_body.h"

#include <algorithm>
#include <utility>

#include "base/base64.h"

namespace connectrpc::protocol {

bool TextBody::decode(std::string_view text, bool ended, std::string& out) {
  if (filled_ != 0) keep(text);
  if (filled_ == group_size) {
    filled_ = 0;
    if (!decode_part({group_.data(), group_size}, out)) return false;
  }
  const std::size_t whole = text.size() / group_size * group_size;
  if (!decode_groups(text.substr(0, whole), out)) return false;
  text.remove_prefix(whole);
  keep(text);
  if (!ended || filled_ == 0) return true;
  return decode_part({group_.data(), std::exchange(filled_, 0)}, out);
}

void TextBody::keep(std::string_view& text) {
  const std::size_t size = std::min(text.size(), group_size - filled_);
  std::copy_n(text.begin(), size, group_.begin() + filled_);
  filled_ += size;
  text.remove_prefix(size);
}

bool TextBody::decode_groups(std::string_view text, std::string& out) {
  // What is decoded at once, so that part_ stays small.
  constexpr std::size_t most = 16 * 1024;
  while (!text.empty()) {
    std::string_view part = text.substr(0, most);
    // Padding ends an encoding.
    if (const std::size_t padding = part.find('='); padding != std::string_view::npos)
      part = part.substr(0, padding / group_size * group_size + group_size);
    if (!decode_part(part, out)) {
      while (!part.empty() && decode_part(part.substr(0, group_size), out)) part.remove_prefix(group_size);
      return false;
    }
    text.remove_prefix(part.size());
  }
  return true;
}

bool TextBody::decode_part(std::string_view text, std::string& out) {
  if (!base::base64_decode(text, part_)) return false;
  out += part_;
  return true;
}

}  // namespace connectrpc::protocol
