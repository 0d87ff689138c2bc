// The C++ signatures of a method in the four classes.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "plugin/model.h"

namespace connectrpc::plugin {

/// Coroutines, or functions that block.
enum class Style : std::uint8_t { coroutine, blocking };

struct Parameter {
  std::string type;  ///< with the `&` and the blank before the name, where there is one
  std::string name;
  std::string default_value;
};

struct Signature {
  std::string result;
  std::vector<Parameter> parameters;
};

/// What a handler overrides.
Signature handler_signature(const Method& method, Style style);
/// What a client offers.
Signature client_signature(const Method& method, Style style);

/// "(\n    const ::a::Request& request,\n    ::connectrpc::Context& context)", with default values.
std::string declared_parameters(const Signature& signature);
/// The same for a definition: no default values.
std::string defined_parameters(const Signature& signature);
/// The same for a definition that uses none of them: the names in comments.
std::string unused_parameters(const Signature& signature);

}  // namespace connectrpc::plugin
