// Calls without side effects in a URL.
#include "protocol/connect/get_query.h"

#include "base/base64.h"
#include "base/percent.h"

namespace connectrpc::protocol {
namespace {

std::optional<std::string>* parameter(GetQuery& query, std::string_view name) noexcept {
  if (name == "connect") return &query.connect;
  if (name == "base64") return &query.base64;
  if (name == "compression") return &query.compression;
  if (name == "encoding") return &query.encoding;
  if (name == "message") return &query.message;
  return nullptr;
}

}  // namespace

std::optional<GetQuery> parse_get_query(std::string_view query) {
  GetQuery parsed;
  while (!query.empty()) {
    const std::string_view pair = query.substr(0, query.find('&'));
    query.remove_prefix(pair.size() == query.size() ? pair.size() : pair.size() + 1);
    const std::size_t equals = pair.find('=');
    std::optional<std::string>* const target = parameter(parsed, pair.substr(0, equals));
    if (target == nullptr || target->has_value()) continue;
    std::string_view value;
    if (equals != std::string_view::npos) value = pair.substr(equals + 1);
    if (!base::url_query_unescape(value, target->emplace())) return std::nullopt;
  }
  return parsed;
}

std::string make_get_target(std::string_view path, Codec codec, const Compression* compression,
                            std::string_view payload) {
  const bool binary = codec != Codec::json || compression != nullptr;
  std::string target(path);
  target += "?connect=v1";
  if (binary) target += "&base64=1";
  if (compression != nullptr) target.append("&compression=").append(base::url_query_escape(compression->name()));
  target.append("&encoding=").append(to_string(codec)).append("&message=");
  target += binary ? base::base64url_encode_unpadded(payload) : base::url_query_escape(payload);
  return target;
}

}  // namespace connectrpc::protocol
