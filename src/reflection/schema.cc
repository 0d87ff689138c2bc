// The descriptors that reflection tells of.
#include "reflection/schema.h"

#include <algorithm>
#include <set>

namespace connectrpc::reflection {

using google::protobuf::Descriptor;
using google::protobuf::DescriptorPool;
using google::protobuf::FieldDescriptor;
using google::protobuf::FileDescriptor;

namespace {

// The first that one of the pools gives.
template <class Look>
auto first_of(const std::vector<const DescriptorPool*>& pools, Look look) {
  decltype(look(*pools.front())) found = nullptr;
  for (const DescriptorPool* pool : pools) {
    found = look(*pool);
    if (found != nullptr) break;
  }
  return found;
}

Error no_file(const std::string& what) { return Error(Code::not_found, "no file " + what); }

}  // namespace

std::vector<const DescriptorPool*> Schema::pools() const {
  std::vector<const DescriptorPool*> pools = {DescriptorPool::generated_pool()};
  for (const MethodSpec* method : methods_()) {
    const auto* descriptor = method->descriptor == nullptr ? nullptr : method->descriptor();
    if (descriptor == nullptr) continue;
    const DescriptorPool* pool = descriptor->file()->pool();
    if (std::ranges::find(pools, pool) == pools.end()) pools.push_back(pool);
  }
  return pools;
}

std::vector<std::string> Schema::services() const {
  std::set<std::string> names;
  for (const MethodSpec* method : methods_()) names.emplace(method->service());
  return {names.begin(), names.end()};
}

Result<const FileDescriptor*> Schema::file(const std::string& path) const {
  const FileDescriptor* found = first_of(pools(), [&](const auto& pool) { return pool.FindFileByName(path); });
  if (found == nullptr) return no_file("\"" + path + "\"");
  return found;
}

Result<const FileDescriptor*> Schema::file_of_symbol(const std::string& name) const {
  const FileDescriptor* found =
      first_of(pools(), [&](const auto& pool) { return pool.FindFileContainingSymbol(name); });
  if (found == nullptr) return no_file("has the symbol \"" + name + "\"");
  return found;
}

Result<const FileDescriptor*> Schema::file_of_extension(const std::string& type, int number) const {
  const FieldDescriptor* found = first_of(pools(), [&](const auto& pool) -> const FieldDescriptor* {
    const Descriptor* extended = pool.FindMessageTypeByName(type);
    return extended == nullptr ? nullptr : pool.FindExtensionByNumber(extended, number);
  });
  if (found == nullptr) return no_file("has an extension " + std::to_string(number) + " of \"" + type + "\"");
  return found->file();
}

Result<std::vector<int>> Schema::extension_numbers(const std::string& type) const {
  std::set<int> numbers;
  bool known = false;
  for (const DescriptorPool* pool : pools()) {
    const Descriptor* extended = pool->FindMessageTypeByName(type);
    if (extended == nullptr) continue;
    known = true;
    std::vector<const FieldDescriptor*> extensions;
    pool->FindAllExtensions(extended, &extensions);
    for (const FieldDescriptor* extension : extensions) numbers.insert(extension->number());
  }
  if (!known) return Error(Code::not_found, "no message \"" + type + "\"");
  return std::vector<int>(numbers.begin(), numbers.end());
}

}  // namespace connectrpc::reflection
