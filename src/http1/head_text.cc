// How heads are written: start lines, fields, small whole answers.
#include "http1/head_text.h"

#include <algorithm>
#include <system_error>

#include "base/ascii.h"
#include "base/character_set.h"
#include "base/chunk.h"
#include "base/decimal.h"
#include "connectrpc/detail/headers_access.h"

namespace connectrpc::http1 {
namespace {

std::string_view reason_phrase(int status) {
  switch (status) {
    case 200: return "OK";
    case 201: return "Created";
    case 202: return "Accepted";
    case 204: return "No Content";
    case 206: return "Partial Content";
    case 301: return "Moved Permanently";
    case 302: return "Found";
    case 303: return "See Other";
    case 304: return "Not Modified";
    case 307: return "Temporary Redirect";
    case 308: return "Permanent Redirect";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 406: return "Not Acceptable";
    case 408: return "Request Timeout";
    case 409: return "Conflict";
    case 410: return "Gone";
    case 411: return "Length Required";
    case 412: return "Precondition Failed";
    case 413: return "Content Too Large";
    case 414: return "URI Too Long";
    case 415: return "Unsupported Media Type";
    case 417: return "Expectation Failed";
    case 422: return "Unprocessable Content";
    case 425: return "Too Early";
    case 426: return "Upgrade Required";
    case 429: return "Too Many Requests";
    case 431: return "Request Header Fields Too Large";
    case 499: return "Client Closed Request";
    case 500: return "Internal Server Error";
    case 501: return "Not Implemented";
    case 502: return "Bad Gateway";
    case 503: return "Service Unavailable";
    case 504: return "Gateway Timeout";
    case 505: return "HTTP Version Not Supported";
    default: return "";
  }
}

bool is_about_connection(std::string_view name) {
  if (!detail::begins_as_reserved(name)) return false;
  switch (base::to_lower(name.front())) {
    case 'c': return base::equals_lower(name, "connection") || base::equals_lower(name, "content-length");
    case 'h': return base::equals_lower(name, "host") || base::equals_lower(name, "http2-settings");
    case 'k': return base::equals_lower(name, "keep-alive");
    case 'p': return base::equals_lower(name, "proxy-connection");
    case 't': return base::equals_lower(name, "te") || base::equals_lower(name, "transfer-encoding");
    case 'u': return base::equals_lower(name, "upgrade");
    default: return false;
  }
}

bool is_control(char c) { return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f; }

constexpr std::string_view behind_name = ": ";
constexpr std::string_view behind_value = "\r\n";
constexpr std::size_t around_field = behind_name.size() + behind_value.size();

// Gives the place behind it.
char* put_line(char* at, std::string_view name, std::string_view value) {
  base::copy_text(at, name);
  at = std::copy(behind_name.begin(), behind_name.end(), at + name.size());
  base::copy_text(at, value);
  return std::copy(behind_value.begin(), behind_value.end(), at + value.size());
}

// Without a look at every field.
void write_lines(std::string& out, const Headers& headers) {
  const std::size_t begin = out.size();
  out.resize(begin + detail::HeadersAccess::byte_size(headers) + around_field * headers.size());
  char* at = out.data() + begin;
  for (const auto& [name, value] : headers)
    if (!is_about_connection(name)) at = put_line(at, name, value);
  out.resize(static_cast<std::size_t>(at - out.data()));
}

}  // namespace

void write_status_line(std::string& out, int status) {
  out += "HTTP/1.1 ";
  out += std::to_string(status);
  out += ' ';
  out += reason_phrase(status);
  out += "\r\n";
}

void write_own_field(std::string& out, std::string_view name, std::string_view value) {
  const std::size_t begin = out.size();
  out.resize(begin + name.size() + value.size() + around_field);
  put_line(out.data() + begin, name, value);
}

void write_field(std::string& out, std::string_view name, std::string_view value) {
  if (!base::is_token(name)) return;
  write_own_field(out, name, value);
  if (!base::has_controls(value)) return;
  const auto value_end = out.end() - static_cast<std::ptrdiff_t>(behind_value.size());
  std::replace_if(value_end - static_cast<std::ptrdiff_t>(value.size()), value_end, is_control, ' ');
}

void write_fields(std::string& out, const Headers& headers) {
  if (detail::HeadersAccess::all_writable(headers)) return write_lines(out, headers);
  for (const auto& [name, value] : headers)
    if (!is_about_connection(name)) write_field(out, name, value);
}

void write_trailer_names(std::string& out, const Headers& trailers) {
  std::string names;
  for (const auto& [name, value] : trailers) {
    if (is_about_connection(name)) continue;
    if (!names.empty()) names += ", ";
    names += name;
  }
  if (!names.empty()) write_field(out, "trailer", names);
}

void write_refusal(std::string& out, const http::Refusal& refusal) {
  write_status_line(out, refusal.head.status);
  write_fields(out, refusal.head.headers);
  write_own_field(out, "content-length", std::to_string(refusal.body.size()));
  write_own_field(out, "connection", "close");
  out += "\r\n";
  out += refusal.body;
}

std::optional<std::uint64_t> content_length_of(const Headers& headers) {
  const std::optional<std::string_view> text = headers.get("content-length");
  if (!text) return std::nullopt;
  return base::parse_decimal<std::uint64_t>(*text);
}

bool asks_to_close(const Headers& headers) {
  if (!headers.contains("connection")) return false;
  for (const std::string_view value : headers.get_all("connection"))
    for (const std::string_view option : base::split_commas(value))
      if (base::equals_lower(option, "close")) return true;
  return false;
}

}  // namespace connectrpc::http1
