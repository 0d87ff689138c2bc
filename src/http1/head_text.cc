// How heads are written: start lines, fields, small whole answers.
#include "http1/head_text.h"

#include <algorithm>
#include <charconv>
#include <system_error>

#include "base/ascii.h"
#include "connectrpc/detail/headers_access.h"
#include "http1/target.h"

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
  switch (name.empty() ? '\0' : base::to_lower(name.front())) {
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

void write_line(std::string& out, std::string_view name, std::string_view value) {
  out += name;
  out += ": ";
  out += value;
  out += "\r\n";
}

}  // namespace

void write_status_line(std::string& out, int status) {
  out += "HTTP/1.1 ";
  out += std::to_string(status);
  out += ' ';
  out += reason_phrase(status);
  out += "\r\n";
}

void write_field(std::string& out, std::string_view name, std::string_view value) {
  if (!is_token(name)) return;
  const std::size_t begin = out.size();
  write_line(out, name, value);
  const auto value_end = out.end() - 2;
  const std::string_view text(std::string_view(out).substr(begin, out.size() - 2 - begin));
  if (base::without_controls(text) == text.size()) return;
  std::replace_if(value_end - static_cast<std::ptrdiff_t>(value.size()), value_end, is_control, ' ');
}

void write_fields(std::string& out, const Headers& headers) {
  const bool checked = detail::HeadersAccess::all_checked(headers);
  for (const auto& [name, value] : headers) {
    if (is_about_connection(name)) continue;
    if (checked) {
      write_line(out, name, value);
    } else {
      write_field(out, name, value);
    }
  }
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
  write_line(out, "content-length", std::to_string(refusal.body.size()));
  write_line(out, "connection", "close");
  out += "\r\n";
  out += refusal.body;
}

std::optional<std::uint64_t> content_length_of(const Headers& headers) {
  const std::optional<std::string_view> text = headers.get("content-length");
  if (!text) return std::nullopt;
  std::uint64_t length = 0;
  const char* const end = text->data() + text->size();
  const auto [stop, error] = std::from_chars(text->data(), end, length);
  if (error != std::errc() || stop != end) return std::nullopt;
  return length;
}

bool asks_to_close(const Headers& headers) {
  if (!headers.contains("connection")) return false;
  for (const std::string_view value : headers.get_all("connection"))
    for (const std::string_view option : base::split_commas(value))
      if (base::equals_lower(option, "close")) return true;
  return false;
}

}  // namespace connectrpc::http1
