// What the emitters need to know of a proto file, with every C++ name settled.
#include "plugin/model.h"

#include <google/protobuf/compiler/plugin.pb.h>
#include <google/protobuf/descriptor.pb.h>

#include <algorithm>
#include <array>
#include <span>
#include <utility>

#include "plugin/comments.h"
#include "plugin/names.h"

namespace connectrpc::plugin {
namespace {

namespace pb = google::protobuf;

// What methods cannot be called in any of the four classes: members of the bases, of the handlers and of the clients.
constexpr auto members =
    std::to_array<std::string_view>({"call", "channel", "channel_", "full_name", "methods", "service_name"});

std::string join(std::string_view scope, std::string_view separator, std::string_view name) {
  return std::string(scope) + std::string(scope.empty() ? "" : separator) + std::string(name);
}

std::string without_extension(std::string_view path) {
  for (const std::string_view extension : {".protodevel", ".proto"})
    if (path.ends_with(extension)) return std::string(path.substr(0, path.size() - extension.size()));
  return std::string(path);
}

// "greet.v1" -> "greet::v1". protoc copies a keyword as it is, so that its own output does not compile.
std::string namespace_of(const pb::FileDescriptorProto& file) {
  std::string result;
  for (std::string_view rest = file.package(); !rest.empty();) {
    const std::string_view part = rest.substr(0, rest.find('.'));
    rest.remove_prefix(std::min(rest.size(), part.size() + 1));
    if (is_keyword(part))
      throw GenerateError(file.name() + ": \"" + std::string(part) + "\" in the package name \"" + file.package() +
                          "\" is a keyword of C++, for which protoc's C++ generator has no spelling; choose another "
                          "package name");
    result = join(result, "::", part);
  }
  return result;
}

std::vector<std::string> comment_at(const pb::FileDescriptorProto& file, std::span<const int> path) {
  for (const pb::SourceCodeInfo::Location& location : file.source_code_info().location()) {
    if (!std::ranges::equal(location.path(), path)) continue;
    std::vector<std::string> lines = comment_lines(location.leading_comments());
    const std::vector<std::string> trailing = comment_lines(location.trailing_comments());
    if (!lines.empty() && !trailing.empty()) lines.emplace_back();
    lines.insert(lines.end(), trailing.begin(), trailing.end());
    return lines;
  }
  return {};
}

void reserve_enum(const pb::EnumDescriptorProto& type, const std::string& scope, NameSet& names) {
  names.reserve(join(scope, "_", type.name()));
  // The values of a nested enum carry the enum's name in front, those of another do not.
  for (const pb::EnumValueDescriptorProto& value : type.value())
    names.reserve(scope.empty() ? std::string(value.name()) : scope + "_" + type.name() + "_" + value.name());
}

void reserve_message(const pb::DescriptorProto& message, const std::string& scope, NameSet& names) {
  const std::string name = join(scope, "_", message.name());
  names.reserve(name);
  for (const pb::DescriptorProto& nested : message.nested_type()) reserve_message(nested, name, names);
  for (const pb::EnumDescriptorProto& nested : message.enum_type()) reserve_enum(nested, name, names);
}

// Names that protoc and grpc++ generate from `file` into the namespace of `package`.
void reserve_names(const pb::FileDescriptorProto& file, std::string_view package, NameSet& names) {
  if (file.package() == package) {
    for (const pb::DescriptorProto& message : file.message_type()) reserve_message(message, "", names);
    for (const pb::EnumDescriptorProto& type : file.enum_type()) reserve_enum(type, "", names);
    for (const pb::FieldDescriptorProto& extension : file.extension()) names.reserve(extension.name());
    for (const pb::ServiceDescriptorProto& service : file.service()) {
      names.reserve(service.name());
      names.reserve(service.name() + "_Stub");
    }
    return;
  }
  std::string_view nested = file.package();
  if (!nested.starts_with(package)) return;
  nested.remove_prefix(package.size());
  if (!package.empty()) {
    if (!nested.starts_with('.')) return;
    nested.remove_prefix(1);
  }
  names.reserve(nested.substr(0, nested.find('.')));
}

std::string_view idempotency_of(const pb::MethodDescriptorProto& method) {
  switch (method.options().idempotency_level()) {
    case pb::MethodOptions::NO_SIDE_EFFECTS: return "no_side_effects";
    case pb::MethodOptions::IDEMPOTENT: return "idempotent";
    default: return "unknown";
  }
}

}  // namespace

std::string_view to_string(StreamKind kind) {
  constexpr std::array<std::string_view, 4> names{"unary", "client", "server", "bidi"};
  return names[static_cast<std::size_t>(kind)];
}

bool File::deprecated() const {
  return std::ranges::any_of(services, [](const Service& service) {
    return service.deprecated || std::ranges::any_of(service.methods, &Method::deprecated);
  });
}

Model::Model(const pb::compiler::CodeGeneratorRequest& request) {
  for (const pb::FileDescriptorProto& file : request.proto_file()) {
    files_.emplace(file.name(), &file);
    for (const pb::DescriptorProto& message : file.message_type()) add_messages(file, message, file.package(), "");
  }
}

void Model::add_messages(const pb::FileDescriptorProto& file, const pb::DescriptorProto& message,
                         const std::string& proto_scope, const std::string& cpp_scope) {
  const std::string proto_name = join(proto_scope, ".", message.name());
  const std::string cpp_type = join(cpp_scope, "::", cpp_name(message.name()));
  messages_.emplace(proto_name, Message{cpp_type, &file});
  for (const pb::DescriptorProto& nested : message.nested_type()) add_messages(file, nested, proto_name, cpp_type);
}

std::set<const pb::FileDescriptorProto*> Model::with_imports(const pb::FileDescriptorProto& file) const {
  std::set<const pb::FileDescriptorProto*> result{&file};
  std::vector<const pb::FileDescriptorProto*> open{&file};
  while (!open.empty()) {
    const pb::FileDescriptorProto& importer = *open.back();
    open.pop_back();
    for (const std::string& path : importer.dependency()) {
      const auto found = files_.find(path);
      if (found == files_.end())
        throw GenerateError(importer.name() + ": the request lacks its import \"" + path + "\"");
      if (result.insert(found->second).second) open.push_back(found->second);
    }
  }
  return result;
}

std::string Model::message_type(const pb::FileDescriptorProto& file, std::string_view user, std::string_view type,
                                File& result) const {
  const auto found = messages_.find(type.substr(type.starts_with('.') ? 1 : 0));
  if (found == messages_.end())
    throw GenerateError(file.name() + ": " + std::string(user) + " uses the message \"" + std::string(type) +
                        "\", which the request lacks");
  const Message& message = found->second;
  if (message.file != &file) result.includes.insert(without_extension(message.file->name()) + ".pb.h");
  return "::" + join(namespace_of(*message.file), "::", message.cpp_type);
}

Method Model::method(const pb::FileDescriptorProto& file, int service, int index, File& result) const {
  const pb::MethodDescriptorProto& proto = file.service(service).method(index);
  const std::string user = file.service(service).name() + "." + proto.name();
  Method method;
  method.name = proto.name();
  method.input = message_type(file, user, proto.input_type(), result);
  method.output = message_type(file, user, proto.output_type(), result);
  method.idempotency = idempotency_of(proto);
  method.kind = proto.client_streaming() ? (proto.server_streaming() ? StreamKind::bidi : StreamKind::client)
                                         : (proto.server_streaming() ? StreamKind::server : StreamKind::unary);
  method.deprecated = proto.options().deprecated();
  const std::array<int, 4> path{pb::FileDescriptorProto::kServiceFieldNumber, service,
                                pb::ServiceDescriptorProto::kMethodFieldNumber, index};
  method.comment = comment_at(file, path);
  return method;
}

Service Model::service(const pb::FileDescriptorProto& file, int index, File& result) const {
  const pb::ServiceDescriptorProto& proto = file.service(index);
  Service service;
  service.name = proto.name();
  service.full_name = join(file.package(), ".", proto.name());
  service.deprecated = proto.options().deprecated();
  const std::array<int, 2> path{pb::FileDescriptorProto::kServiceFieldNumber, index};
  service.comment = comment_at(file, path);

  NameSet names;
  for (const std::string_view member : members) names.reserve(member);
  for (int i = 0; i < proto.method_size(); ++i) {
    // In the order of declaration, so that an rpc added at the end changes no name.
    Method method = this->method(file, index, i, result);
    const std::string name = snake_case(method.name);
    method.function = names.take(name);
    method.constant = names.take(name + "_method");
    service.methods.push_back(std::move(method));
  }
  return service;
}

File Model::file(std::string_view path) const {
  const auto found = files_.find(path);
  if (found == files_.end()) throw GenerateError("the request lacks the file \"" + std::string(path) + "\"");
  const pb::FileDescriptorProto& proto = *found->second;

  File file;
  file.path = proto.name();
  file.base = without_extension(proto.name());
  if (proto.service_size() == 0) return file;

  file.cpp_path = namespace_of(proto);
  file.lite = proto.options().optimize_for() == pb::FileOptions::LITE_RUNTIME;
  NameSet names;
  for (const pb::FileDescriptorProto* each : with_imports(proto)) reserve_names(*each, proto.package(), names);
  for (int i = 0; i < proto.service_size(); ++i) {
    Service service = this->service(proto, i, file);
    service.handler = names.take(service.name + "Handler");
    service.handler_sync = names.take(service.name + "HandlerSync");
    service.client = names.take(service.name + "Client");
    service.client_sync = names.take(service.name + "ClientSync");
    file.services.push_back(std::move(service));
  }
  return file;
}

}  // namespace connectrpc::plugin
