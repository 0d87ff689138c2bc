// Files that certainly lie below a directory.
#include "server/open_beneath.h"

#include <fcntl.h>
#if __has_include(<linux/openat2.h>)
#include <linux/openat2.h>
#include <sys/syscall.h>
#endif

#include <cerrno>
#include <cstddef>
#include <string_view>

namespace connectrpc::server {

namespace {

constexpr int read_flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;

#if defined(SYS_openat2)
// -1 with ENOSYS or EPERM (a sandbox that does not know it) where the kernel cannot do it.
int open_resolved(int directory, const char* name) {
  open_how how{};
  how.flags = read_flags;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
  return static_cast<int>(::syscall(SYS_openat2, directory, name, &how, sizeof how));
}
#endif

// One part after the other, and none may be a link.
FileHandle open_by_parts(int directory, std::string_view name) {
  FileHandle current;
  while (true) {
    const std::size_t slash = name.find('/');
    const std::string part(name.substr(0, slash));
    const bool last = slash == std::string_view::npos;
    const int flags = last ? read_flags | O_NOFOLLOW : O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW;
    current = FileHandle(::openat(current ? current.get() : directory, part.c_str(), flags));
    if (!current || last) return current;
    name.remove_prefix(slash + 1);
  }
}

}  // namespace

FileHandle open_directory(const std::string& path) {
  return FileHandle(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
}

FileHandle open_beneath(const FileHandle& directory, const std::string& name) {
#if defined(SYS_openat2)
  FileHandle file(open_resolved(directory.get(), name.c_str()));
  if (file || (errno != ENOSYS && errno != EPERM)) return file;
#endif
  return open_by_parts(directory.get(), name);
}

}  // namespace connectrpc::server
