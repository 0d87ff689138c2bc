// gRPC-Web's text form on the server.
#include "protocol/grpc_web/text_server_call.h"

#include "base/base64.h"
#include "compression/accept_list.h"

namespace connectrpc::protocol {
namespace {

ServerInput not_base64() {
  ServerInput input;
  input.kind = ServerInput::Kind::failed;
  input.error = Error(Code::invalid_argument, "the request's body is not base64, as its content type has it");
  return input;
}

}  // namespace

GrpcWebTextServerCall::GrpcWebTextServerCall(const http::RequestHead& head, const ContentType& asked,
                                             const ContentType& answered, const MethodSpec& method,
                                             const ServerSettings& settings)
    : text_in_(asked.kind == ContentKind::grpc_web_text),
      text_out_(answered.kind == ContentKind::grpc_web_text),
      binary_(head, answered, method, settings) {
  codec_ = binary_.codec();
  timeout_ = binary_.timeout();
  fault_ = binary_.fault();
}

ServerInput GrpcWebTextServerCall::receive(std::string_view body, bool ended, std::optional<std::uint64_t> announced) {
  if (!text_in_) return binary_.receive(body, ended, announced);
  at_ += std::exchange(given_, 0);
  for (bool decoded = false;; decoded = true) {
    // What content-length announces is the text.
    ServerInput input = binary_.receive(std::string_view(decoded_).substr(at_), complete_, std::nullopt);
    const bool waits = input.kind == ServerInput::Kind::need_more;
    if (waits && broken_) return not_base64();
    if (decoded || !waits) {
      given_ = input.consumed;
      input.consumed = decoded ? body.size() : 0;
      input.wanted = 0;  // bytes that are decoded already
      return input;
    }
    decoded_.erase(0, at_ + input.consumed);
    at_ = 0;
    broken_ = !text_.decode(body, ended, decoded_);
    complete_ = ended && !broken_;
  }
}

void GrpcWebTextServerCall::append(std::string_view bytes, std::string& out) const {
  if (text_out_) {
    out += base::base64_encode(bytes);
  } else {
    out += bytes;
  }
}

Result<void> GrpcWebTextServerCall::send_message(std::string& body, std::size_t at) {
  Result<void> sent = binary_.send_message(body, at);
  if (text_out_) body.replace(at, std::string::npos, base::base64_encode(std::string_view(body).substr(at)));
  return sent;
}

void GrpcWebTextServerCall::finish(Ending ending, ServerOutput& out) {
  ServerOutput binary;
  binary_.finish(std::move(ending), binary);
  if (binary.head) out.head = std::move(binary.head);
  append(binary.body, out.body);
  out.end = true;
}

ContentType grpc_web_answer_type(const http::RequestHead& head, ContentType asked) {
  bool binary = false;
  bool text = false;
  for (const HeaderView pair : head.headers) {
    if (pair.name != "accept") continue;
    compression::for_each_accepted(pair.value, [&](std::string_view name, int weight) {
      const ContentKind kind = parse_content_type(name).kind;
      binary = binary || (weight != 0 && kind == ContentKind::grpc_web);
      text = text || (weight != 0 && kind == ContentKind::grpc_web_text);
      return true;
    });
  }
  if (binary != text) asked.kind = text ? ContentKind::grpc_web_text : ContentKind::grpc_web;
  return asked;
}

}  // namespace connectrpc::protocol
