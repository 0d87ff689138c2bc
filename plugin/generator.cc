// What protoc asks of the plugin.
#include "plugin/generator.h"

#include <google/protobuf/compiler/plugin.pb.h>
#include <google/protobuf/message.h>
#include <google/protobuf/unknown_field_set.h>

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

// Services are the same in proto2, in proto3 and in every edition so far. The parts of editions go by their numbers:
// protobuf's headers have names for them only since 27.
void declare_features(compiler::CodeGeneratorResponse& response) {
  constexpr std::uint64_t supports_editions = 2;
  constexpr int minimum_edition_field = 3;
  constexpr int maximum_edition_field = 4;
  constexpr std::uint64_t edition_proto2 = 998;
  constexpr std::uint64_t edition_2024 = 1001;
  response.set_supported_features(compiler::CodeGeneratorResponse::FEATURE_PROTO3_OPTIONAL | supports_editions);
  google::protobuf::UnknownFieldSet& fields = *response.GetReflection()->MutableUnknownFields(&response);
  fields.AddVarint(minimum_edition_field, edition_proto2);
  fields.AddVarint(maximum_edition_field, edition_2024);
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
  declare_features(response);
  return response;
}

}  // namespace connectrpc::plugin
