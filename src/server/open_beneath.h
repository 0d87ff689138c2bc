// Files that certainly lie below a directory.
#pragma once

#include <unistd.h>

#include <string>
#include <utility>

namespace connectrpc::server {

/// Owns an open file; may hold none.
class FileHandle {
 public:
  FileHandle() = default;
  explicit FileHandle(int file) noexcept : file_(file) {}
  FileHandle(FileHandle&& other) noexcept : file_(std::exchange(other.file_, -1)) {}
  FileHandle& operator=(FileHandle&& other) noexcept {
    std::swap(file_, other.file_);
    return *this;
  }
  ~FileHandle() {
    if (file_ >= 0) ::close(file_);
  }
  explicit operator bool() const noexcept { return file_ >= 0; }
  int get() const noexcept { return file_; }

 private:
  int file_ = -1;
};

/// None if there is no such directory.
FileHandle open_directory(const std::string& path);

/// Opens `name`, whose parts are neither empty nor "." nor "..", for reading. None if it cannot be read, or if a
/// symbolic link leads out of `directory`; where the kernel cannot tell that (before Linux 5.6), if there is a symbolic
/// link at all. May give something else than a regular file; does not wait for the other end of a pipe.
FileHandle open_beneath(const FileHandle& directory, const std::string& name);

}  // namespace connectrpc::server
