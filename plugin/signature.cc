// The C++ signatures of a method in the four classes.
#include "plugin/signature.h"

#include <string_view>

namespace connectrpc::plugin {
namespace {

std::string runtime_type(std::string_view name, Style style, std::string_view arguments) {
  return "::connectrpc::" + std::string(name) + (style == Style::blocking ? "Sync<" : "<") + std::string(arguments) +
         ">";
}

// Blocking functions return what coroutines promise.
std::string promised(std::string_view type, Style style) {
  if (style == Style::coroutine) return "::connectrpc::Task<" + std::string(type) + ">";
  return type.empty() ? "void" : std::string(type);
}

Parameter request(const Method& method) { return {"const " + method.input + "& ", "request", ""}; }

template <class Format>
std::string parameters(const Signature& signature, Format format) {
  std::string result = "(";
  for (const Parameter& parameter : signature.parameters) {
    if (result.size() > 1) result += ',';
    result += "\n    " + parameter.type + format(parameter);
  }
  return result + ")";
}

}  // namespace

Signature handler_signature(const Method& method, Style style) {
  Signature signature;
  const bool reads_stream = method.kind == StreamKind::client || method.kind == StreamKind::bidi;
  const bool writes_stream = method.kind == StreamKind::server || method.kind == StreamKind::bidi;
  if (reads_stream)
    signature.parameters.push_back({runtime_type("StreamReader", style, method.input) + "& ", "requests", ""});
  else
    signature.parameters.push_back(request(method));
  if (writes_stream)
    signature.parameters.push_back({runtime_type("StreamWriter", style, method.output) + "& ", "responses", ""});
  signature.parameters.push_back({"::connectrpc::Context& ", "context", ""});
  signature.result = promised(writes_stream ? "" : method.output, style);
  return signature;
}

Signature client_signature(const Method& method, Style style) {
  Signature signature;
  switch (method.kind) {
    case StreamKind::unary:
      signature.result = promised("::connectrpc::Response<" + method.output + ">", style);
      signature.parameters.push_back(request(method));
      break;
    case StreamKind::server:
      signature.result = runtime_type("ServerStreamCall", style, method.output);
      signature.parameters.push_back(request(method));
      break;
    case StreamKind::client:
      signature.result = runtime_type("ClientStreamCall", style, method.input + ", " + method.output);
      break;
    case StreamKind::bidi:
      signature.result = runtime_type("BidiStreamCall", style, method.input + ", " + method.output);
      break;
  }
  signature.parameters.push_back({"::connectrpc::CallOptions ", "options", "::connectrpc::CallOptions()"});
  return signature;
}

std::string declared_parameters(const Signature& signature) {
  return parameters(signature, [](const Parameter& parameter) {
    return parameter.name + (parameter.default_value.empty() ? "" : " = " + parameter.default_value);
  });
}

std::string defined_parameters(const Signature& signature) {
  return parameters(signature, [](const Parameter& parameter) { return parameter.name; });
}

std::string unused_parameters(const Signature& signature) {
  return parameters(signature, [](const Parameter& parameter) { return "/*" + parameter.name + "*/"; });
}

}  // namespace connectrpc::plugin
