// Writes x.connect.cc.
#include "plugin/source.h"

#include <string_view>

#include "plugin/preamble.h"
#include "plugin/printer.h"
#include "plugin/signature.h"

namespace connectrpc::plugin {
namespace {

Variables variables(const Service& service, const Method& method) {
  return {{"handler", service.handler},  {"handler_sync", service.handler_sync}, {"client", service.client},
          {"sync", service.client_sync}, {"full_name", service.full_name},       {"name", method.name},
          {"function", method.function}, {"constant", method.constant},          {"input", method.input},
          {"output", method.output}};
}

// One coroutine a method, between the call as the runtime sees it and the handler.
std::string_view coroutine_body(StreamKind kind) {
  switch (kind) {
    case StreamKind::unary:
      return "    ::connectrpc::detail::RequestMessage<$input$> request;\n"
             "    co_await call.receive(request);\n"
             "    const $output$ response = co_await handler.$function$(*request, call.context());\n"
             "    call.respond(response);\n";
    case StreamKind::server:
      return "    ::connectrpc::detail::RequestMessage<$input$> request;\n"
             "    co_await call.receive(request);\n"
             "    ::connectrpc::StreamWriter<$output$> responses(call);\n"
             "    co_await handler.$function$(*request, responses, call.context());\n";
    case StreamKind::client:
      return "    ::connectrpc::StreamReader<$input$> requests(call);\n"
             "    const $output$ response = co_await handler.$function$(requests, call.context());\n"
             "    call.respond(response);\n";
    case StreamKind::bidi:
      return "    ::connectrpc::StreamReader<$input$> requests(call);\n"
             "    ::connectrpc::StreamWriter<$output$> responses(call);\n"
             "    co_await handler.$function$(requests, responses, call.context());\n";
  }
  return {};
}

std::string_view blocking_body(StreamKind kind) {
  switch (kind) {
    case StreamKind::unary:
      return "      ::connectrpc::detail::RequestMessage<$input$> request;\n"
             "      call.receive(request);\n"
             "      const $output$ response = this->$function$(*request, call.context());\n"
             "      call.respond(response);\n";
    case StreamKind::server:
      return "      ::connectrpc::detail::RequestMessage<$input$> request;\n"
             "      call.receive(request);\n"
             "      ::connectrpc::StreamWriterSync<$output$> responses(call);\n"
             "      this->$function$(*request, responses, call.context());\n";
    case StreamKind::client:
      return "      ::connectrpc::StreamReaderSync<$input$> requests(call);\n"
             "      const $output$ response = this->$function$(requests, call.context());\n"
             "      call.respond(response);\n";
    case StreamKind::bidi:
      return "      ::connectrpc::StreamReaderSync<$input$> requests(call);\n"
             "      ::connectrpc::StreamWriterSync<$output$> responses(call);\n"
             "      this->$function$(requests, responses, call.context());\n";
  }
  return {};
}

// What the client returns; `suffix` is "_sync" for the blocking one.
std::string_view client_body(StreamKind kind) {
  switch (kind) {
    case StreamKind::unary:
      return "  return ::connectrpc::detail::unary$suffix$<$output$>(\n"
             "      channel_, $handler$::$constant$, request, options);\n";
    case StreamKind::server:
      return "  return ::connectrpc::detail::server_stream$suffix$<$output$>(\n"
             "      channel_, $handler$::$constant$, request, options);\n";
    case StreamKind::client:
      return "  return ::connectrpc::detail::client_stream$suffix$<$input$, $output$>(\n"
             "      channel_, $handler$::$constant$, options);\n";
    case StreamKind::bidi:
      return "  return ::connectrpc::detail::bidi_stream$suffix$<$input$, $output$>(\n"
             "      channel_, $handler$::$constant$, options);\n";
  }
  return {};
}

void print_defaults(Printer& out, const Service& service, Style style) {
  for (const Method& method : service.methods) {
    const Signature signature = handler_signature(method, style);
    Variables names = variables(service, method);
    names["class"] = style == Style::coroutine ? service.handler : service.handler_sync;
    names["result"] = signature.result;
    names["parameters"] = unused_parameters(signature);
    out.print(
        "$result$ $class$::$function$$parameters$ {\n"
        "  throw ::connectrpc::Error(\n"
        "      ::connectrpc::Code::unimplemented, \"$full_name$/$name$ is not implemented\");\n"
        "}\n\n",
        names);
  }
}

// service_name() and methods().
void print_description(Printer& out, const Service& service, const std::string& name) {
  out.print(
      "::std::string_view $class$::service_name() const noexcept { return $handler$::full_name; }\n"
      "\n"
      "::std::span<const ::connectrpc::MethodSpec* const> $class$::methods() const noexcept {\n",
      {{"class", name}, {"handler", service.handler}});
  if (service.methods.empty()) {
    out.print("  return {};\n");
  } else {
    out.print("  static constexpr const ::connectrpc::MethodSpec* all[] = {\n");
    for (const Method& method : service.methods)
      out.print("      &$handler$::$constant$,\n", {{"handler", service.handler}, {"constant", method.constant}});
    out.print("  };\n  return all;\n");
  }
  out.print("}\n\n");
}

void print_no_such_method(Printer& out, const Service& service) {
  out.print(
      "  throw ::connectrpc::Error(\n"
      "      ::connectrpc::Code::unimplemented, \"$full_name$ has no such method\");\n"
      "}\n\n",
      {{"full_name", service.full_name}});
}

void print_descriptors(Printer& out, const Service& service) {
  for (const Method& method : service.methods)
    out.print(
        "const ::google::protobuf::MethodDescriptor* $handler$::Descriptors::$function$() {\n"
        "  return ::google::protobuf::DescriptorPool::generated_pool()->FindMethodByName(\n"
        "      \"$full_name$.$name$\");\n"
        "}\n\n",
        variables(service, method));
}

void print_calls(Printer& out, const Service& service) {
  out.print("struct $handler$::Calls {\n", {{"handler", service.handler}});
  for (std::size_t index = 0; index < service.methods.size(); ++index) {
    const Method& method = service.methods[index];
    const Variables names = variables(service, method);
    if (index > 0) out.print("\n");
    out.print(
        "  static ::connectrpc::Task<> $function$($handler$& handler, ::connectrpc::detail::ServerCall& call) {\n",
        names);
    out.print(coroutine_body(method.kind), names);
    out.print("  }\n");
  }
  out.print("};\n\n");
}

void print_handler(Printer& out, const Service& service, bool lite) {
  if (!lite) print_descriptors(out, service);
  if (!service.methods.empty()) print_calls(out, service);
  print_defaults(out, service, Style::coroutine);
  print_description(out, service, service.handler);
  const bool empty = service.methods.empty();
  out.print(
      "::connectrpc::Task<> $handler$::call(\n"
      "    const ::connectrpc::MethodSpec& $method$, ::connectrpc::detail::ServerCall& $call$) {\n",
      {{"handler", service.handler},
       {"method", empty ? "/*method*/" : "method"},
       {"call", empty ? "/*call*/" : "call"}});
  if (!empty) {
    out.print("  switch (method.index) {\n");
    for (std::size_t index = 0; index < service.methods.size(); ++index)
      out.print("    case $index$:\n      return Calls::$function$(*this, call);\n",
                {{"index", std::to_string(index)}, {"function", service.methods[index].function}});
    out.print("  }\n");
  }
  print_no_such_method(out, service);
}

void print_handler_sync(Printer& out, const Service& service) {
  print_defaults(out, service, Style::blocking);
  print_description(out, service, service.handler_sync);
  const bool empty = service.methods.empty();
  out.print(
      "void $handler_sync$::call(\n"
      "    const ::connectrpc::MethodSpec& $method$, ::connectrpc::detail::ServerCallSync& $call$) {\n",
      {{"handler_sync", service.handler_sync},
       {"method", empty ? "/*method*/" : "method"},
       {"call", empty ? "/*call*/" : "call"}});
  if (!empty) {
    out.print("  switch (method.index) {\n");
    for (std::size_t index = 0; index < service.methods.size(); ++index) {
      const Method& method = service.methods[index];
      out.print("    case $index$: {\n", {{"index", std::to_string(index)}});
      out.print(blocking_body(method.kind), variables(service, method));
      out.print("      return;\n    }\n");
    }
    out.print("  }\n");
  }
  print_no_such_method(out, service);
}

void print_client(Printer& out, const Service& service, Style style) {
  const bool coroutine = style == Style::coroutine;
  const std::string& name = coroutine ? service.client : service.client_sync;
  out.print(
      "$client$::$client$(::connectrpc::ChannelPtr channel) : channel_(::std::move(channel)) {}\n"
      "\n"
      "$client$::$client$(::std::string_view url, ::connectrpc::ChannelOptions options)\n"
      "    : channel_(::connectrpc::Channel::make(url, ::std::move(options))) {}\n",
      {{"client", name}});
  if (coroutine)
    out.print(
        "\n"
        "$client$::$client$(\n"
        "    ::boost::asio::io_context& io, ::std::string_view url, ::connectrpc::ChannelOptions options)\n"
        "    : channel_(::connectrpc::Channel::make(io, url, ::std::move(options))) {}\n",
        {{"client", name}});
  for (const Method& method : service.methods) {
    const Signature signature = client_signature(method, style);
    Variables names = variables(service, method);
    names["class"] = name;
    names["result"] = signature.result;
    names["parameters"] = defined_parameters(signature);
    names["suffix"] = coroutine ? "" : "_sync";
    out.print("\n$result$ $class$::$function$$parameters$ const {\n", names);
    out.print(client_body(method.kind), names);
    out.print("}\n");
  }
}

}  // namespace

std::string source_text(const File& file) {
  Printer out;
  out.print(generated_from(file));
  out.line("#include \"" + file.base + ".connect.h\"");
  if (file.services.empty()) return out.text();
  out.print("\n");
  if (!file.lite) out.print("#include <google/protobuf/descriptor.h>\n\n");
  out.print("#include <connectrpc/detail/request_message.h>\n\n");
  out.print("#include <utility>\n\n");
  if (file.deprecated())
    out.print(
        "// What the proto deprecates is defined here all the same.\n"
        "#if defined(__GNUC__)\n"
        "#pragma GCC diagnostic ignored \"-Wdeprecated-declarations\"\n"
        "#endif\n"
        "\n");
  out.print(namespace_begin(file));
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
