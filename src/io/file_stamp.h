// Whether a file is still the one that was read.
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <string>

namespace connectrpc::io {

/// What changes with a file's content or when another takes its place. Taken before the file is read.
class FileStamp {
 public:
  explicit FileStamp(const std::string& path) {
    struct stat status{};
    if (::stat(path.c_str(), &status) != 0) return;
    device_ = static_cast<std::uint64_t>(status.st_dev);
    inode_ = static_cast<std::uint64_t>(status.st_ino);
    size_ = static_cast<std::int64_t>(status.st_size);
#if defined(__APPLE__)
    seconds_ = status.st_mtimespec.tv_sec;
    nanoseconds_ = status.st_mtimespec.tv_nsec;
#else
    seconds_ = status.st_mtim.tv_sec;
    nanoseconds_ = status.st_mtim.tv_nsec;
#endif
  }
  bool operator==(const FileStamp&) const = default;

 private:
  // All zero where there is no file.
  std::uint64_t device_ = 0;
  std::uint64_t inode_ = 0;
  std::int64_t size_ = 0;
  std::int64_t seconds_ = 0;
  std::int64_t nanoseconds_ = 0;
};

}  // namespace connectrpc::io
