// What protoc asks of the plugin.
#include "plugin/generator.h"

#include <google/protobuf/compiler/plugin.pb.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "plugin/header.h"
#include "plugin/model.h"
#include "plugin/source.h"

namespace connectrpc::plugin {
namespace {

namespace compiler = google::protobuf::compiler;

struct Options {
  // Files for protos without services, too: for build systems that must know what comes out before it does.
  bool empty_files = false;
};

Options parse_options(std::string_view text) {
  Options options;
  while (!text.empty()) {
    const std::string_view option = text.substr(0, text.find(','));
    text.remove_prefix(std::min(text.size(), option.size() + 1));
    if (option == "empty_files")
      options.empty_files = true;
    else if (!option.empty())
      throw GenerateError("unknown option \"" + std::string(option) + "\"; protoc-gen-connect-cpp knows: empty_files");
  }
  return options;
}

void add_file(compiler::CodeGeneratorResponse& response, std::string name, std::string content) {
  compiler::CodeGeneratorResponse::File& file = *response.add_file();
  file.set_name(std::move(name));
  file.set_content(std::move(content));
}

}  // namespace

compiler::CodeGeneratorResponse generate(const compiler::CodeGeneratorRequest& request) {
  compiler::CodeGeneratorResponse response;
  try {
    const Options options = parse_options(request.parameter());
    const Model model(request);
    for (const std::string& path : request.file_to_generate()) {
      const File file = model.file(path);
      if (file.services.empty() && !options.empty_files) continue;
      add_file(response, file.base + ".connect.h", header_text(file));
      add_file(response, file.base + ".connect.cc", source_text(file));
    }
  } catch (const GenerateError& error) {
    response.Clear();
    response.set_error(error.what());
  }
  std::uint64_t features = compiler::CodeGeneratorResponse::FEATURE_PROTO3_OPTIONAL;
#if GOOGLE_PROTOBUF_VERSION >= 5027000
  // Services are the same in every edition; the messages are the business of protoc's own C++ generator.
  features |= compiler::CodeGeneratorResponse::FEATURE_SUPPORTS_EDITIONS;
  response.set_minimum_edition(google::protobuf::EDITION_PROTO2);
  response.set_maximum_edition(google::protobuf::EDITION_2023);
#endif
  response.set_supported_features(features);
  return response;
}

}  // namespace connectrpc::plugin
