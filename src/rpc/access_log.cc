// One structured line for each call of a server.
#include "connectrpc/access_log.h"

#include <array>
#include <atomic>
#include <cmath>
#include <memory>
#include <stdexcept>
#include <utility>

#include "base/ascii.h"
#include "base/utf8.h"

namespace connectrpc {

namespace {

using Format = AccessLogOptions::Format;

bool contains(std::string_view text, std::string_view part) noexcept {
  for (std::size_t at = 0; at + part.size() <= text.size(); ++at) {
    if (base::equals_lower(text.substr(at, part.size()), part)) return true;
  }
  return false;
}

// As JSON spells a string. Bytes that are no UTF-8 are taken for Latin-1: a line is text, whatever somebody has sent.
void append_quoted(std::string& line, std::string_view text) {
  constexpr std::string_view hex = "0123456789abcdef";
  const bool utf8 = base::is_valid_utf8(text);
  line += '"';
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      line += '\\';
      line += c;
    } else if (byte < 0x20 || byte == 0x7f || (byte > 0x7f && !utf8)) {
      line += "\\u00";
      line += hex[byte >> 4];
      line += hex[byte & 15];
    } else {
      line += c;
    }
  }
  line += '"';
}

bool is_plain(std::string_view text) noexcept {
  if (text.empty()) return false;
  for (const char c : text) {
    if (c <= ' ' || c >= 0x7f || c == '"' || c == '\\' || c == '=') return false;
  }
  return true;
}

class Line {
 public:
  explicit Line(Format format) : format_(format) {
    if (format_ == Format::json) text_ += '{';
  }
  void add(std::string_view key, std::string_view value) {
    begin(key);
    if (format_ == Format::key_value && is_plain(value)) {
      text_ += value;
    } else {
      append_quoted(text_, value);
    }
  }
  void add(std::string_view key, std::uint64_t value) {
    begin(key);
    text_ += std::to_string(value);
  }
  // Three digits behind the point.
  void add_milliseconds(std::string_view key, std::chrono::nanoseconds time) {
    begin(key);
    const auto microseconds = time.count() / 1000;
    const std::string rest = std::to_string(microseconds % 1000);
    text_ += std::to_string(microseconds / 1000) + "." + std::string(3 - rest.size(), '0') + rest;
  }
  std::string finish() && {
    if (format_ == Format::json) text_ += '}';
    return std::move(text_);
  }

 private:
  void begin(std::string_view key) {
    if (!std::exchange(first_, false)) text_ += format_ == Format::json ? ',' : ' ';
    if (format_ == Format::json) {
      append_quoted(text_, key);
      text_ += ':';
    } else {
      text_ += key;
      text_ += '=';
    }
  }

  const Format format_;
  std::string text_;
  bool first_ = true;
};

class AccessLog {
 public:
  explicit AccessLog(AccessLogOptions options) : options_(std::move(options)) {
    if (!options_.sink) throw std::invalid_argument("AccessLogOptions::sink is empty");
    if (!(options_.sample >= 0 && options_.sample <= 1)) {
      throw std::invalid_argument("AccessLogOptions::sample must be between 0 and 1, not " +
                                  std::to_string(options_.sample));
    }
    check_names("headers", options_.headers);
    check_names("redact", options_.redact);
  }

  void operator()(const CallRecord& record) {
    if (record.error == nullptr && !sampled()) return;
    options_.sink(line_of(record));
  }

 private:
  static void check_names(std::string_view option, std::vector<std::string>& names) {
    for (std::string& name : names) {
      if (name.empty() || name.find_first_of(" \t\r\n:=\"") != std::string::npos) {
        throw std::invalid_argument("AccessLogOptions::" + std::string(option) + " has \"" + name +
                                    "\", which is no name of a header");
      }
      name = base::to_lower(name);
    }
  }

  // Each call adds its part; whoever reaches a whole number is logged.
  bool sampled() noexcept {
    if (options_.sample >= 1) return true;
    const auto before = static_cast<double>(succeeded_.fetch_add(1, std::memory_order_relaxed));
    return std::floor((before + 1) * options_.sample) > std::floor(before * options_.sample);
  }

  bool is_secret(std::string_view name) const noexcept {
    if (is_secret_header(name)) return true;
    for (const std::string& secret : options_.redact) {
      if (base::equals_lower(name, secret)) return true;
    }
    return false;
  }

  std::string line_of(const CallRecord& record) const {
    Line line(options_.format);
    line.add("method", record.method.full_name());
    line.add("code", record.error == nullptr ? "ok" : to_string(record.error->code()));
    line.add("protocol", to_string(record.protocol));
    line.add("codec", to_string(record.codec));
    line.add("http", to_string(record.http_version));
    line.add("verb", record.http_method);
    line.add("peer", record.peer.to_string());
    line.add_milliseconds("duration_ms", record.duration);
    line.add("request_bytes", record.traffic.request_bytes);
    line.add("request_messages", record.traffic.request_messages);
    line.add("response_bytes", record.traffic.response_bytes);
    line.add("response_messages", record.traffic.response_messages);
    if (record.cancelled) line.add("cancelled", to_string(*record.cancelled));
    if (record.error != nullptr) line.add("message", record.error->message());
    for (const std::string& name : options_.headers) {
      for (const auto& [received, value] : record.request_headers) {
        if (received == name) line.add("header." + name, is_secret(name) ? "(redacted)" : value);
      }
    }
    return std::move(line).finish();
  }

  AccessLogOptions options_;
  std::atomic<std::uint64_t> succeeded_{0};
};

}  // namespace

CallHook access_log(AccessLogOptions options) {
  return [log = std::make_shared<AccessLog>(std::move(options))](const CallRecord& record) { (*log)(record); };
}

bool is_secret_header(std::string_view name) noexcept {
  static constexpr std::array<std::string_view, 10> parts = {"authorization", "cookie",     "token",   "secret",
                                                             "password",      "credential", "session", "api-key",
                                                             "apikey",        "signature"};
  for (const std::string_view part : parts) {
    if (contains(name, part)) return true;
  }
  return false;
}

}  // namespace connectrpc
