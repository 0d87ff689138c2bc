// What the emitters need to know of a proto file, with every C++ name settled.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace google::protobuf {
class DescriptorProto;
class FileDescriptorProto;
class MethodDescriptorProto;
class ServiceDescriptorProto;
}  // namespace google::protobuf
namespace google::protobuf::compiler {
class CodeGeneratorRequest;
}

namespace connectrpc::plugin {

/// Why nothing can be generated, for the person who runs protoc.
class GenerateError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

enum class StreamKind : std::uint8_t { unary, client, server, bidi };

/// "unary": the enumerator of connectrpc::StreamType.
std::string_view to_string(StreamKind kind);

struct Method {
  std::string name;         ///< "Greet"
  std::string function;     ///< "greet"
  std::string constant;     ///< "greet_method"
  std::string input;        ///< "::greet::v1::GreetRequest"
  std::string output;       ///< "::greet::v1::GreetResponse"
  std::string idempotency;  ///< the enumerator of connectrpc::Idempotency
  StreamKind kind = StreamKind::unary;
  bool deprecated = false;
  std::vector<std::string> comment;
};

struct Service {
  std::string name;       ///< "GreetService"
  std::string full_name;  ///< "greet.v1.GreetService"
  // The four classes.
  std::string handler;
  std::string handler_sync;
  std::string client;
  std::string client_sync;
  bool deprecated = false;
  std::vector<std::string> comment;
  std::vector<Method> methods;
};

struct File {
  std::string path;      ///< "greet/v1/greet.proto"
  std::string base;      ///< "greet/v1/greet"
  std::string cpp_path;  ///< "greet::v1", without a package ""
  /// The messages have no descriptors: `optimize_for = LITE_RUNTIME`.
  bool lite = false;
  /// Headers that declare the messages which the services use, beside the file's own.
  std::set<std::string> includes;
  std::vector<Service> services;

  bool deprecated() const;
};

/// All files of a request, by which names are resolved. Views the request, which must outlive it.
class Model {
 public:
  explicit Model(const google::protobuf::compiler::CodeGeneratorRequest& request);

  /// Throws GenerateError where the request lacks the file, or what it names, or C++ cannot say it.
  File file(std::string_view path) const;

 private:
  struct Message {
    std::string cpp_type;
    const google::protobuf::FileDescriptorProto* file;
  };

  void add_messages(const google::protobuf::FileDescriptorProto& file, const google::protobuf::DescriptorProto& message,
                    const std::string& proto_scope, const std::string& cpp_scope);
  std::string message_type(const google::protobuf::FileDescriptorProto& file, std::string_view user,
                           std::string_view type, File& result) const;
  Service service(const google::protobuf::FileDescriptorProto& file, int index, File& result) const;
  Method method(const google::protobuf::FileDescriptorProto& file, int service, int index, File& result) const;
  std::set<const google::protobuf::FileDescriptorProto*> with_imports(
      const google::protobuf::FileDescriptorProto& file) const;

  std::map<std::string, const google::protobuf::FileDescriptorProto*, std::less<>> files_;
  std::map<std::string, Message, std::less<>> messages_;
};

}  // namespace connectrpc::plugin
