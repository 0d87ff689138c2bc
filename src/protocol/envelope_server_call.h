// What the protocols whose bodies are envelopes share on the server.
#pragma once

#include <string>

#include "protocol/envelope.h"
#include "protocol/server_call.h"
#include "protocol/server_encodings.h"

namespace connectrpc::protocol {

/// Messages in both directions; heads and endings are the protocols' own.
class EnvelopeServerCall : public ServerCall {
 public:
  ServerInput receive(std::string_view body, bool ended, std::optional<std::uint64_t> announced) final;
  std::size_t message_prefix() const noexcept final { return envelope_prefix; }
  Result<void> send_message(std::string& body, std::size_t at) final;

 protected:
  EnvelopeServerCall(const MethodSpec& method, const ServerSettings& settings) noexcept;

  const ServerSettings& settings_;

 private:
  // Why a request that should have one message cannot be one.
  std::optional<Error> single_fault(std::string_view body, bool ended, std::optional<std::uint64_t> announced) const;
  // What a message with flags holds.
  std::optional<Error> unpack_flagged(const EnvelopeReader::Item& item, std::string_view& payload);

  EnvelopeReader reader_;
  std::string unpacked_;
  // Unary and server-stream requests are one message.
  bool single_;
  bool received_ = false;
};

}  // namespace connectrpc::protocol
