// Which compression a request uses and which its answer may use.
#pragma once

#include <optional>
#include <string_view>

#include "connectrpc/error.h"
#include "protocol/header_fields.h"
#include "protocol/settings.h"

namespace connectrpc::protocol {

struct ServerEncodings {
  /// Null: identity.
  const Compression* request = nullptr;
  const Compression* response = nullptr;
  /// Code::unimplemented: the request uses what is not known here. The answer then names what is.
  std::optional<Error> fault;

  /// The compression of this name for the response, null for "identity", or nothing if the client does not accept it or
  /// it is not known here.
  std::optional<const Compression*> find(std::string_view name) const;

  const ServerSettings* settings = nullptr;
  /// The request's, and which of them says what is accepted.
  const Headers* headers = nullptr;
  std::string_view accept_name;
};

/// `sent`: what the request says it uses, "" for identity. `accept`: the field `accept_name` of `headers`.
ServerEncodings choose_encodings(const ServerSettings& settings, std::string_view sent, const Headers& headers,
                                 const Field& accept, std::string_view accept_name);

}  // namespace connectrpc::protocol
