// What the protocols whose bodies are envelopes share on the client.
#pragma once

#include <optional>
#include <string>

#include "protocol/answer_encoding.h"
#include "protocol/client_call.h"
#include "protocol/content_type.h"
#include "protocol/envelope.h"
#include "protocol/failed_answer.h"

namespace connectrpc::protocol {

/// Messages in both directions; heads and endings are the protocols' own.
class EnvelopeClientCall : public ClientCall {
 public:
  std::size_t message_prefix() const noexcept final { return envelope_prefix; }
  Result<void> send_message(std::string prefixed_payload, ClientOutput& out) final;
  void close_send(ClientOutput& out) final { out.end = true; }
  ClientInput receive(const ClientArrived& arrived) final;
  Error reset_error(const http::Reset& reset) final;

 protected:
  EnvelopeClientCall(ContentKind kind, Codec codec, const MethodSpec& method, const ClientSettings& settings) noexcept;

  /// The head of an answer with status 200 has come. Gives the name of the field with the answer's compression.
  virtual std::string_view encoding_name() const noexcept = 0;
  /// Whether the body of an answer with another status is Connect's error object.
  virtual FailedAnswer::Body failed_body() const noexcept = 0;
  /// An envelope with flags of the protocol: the end of the call. Sets ending_ and trailers_; an error is one of ours.
  virtual std::optional<Error> read_ending(std::uint8_t flags, std::string_view payload) = 0;
  /// The body has ended without such an envelope: how the call ended. May change headers_ and set trailers_.
  virtual std::optional<Error> read_end(const ClientArrived& arrived) = 0;
  /// What an answer with another status says about the call beside that status, if anything.
  virtual std::optional<Error> read_failed(const ClientArrived& arrived);

  const MethodSpec& method_;
  const ClientSettings& settings_;
  ContentKind kind_;
  Codec codec_;
  /// How the call ended, once the protocol has said so.
  std::optional<Error> ending_;
  /// Whether there was anything in the body.
  bool body_seen() const noexcept { return reader_.touched() || failed_body_seen_; }

 private:
  ClientInput receive_failed(const ClientArrived& arrived);
  ClientInput receive_after_ending(const ClientArrived& arrived);
  ClientInput input_of(const EnvelopeReader::Item& item);
  std::optional<Error> read_head(const http::ResponseHead& head);
  ClientInput conclude(std::optional<Error> error);

  EnvelopeReader reader_;
  AnswerEncoding encoding_;
  std::optional<FailedAnswer> failed_;
  std::string unpacked_;
  // Unary and client-stream answers are one message.
  bool single_;
  bool received_ = false;
  bool head_read_ = false;
  bool ending_read_ = false;
  bool failed_body_seen_ = false;
};

/// Code::unknown if `type_text` is not of this kind, Code::internal if it names another codec.
std::optional<Error> content_type_fault(std::string_view type_text, ContentKind kind, Codec codec);

/// The error of a reset, without what the server answered.
Error make_reset_error(const http::Reset& reset);

}  // namespace connectrpc::protocol
