// What protoc asks of the plugin.
#pragma once

namespace google::protobuf::compiler {
class CodeGeneratorRequest;
class CodeGeneratorResponse;
}  // namespace google::protobuf::compiler

namespace connectrpc::plugin {

/// Generates all files that the request names, or says in the response's error why it cannot.
google::protobuf::compiler::CodeGeneratorResponse generate(
    const google::protobuf::compiler::CodeGeneratorRequest& request);

}  // namespace connectrpc::plugin
