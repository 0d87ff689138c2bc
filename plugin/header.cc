// Writes x.connect.h.
#include "plugin/header.h"

#include <string_view>
#include <vector>

#include "plugin/preamble.h"
#include "plugin/printer.h"
#include "plugin/signature.h"

namespace connectrpc::plugin {
namespace {

// The oldest runtime that has everything which generated code uses: see CONNECTRPC_VERSION.
constexpr int runtime_needed = 1000;

void print_comment(Printer& out, const std::vector<std::string>& lines) {
  for (const std::string& line : lines) out.line(line.empty() ? "///" : "/// " + line);
}

// The proto's comment, then what the class is for, and the line that opens it.
void print_class_head(Printer& out, const Service& service, std::vector<std::string> purpose,
                      const std::string& declaration) {
  std::vector<std::string> lines = service.comment;
  if (!lines.empty()) lines.emplace_back();
  lines.insert(lines.end(), purpose.begin(), purpose.end());
  print_comment(out, lines);
  out.line(std::string("class ") + (service.deprecated ? "[[deprecated]] " : "") + declaration + " {");
}

void print_method(Printer& out, const Method& method, const Signature& signature, std::string_view before,
                  std::string_view behind) {
  print_comment(out, method.comment);
  if (method.deprecated) out.line("[[deprecated]]");
  out.print("$before$$result$ $function$$parameters$$behind$;\n\n", {{"before", std::string(before)},
                                                                     {"result", signature.result},
                                                                     {"function", method.function},
                                                                     {"parameters", declared_parameters(signature)},
                                                                     {"behind", std::string(behind)}});
}

void print_descriptors(Printer& out, const Service& service) {
  out.print("struct Descriptors {\n");
  for (const Method& method : service.methods)
    out.print("  static const ::google::protobuf::MethodDescriptor* $function$();\n", {{"function", method.function}});
  out.print("};\n");
}

void print_constants(Printer& out, const Service& service, bool lite) {
  out.print("static constexpr ::std::string_view full_name = \"$full_name$\";\n\n", {{"full_name", service.full_name}});
  for (std::size_t index = 0; index < service.methods.size(); ++index) {
    const Method& method = service.methods[index];
    out.print(
        "static constexpr ::connectrpc::MethodSpec $constant${\n"
        "    \"/$full_name$/$name$\",\n"
        "    ::connectrpc::StreamType::$kind$,\n"
        "    ::connectrpc::Idempotency::$idempotency$,\n"
        "    $index$,\n"
        "    $descriptor$};\n\n",
        {{"constant", method.constant},
         {"full_name", service.full_name},
         {"name", method.name},
         {"kind", std::string(to_string(method.kind))},
         {"idempotency", method.idempotency},
         {"index", std::to_string(index)},
         {"descriptor", lite ? "nullptr" : "&Descriptors::" + method.function}});
  }
}

void print_overrides(Printer& out, std::string_view result, std::string_view call) {
  out.print(
      "::std::string_view service_name() const noexcept final;\n"
      "::std::span<const ::connectrpc::MethodSpec* const> methods() const noexcept final;\n"
      "$result$ call(const ::connectrpc::MethodSpec& method, ::connectrpc::detail::$call$& call) final;\n",
      {{"result", std::string(result)}, {"call", std::string(call)}});
}

void print_handler(Printer& out, const Service& service, bool lite) {
  print_class_head(out, service,
                   {"The service with coroutine handlers, run on the server's loops: derive and override. What is not",
                    "overridden answers `unimplemented`."},
                   service.handler + " : public ::connectrpc::Service");
  out.indent();
  if (!service.methods.empty()) {
    out.print("struct Calls;\n");
    if (!lite) print_descriptors(out, service);
    out.print("\n");
  }
  out.outdent();
  out.print(" public:\n");
  out.indent();
  print_constants(out, service, lite);
  for (const Method& method : service.methods)
    print_method(out, method, handler_signature(method, Style::coroutine), "virtual ", "");
  print_overrides(out, "::connectrpc::Task<>", "ServerCall");
  out.outdent();
  out.print("};\n\n");
}

void print_handler_sync(Printer& out, const Service& service) {
  print_class_head(out, service,
                   {"The service with blocking handlers, run on the server's worker threads: derive and override. What "
                    "is not",
                    "overridden answers `unimplemented`."},
                   service.handler_sync + " : public ::connectrpc::ServiceSync");
  out.print(" public:\n");
  out.indent();
  for (const Method& method : service.methods)
    print_method(out, method, handler_signature(method, Style::blocking), "virtual ", "");
  print_overrides(out, "void", "ServerCallSync");
  out.outdent();
  out.print("};\n\n");
}

void print_client(Printer& out, const Service& service, Style style) {
  const bool coroutine = style == Style::coroutine;
  const Variables names{{"client", coroutine ? service.client : service.client_sync}};
  print_class_head(
      out, service,
      {coroutine ? "Calls the service from coroutines. Copies share a channel; may be used from any thread."
                 : "Calls the service and blocks. Copies share a channel; may be used by many threads."},
      names.at("client"));
  out.print(" public:\n");
  out.indent();
  out.print(
      "explicit $client$(::connectrpc::ChannelPtr channel);\n"
      "/// With a channel of its own.\n"
      "explicit $client$(\n"
      "    ::std::string_view url, ::connectrpc::ChannelOptions options = ::connectrpc::ChannelOptions());\n",
      names);
  if (coroutine)
    out.print(
        "/// With a channel of its own, whose connections live on `io`.\n"
        "$client$(\n"
        "    ::boost::asio::io_context& io,\n"
        "    ::std::string_view url,\n"
        "    ::connectrpc::ChannelOptions options = ::connectrpc::ChannelOptions());\n",
        names);
  out.print("\nconst ::connectrpc::ChannelPtr& channel() const noexcept { return channel_; }\n\n");
  for (const Method& method : service.methods) print_method(out, method, client_signature(method, style), "", " const");
  out.outdent();
  out.print(
      " private:\n"
      "  ::connectrpc::ChannelPtr channel_;\n"
      "};\n");
}

}  // namespace

std::string header_text(const File& file) {
  Printer out;
  out.print(generated_from(file));
  if (file.services.empty()) {
    out.print("// The proto declares no services.\n#pragma once\n\n#include \"" + file.base + ".pb.h\"\n");
    return out.text();
  }
  out.print(
      "#pragma once\n"
      "\n"
      "#include <connectrpc/version.h>\n"
      "\n"
      "#if CONNECTRPC_VERSION < $needed$\n"
      "#error \"needs connect-cpp $major$.$minor$.$patch$ or newer: update it, or use the generator that belongs to "
      "it\"\n"
      "#endif\n"
      "\n"
      "#include <connectrpc/client.h>\n"
      "#include <connectrpc/service.h>\n"
      "\n"
      "#include <span>\n"
      "#include <string_view>\n"
      "\n",
      {{"needed", std::to_string(runtime_needed)},
       {"major", std::to_string(runtime_needed / 1'000'000)},
       {"minor", std::to_string(runtime_needed / 1'000 % 1'000)},
       {"patch", std::to_string(runtime_needed % 1'000)}});
  out.line("#include \"" + file.base + ".pb.h\"");
  for (const std::string& include : file.includes) out.line("#include \"" + include + "\"");
  out.print("\n" + namespace_begin(file));
  bool first = true;
  for (const Service& service : file.services) {
    if (!first) out.print("\n");
    first = false;
    print_handler(out, service, file.lite);
    print_handler_sync(out, service);
    print_client(out, service, Style::coroutine);
    out.print("\n");
    print_client(out, service, Style::blocking);
  }
  out.print(namespace_end(file));
  return out.text();
}

}  // namespace connectrpc::plugin
