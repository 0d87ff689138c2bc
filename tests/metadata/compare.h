// What must be the same in every way to make a call.
#pragma once

#include <algorithm>
#include <functional>
#include <sstream>
#include <string>
#include <vector>

#include "connectrpc/error.h"
#include "connectrpc/headers.h"
#include "metadata/matrix.h"

namespace connectrpc::metadata_test {

/// A program-wide count, printed at the end.
struct Tally {
  int combinations = 0;
  int differences = 0;
};
inline Tally& tally() {
  static Tally tally;
  return tally;
}

/// Headers as text, name by name: the order of different names is not promised.
inline std::string to_text(const Headers& headers) {
  std::ostringstream text;
  std::vector<std::string> names;
  for (const auto& [name, value] : headers) names.emplace_back(name);
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  for (const std::string& name : names) {
    text << "  " << name << ":";
    for (const std::string_view value : headers.get_all(name)) {
      text << " \"" << (value.size() > 100 ? std::string(value.substr(0, 100)) + "…" : std::string(value)) << "\"#"
           << std::hash<std::string_view>()(value);
    }
    text << "\n";
  }
  return text.str();
}

/// Without what HTTP libraries add on their own account.
inline Headers without_own(Headers headers) {
  for (const char* name : {"user-agent", "date", "accept", "vary", "server"}) headers.erase(name);
  return headers;
}

/// A call as one text; equal texts mean that equal things were seen.
inline std::string describe(const Way& way, const Script& script, const Seen& seen) {
  std::ostringstream text;
  text << "the handler saw\n" << to_text(without_own(seen.request_headers));
  const Outcome& outcome = seen.outcome;
  if (!outcome.error) {
    text << "success, headers\n"
         << to_text(without_own(outcome.headers)) << "trailers\n"
         << to_text(without_own(outcome.trailers));
    return text.str();
  }
  const Error& error = *outcome.error;
  text << "error " << to_string(error.code()) << (error.is_remote() ? " (remote): " : " (local): ") << error.message()
       << "\n";
  for (const ErrorDetail& detail : error.details()) text << "detail " << detail.type << " " << detail.value << "\n";
  text << "metadata\n" << to_text(without_own(error.metadata()));
  // The one difference that is expected: the error's own metadata are in headers() for Connect unary,
  // in trailers() elsewhere. Moved to the trailers, all must be equal.
  Headers headers = without_own(error.headers());
  Headers trailers = without_own(error.trailers());
  if (way.connect_unary() && script.error) {
    Headers moved;
    for (const auto& [name, value] : script.error->metadata()) moved.add(name, value);
    Headers rest;
    std::vector<std::string> left;
    for (const auto& [name, value] : headers) {
      // The error's pairs come after the context's of the same name.
      const auto mine = moved.get_all(name).size();
      const auto all = headers.get_all(name).size();
      const auto before = std::count(left.begin(), left.end(), std::string(name));
      left.emplace_back(name);
      if (static_cast<std::size_t>(before) < static_cast<std::size_t>(all) - static_cast<std::size_t>(mine)) {
        rest.add(name, value);
      }
    }
    Headers joined = moved;
    for (const auto& [name, value] : trailers) joined.add(name, value);
    headers = rest;
    trailers = joined;
  }
  text << "headers\n" << to_text(headers) << "trailers\n" << to_text(trailers);
  return text.str();
}

/// What metadata.md promises of the script in every way.
inline std::string promised(const Script& script) {
  Seen seen;
  seen.request_headers = script.request_headers;
  seen.outcome.headers = script.response_headers;
  seen.outcome.trailers = script.response_trailers;
  if (!script.error) {
    return describe(Way{Protocol::grpc, HttpVersion::http2, StreamType::unary, Style::coroutine, Style::coroutine},
                    script, seen);
  }
  std::ostringstream text;
  text << "the handler saw\n" << to_text(script.request_headers);
  text << "error " << to_string(script.error->code()) << " (remote): " << script.error->message() << "\n";
  for (const ErrorDetail& detail : script.error->details())
    text << "detail " << detail.type << " " << detail.value << "\n";
  Headers all = script.response_headers;
  Headers trailers;
  for (const auto& [name, value] : script.error->metadata()) {
    all.add(name, value);
    trailers.add(name, value);
  }
  for (const auto& [name, value] : script.response_trailers) {
    all.add(name, value);
    trailers.add(name, value);
  }
  text << "metadata\n"
       << to_text(all) << "headers\n"
       << to_text(script.response_headers) << "trailers\n"
       << to_text(trailers);
  return text.str();
}

}  // namespace connectrpc::metadata_test
