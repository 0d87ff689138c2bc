// The descriptors that reflection tells of.
#pragma once

#include <google/protobuf/descriptor.h>

#include <string>
#include <string_view>
#include <vector>

#include "connectrpc/error.h"
#include "connectrpc/reflection.h"
#include "connectrpc/result.h"

namespace connectrpc::reflection {

/// Looks things up by name. Any thread.
class Schema {
 public:
  explicit Schema(ReflectedMethods methods) : methods_(std::move(methods)) {}

  /// Each once, in order.
  std::vector<std::string> services() const;
  // not_found names what was looked for.
  Result<const google::protobuf::FileDescriptor*> file(const std::string& path) const;
  Result<const google::protobuf::FileDescriptor*> file_of_symbol(const std::string& name) const;
  Result<const google::protobuf::FileDescriptor*> file_of_extension(const std::string& type, int number) const;
  /// In order.
  Result<std::vector<int>> extension_numbers(const std::string& type) const;

 private:
  std::vector<const google::protobuf::DescriptorPool*> pools() const;

  const ReflectedMethods methods_;
};

}  // namespace connectrpc::reflection
