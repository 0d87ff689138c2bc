// One stream of questions about the schema, the same in both versions of the protocol.
#pragma once

#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>

#include <set>
#include <string>
#include <vector>

#include "connectrpc/error.h"
#include "reflection/schema.h"

namespace connectrpc::reflection {

/// `Request` and `Response` are the messages of one version. Remembers which files the client has.
template <class Request, class Response>
class Conversation {
 public:
  explicit Conversation(const Schema& schema) : schema_(schema) {}

  Response answer(const Request& request) {
    Response response;
    response.set_valid_host(request.host());
    *response.mutable_original_request() = request;
    switch (request.message_request_case()) {
      case Request::kFileByFilename: give(schema_.file(request.file_by_filename()), response); break;
      case Request::kFileContainingSymbol:
        give(schema_.file_of_symbol(request.file_containing_symbol()), response);
        break;
      case Request::kFileContainingExtension: {
        const auto& extension = request.file_containing_extension();
        give(schema_.file_of_extension(extension.containing_type(), extension.extension_number()), response);
        break;
      }
      case Request::kAllExtensionNumbersOfType: {
        const std::string& type = request.all_extension_numbers_of_type();
        const auto numbers = schema_.extension_numbers(type);
        if (!numbers) {
          fail(numbers.error(), response);
          break;
        }
        auto& known = *response.mutable_all_extension_numbers_response();
        known.set_base_type_name(type);
        for (const int number : *numbers) known.add_extension_number(number);
        break;
      }
      case Request::kListServices: {
        auto& list = *response.mutable_list_services_response();
        for (const std::string& name : schema_.services()) list.add_service()->set_name(name);
        break;
      }
      case Request::MESSAGE_REQUEST_NOT_SET:
        fail(Error(Code::invalid_argument, "the request asks for nothing that this server knows"), response);
        break;
    }
    return response;
  }

 private:
  using File = google::protobuf::FileDescriptor;

  static void fail(const Error& error, Response& response) {
    response.mutable_error_response()->set_error_code(static_cast<int>(error.code()));
    response.mutable_error_response()->set_error_message(error.message());
  }

  // The file, in any case, and what it imports as far as the client does not have it yet.
  void give(const Result<const File*>& file, Response& response) {
    if (!file) return fail(file.error(), response);
    auto& files = *response.mutable_file_descriptor_response();
    std::vector<const File*> next = {*file};
    given_.erase((*file)->name());
    while (!next.empty()) {
      const File* giving = next.back();
      next.pop_back();
      if (!given_.insert(std::string(giving->name())).second) continue;
      google::protobuf::FileDescriptorProto proto;
      giving->CopyTo(&proto);
      proto.SerializeToString(files.add_file_descriptor_proto());
      for (int i = 0; i < giving->dependency_count(); ++i) next.push_back(giving->dependency(i));
    }
  }

  const Schema& schema_;
  std::set<std::string, std::less<>> given_;
};

}  // namespace connectrpc::reflection
