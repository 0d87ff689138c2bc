// Sockets that listen, on their way from one process to another.
#include "connectrpc/listening_socket.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <stdexcept>
#include <string_view>
#include <utility>

#include "base/decimal.h"
#include "connectrpc/error.h"
#include "io/socket_handle.h"
#include "io/system_message.h"

namespace connectrpc::io {
namespace {

// The kernel takes 253 descriptors at once (SCM_MAX_FD).
constexpr std::size_t most_sockets = 250;
constexpr std::size_t most_bytes = 30'000;
// Before the addresses, each of which ends with a zero byte: what this is, and their size as eight decimal digits.
constexpr std::string_view greeting = "connectrpc sockets 1\n";
constexpr std::size_t size_digits = 8;

Error failed(std::string_view what, std::string_view why) {
  return Error(Code::unavailable, "cannot " + std::string(what) + ": " + std::string(why));
}

Error foreign() { return Error(Code::internal, "cannot receive listening sockets: the other end sent something else"); }

void wait_for(int socket, short events) {
  pollfd waiting{socket, events, 0};
  while (::poll(&waiting, 1, -1) < 0 && errno == EINTR) {
  }
}

bool again(int socket, short events) {
  if (errno == EINTR) return true;
  if (errno != EAGAIN && errno != EWOULDBLOCK) return false;
  wait_for(socket, events);
  return true;
}

struct Message {
  std::string bytes;
  std::vector<SocketHandle> sockets;
};

// Appends at most `room` bytes. False at the end.
bool receive_some(int socket, std::size_t room, Message& message) {
  std::array<char, 4096> bytes;
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int) * most_sockets)> control;
  iovec part{bytes.data(), std::min(room, bytes.size())};
  msghdr head{};
  head.msg_iov = &part;
  head.msg_iovlen = 1;
  head.msg_control = control.data();
  head.msg_controllen = control.size();
  ssize_t got = 0;
  while ((got = ::recvmsg(socket, &head, 0)) < 0) {
    if (!again(socket, POLLIN)) throw failed("receive listening sockets", system_message(errno));
  }
  for (cmsghdr* one = CMSG_FIRSTHDR(&head); one != nullptr; one = CMSG_NXTHDR(&head, one)) {
    if (one->cmsg_level != SOL_SOCKET || one->cmsg_type != SCM_RIGHTS) continue;
    const std::size_t count = (one->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < count; ++i) {
      int descriptor = -1;
      std::memcpy(&descriptor, CMSG_DATA(one) + i * sizeof(int), sizeof descriptor);
      ::fcntl(descriptor, F_SETFD, FD_CLOEXEC);
      message.sockets.emplace_back(descriptor);
    }
  }
  message.bytes.append(bytes.data(), static_cast<std::size_t>(got));
  return got > 0;
}

// A variable of the environment that is a number; empty without one.
std::optional<long> number_of(const char* name) {
  const char* const text = std::getenv(name);
  if (text == nullptr) return std::nullopt;
  const auto number = base::parse_decimal<long>(text);
  if (!number || *number < 0) throw std::invalid_argument(std::string(name) + ": \"" + text + "\" is no number");
  return number;
}

}  // namespace
}  // namespace connectrpc::io

namespace connectrpc {

ListeningSocket::ListeningSocket(std::string address, int descriptor) noexcept
    : address_(std::move(address)), descriptor_(descriptor) {}
ListeningSocket::ListeningSocket(ListeningSocket&& other) noexcept
    : address_(std::move(other.address_)), descriptor_(std::exchange(other.descriptor_, -1)) {}
ListeningSocket& ListeningSocket::operator=(ListeningSocket&& other) noexcept {
  std::swap(address_, other.address_);
  std::swap(descriptor_, other.descriptor_);
  return *this;
}
ListeningSocket::~ListeningSocket() {
  if (descriptor_ >= 0) ::close(descriptor_);
}
int ListeningSocket::release() noexcept { return std::exchange(descriptor_, -1); }

void send_sockets(int unix_socket, const std::vector<ListeningSocket>& sockets) {
  constexpr std::string_view what = "send listening sockets";
  std::string addresses;
  std::vector<int> descriptors;
  for (const ListeningSocket& socket : sockets) {
    addresses.append(socket.address()).push_back('\0');
    descriptors.push_back(socket.descriptor());
  }
  if (descriptors.size() > io::most_sockets || addresses.size() > io::most_bytes) {
    throw io::failed(what, std::to_string(descriptors.size()) + " of them are too many at once");
  }
  const std::string size = std::to_string(addresses.size());
  std::string bytes(io::greeting);
  bytes.append(io::size_digits - size.size(), '0').append(size).append(addresses);

  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int) * io::most_sockets)> control{};
  bool first = true;
  for (std::string_view rest = bytes; !rest.empty();) {
    iovec part{const_cast<char*>(rest.data()), rest.size()};
    msghdr head{};
    head.msg_iov = &part;
    head.msg_iovlen = 1;
    if (first && !descriptors.empty()) {
      const std::size_t payload = descriptors.size() * sizeof(int);
      head.msg_control = control.data();
      head.msg_controllen = CMSG_SPACE(payload);
      cmsghdr* const one = CMSG_FIRSTHDR(&head);
      one->cmsg_level = SOL_SOCKET;
      one->cmsg_type = SCM_RIGHTS;
      one->cmsg_len = CMSG_LEN(payload);
      std::memcpy(CMSG_DATA(one), descriptors.data(), payload);
    }
    const ssize_t sent = ::sendmsg(unix_socket, &head, MSG_NOSIGNAL);
    if (sent < 0) {
      if (!io::again(unix_socket, POLLOUT)) throw io::failed(what, io::system_message(errno));
      continue;
    }
    first = false;
    rest.remove_prefix(static_cast<std::size_t>(sent));
  }
}

std::vector<ListeningSocket> receive_sockets(int unix_socket) {
  io::Message message;
  const std::size_t head_size = io::greeting.size() + io::size_digits;
  std::size_t size = head_size;
  while (message.bytes.size() < size) {
    if (!io::receive_some(unix_socket, size - message.bytes.size(), message)) {
      if (message.bytes.empty()) return {};
      throw io::failed("receive listening sockets", "the other end closed in the middle");
    }
    if (size > head_size || message.bytes.size() < head_size) continue;
    const auto addresses =
        base::parse_decimal<std::size_t>(std::string_view(message.bytes).substr(io::greeting.size()));
    if (!message.bytes.starts_with(io::greeting) || !addresses || *addresses > io::most_bytes) throw io::foreign();
    size += *addresses;
  }
  std::vector<ListeningSocket> sockets;
  std::string_view rest = std::string_view(message.bytes).substr(head_size);
  for (io::SocketHandle& socket : message.sockets) {
    const std::size_t end = rest.find('\0');
    if (end == std::string_view::npos) throw io::foreign();
    sockets.emplace_back(std::string(rest.substr(0, end)), socket.release());
    rest.remove_prefix(end + 1);
  }
  if (!rest.empty()) throw io::foreign();
  return sockets;
}

std::vector<ListeningSocket> systemd_sockets() {
  constexpr int first = 3;  // SD_LISTEN_FDS_START
  std::vector<ListeningSocket> sockets;
  // Meant for another process: a parent's, say.
  if (io::number_of("LISTEN_PID").value_or(-1) != ::getpid()) return sockets;
  const long count = io::number_of("LISTEN_FDS").value_or(0);
  const char* const list = std::getenv("LISTEN_FDNAMES");
  std::string_view names = list == nullptr ? "" : list;
  for (long i = 0; i < count; ++i) {
    const int descriptor = first + static_cast<int>(i);
    if (::fcntl(descriptor, F_SETFD, FD_CLOEXEC) != 0) {
      throw std::invalid_argument("LISTEN_FDS: " + std::to_string(count) + ", but descriptor " +
                                  std::to_string(descriptor) + " is not open");
    }
    const std::size_t end = std::min(names.find(':'), names.size());
    const std::string_view name = names.substr(0, end);
    sockets.emplace_back(std::string(name.empty() ? "unknown" : name), descriptor);
    names.remove_prefix(std::min(end + 1, names.size()));
  }
  for (const char* name : {"LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"}) ::unsetenv(name);
  return sockets;
}

}  // namespace connectrpc
