// Drives the protocols in tests: bytes in, whole or one at a time, and what came of them.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "connectrpc/detail/headers_access.h"
#include "protocol/client_call.h"
#include "protocol/envelope.h"
#include "protocol/server_call.h"

namespace connectrpc::protocol::test {

inline constexpr MethodSpec unary_method{"/greet.v1.GreetService/Greet", StreamType::unary};
inline constexpr MethodSpec get_method{"/greet.v1.GreetService/Read", StreamType::unary, Idempotency::no_side_effects};
inline constexpr MethodSpec server_method{"/greet.v1.GreetService/GreetMany", StreamType::server};
inline constexpr MethodSpec client_method{"/greet.v1.GreetService/GreetAll", StreamType::client};
inline constexpr MethodSpec bidi_method{"/greet.v1.GreetService/Converse", StreamType::bidi};

enum class Delivery { whole, bytewise };
inline constexpr Delivery deliveries[] = {Delivery::whole, Delivery::bytewise};

/// Pairs as they stand on the wire, unchecked.
inline Headers raw(std::vector<std::pair<std::string_view, std::string_view>> pairs) {
  Headers headers;
  for (const auto& [name, value] : pairs) detail::HeadersAccess::append(headers, name, value);
  return headers;
}

/// "name: value" lines, sorted by name, for comparisons that show what differs.
inline std::string lines(const Headers& headers) {
  std::multimap<std::string, std::string> sorted;
  for (const HeaderView pair : headers) sorted.emplace(pair.name, pair.value);
  std::string text;
  for (const auto& [name, value] : sorted) text.append(name).append(": ").append(value).append("\n");
  return text;
}

inline std::string envelope(std::string_view payload, std::uint8_t flags = 0) {
  std::string bytes(envelope_prefix, '\0');
  bytes += payload;
  write_envelope_prefix(bytes, flags);
  return bytes;
}

inline http::RequestHead post(std::string_view content_type, Headers more = {}) {
  http::RequestHead head;
  head.target = "/greet.v1.GreetService/Greet";
  head.headers = std::move(more);
  detail::HeadersAccess::append(head.headers, "content-type", content_type);
  return head;
}

inline http::RequestHead get(std::string_view query, Headers more = {}) {
  http::RequestHead head;
  head.method = "GET";
  head.target = "/greet.v1.GreetService/Read?" + std::string(query);
  head.headers = std::move(more);
  return head;
}

/// What a peer has sent.
struct Answer {
  http::ResponseHead head;
  std::string body;
  Headers trailers;
  bool ended = false;

  void add(ServerOutput out) {
    if (out.head) head = *std::move(out.head);
    body += out.body;
    if (out.end) {
      EXPECT_FALSE(ended);
      ended = true;
      trailers = std::move(out.trailers);
    } else {
      EXPECT_TRUE(out.trailers.empty());
    }
  }
};

/// A call on the server and the part of its request that was not consumed.
class ServerDriver {
 public:
  ServerDriver(http::RequestHead head, const MethodSpec& method, ServerSettings settings = {})
      : head_(std::move(head)), method_(method), settings_(settings) {
    auto accepted = accept(head_, method_, settings_);
    if (auto* const made = std::get_if<0>(&accepted)) {
      call_ = std::move(*made);
    } else {
      answer.add(std::get<1>(std::move(accepted)));
    }
  }

  bool accepted() const { return call_ != nullptr; }
  ServerCall& call() { return *call_; }

  /// Gives the request's body to the call until it ends, fails or wants more.
  void feed(std::string_view body, Delivery delivery = Delivery::whole, bool end = true,
            std::optional<std::uint64_t> announced = std::nullopt) {
    if (delivery == Delivery::bytewise) {
      for (const char c : body) {
        pending_ += c;
        pump(false, announced);
      }
    } else {
      pending_ += body;
    }
    pump(end, announced);
  }

  void send_headers(Headers headers) {
    ServerOutput out;
    call_->send_headers(std::move(headers), out);
    answer.add(std::move(out));
  }

  Result<void> send(std::string_view message) {
    // What stands in front of the message must stay as it is.
    constexpr std::string_view before = "before";
    ServerOutput out;
    out.body.append(before).append(call_->message_prefix(), '\0').append(message);
    Result<void> sent = call_->send_message(out.body, before.size());
    EXPECT_EQ(out.body.substr(0, before.size()), before);
    out.body.erase(0, before.size());
    answer.add(std::move(out));
    return sent;
  }

  void finish(const Error* error, Headers headers = {}, Headers trailers = {}) {
    ServerOutput out;
    Ending ending;
    ending.error = error;
    ending.headers = std::move(headers);
    ending.trailers = std::move(trailers);
    call_->finish(std::move(ending), out);
    answer.add(std::move(out));
  }

  Answer answer;
  std::vector<std::string> messages;
  bool ended = false;
  std::optional<Error> failure;

 private:
  void pump(bool end, std::optional<std::uint64_t> announced) {
    while (!ended && !failure) {
      // A copy of exact size, so that the address sanitizer sees every byte read beyond it.
      const std::vector<char> body(pending_.begin(), pending_.end());
      ServerInput input = call_->receive({body.data(), body.size()}, end, announced);
      ASSERT_LE(input.consumed, pending_.size());
      if (input.kind == ServerInput::Kind::message) messages.emplace_back(input.payload);
      pending_.erase(0, input.consumed);
      ended = input.kind == ServerInput::Kind::end;
      if (input.kind == ServerInput::Kind::failed) failure = std::move(input.error);
      if (input.kind == ServerInput::Kind::need_more) return;
    }
  }

  http::RequestHead head_;
  MethodSpec method_;
  ServerSettings settings_;
  std::unique_ptr<ServerCall> call_;
  std::string pending_;
};

/// A call on the client: what it sends, and what it makes of an answer.
class ClientDriver {
 public:
  ClientDriver(Protocol protocol, const MethodSpec& method, ClientSettings settings = {}, Codec codec = Codec::proto)
      : method_(method), settings_(settings), call_(make_client_call(protocol, codec, method_, settings_)) {}

  ClientCall& call() { return *call_; }

  void open(const Headers& headers = {}, std::optional<std::chrono::nanoseconds> timeout = std::nullopt,
            std::string_view prefix = "") {
    ClientTarget target;
    target.scheme = "http";
    target.authority = "example.com";
    target.prefix = prefix;
    ClientOutput out;
    call_->open(target, headers, timeout, out);
    add(std::move(out));
  }

  Result<void> send(std::string_view message) {
    std::string prefixed(call_->message_prefix(), '\0');
    prefixed += message;
    ClientOutput out;
    Result<void> sent = call_->send_message(std::move(prefixed), out);
    add(std::move(out));
    return sent;
  }

  void close_send() {
    ClientOutput out;
    call_->close_send(out);
    add(std::move(out));
  }

  /// A whole unary request.
  void request(std::string_view message, const Headers& headers = {}) {
    open(headers);
    ASSERT_TRUE(send(message));
    close_send();
  }

  /// Gives an answer to the call until it ends.
  void feed(const Answer& answer, Delivery delivery = Delivery::whole,
            std::optional<std::uint64_t> announced = std::nullopt) {
    ClientArrived arrived;
    arrived.head = &answer.head;
    arrived.announced = announced;
    std::string pending;
    if (delivery == Delivery::bytewise) {
      pump(ClientArrived(), pending);
      pump(arrived, pending);
      for (const char c : answer.body) {
        pending += c;
        pump(arrived, pending);
      }
    } else {
      pending = answer.body;
    }
    arrived.ended = answer.ended;
    arrived.trailers = &answer.trailers;
    pump(arrived, pending);
  }

  std::optional<http::RequestHead> head;
  std::string body;
  bool closed = false;

  std::vector<std::string> messages;
  bool ended = false;
  std::optional<Error> error;

 private:
  void add(ClientOutput out) {
    if (out.head) {
      EXPECT_FALSE(head);
      head = *std::move(out.head);
    }
    body += out.body;
    closed = closed || out.end;
  }

  void pump(ClientArrived arrived, std::string& pending) {
    while (!ended) {
      const std::vector<char> exact(pending.begin(), pending.end());
      arrived.body = {exact.data(), exact.size()};
      ClientInput input = call_->receive(arrived);
      ASSERT_LE(input.consumed, pending.size());
      if (input.kind == ClientInput::Kind::message) messages.emplace_back(input.payload);
      pending.erase(0, input.consumed);
      if (input.kind == ClientInput::Kind::end) {
        ended = true;
        error = std::move(input.error);
      }
      if (input.kind == ClientInput::Kind::need_more) return;
    }
  }

  MethodSpec method_;
  ClientSettings settings_;
  std::unique_ptr<ClientCall> call_;
};

/// The same whatever this build has.
inline const CompressionRegistry& only_gzip() {
  static const CompressionRegistry registry = [] {
    CompressionRegistry made;
    // Not owned: it lives in the registry of what is built in.
    made.add({std::shared_ptr<const Compression>(), CompressionRegistry::built_in().find("gzip")});
    return made;
  }();
  return registry;
}

inline const Compression& gzip() { return *CompressionRegistry::built_in().find("gzip"); }

inline std::string gzipped(std::string_view text) {
  std::string packed;
  gzip().compress(text, packed);
  return packed;
}

}  // namespace connectrpc::protocol::test
