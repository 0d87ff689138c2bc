// protoc-gen-connect-cpp: reads a CodeGeneratorRequest from stdin, writes a CodeGeneratorResponse to stdout.
#include <google/protobuf/compiler/plugin.pb.h>

#include <exception>
#include <iostream>
#include <string_view>

#include "connectrpc/version.h"
#include "plugin/generator.h"

int main(int argc, char** argv) {
  if (argc > 1) {
    const bool version = std::string_view(argv[1]) == "--version";
    (version ? std::cout : std::cerr) << "protoc-gen-connect-cpp " CONNECTRPC_VERSION_STRING "\n";
    if (!version) std::cerr << "A plugin of protoc: protoc --connect-cpp_out=DIR FILE.proto\n";
    return version ? 0 : 1;
  }
  try {
    google::protobuf::compiler::CodeGeneratorRequest request;
    if (!request.ParseFromIstream(&std::cin)) {
      std::cerr << "protoc-gen-connect-cpp: stdin holds no CodeGeneratorRequest; protoc starts this program\n";
      return 1;
    }
    if (!connectrpc::plugin::generate(request).SerializeToOstream(&std::cout) || !std::cout.flush()) {
      std::cerr << "protoc-gen-connect-cpp: cannot write to stdout\n";
      return 1;
    }
  } catch (const std::exception& error) {
    std::cerr << "protoc-gen-connect-cpp: " << error.what() << "\n";
    return 1;
  }
}
