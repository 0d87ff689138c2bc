// Listens and hands out accepted sockets.
#include "io/acceptor.h"

#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <optional>
#include <utility>

#include "base/decimal.h"
#include "io/socket_address.h"
#include "io/socket_handle.h"
#include "io/system_message.h"

namespace connectrpc::io {
namespace {

using Descriptor = boost::asio::posix::basic_stream_descriptor<boost::asio::io_context::executor_type>;
using Clock = std::chrono::steady_clock;
using WaitableTimer =
    boost::asio::basic_waitable_timer<Clock, boost::asio::wait_traits<Clock>, boost::asio::io_context::executor_type>;

constexpr std::string_view unix_scheme = "unix:";

// Accepted in one turn of the loop, so that a burst of connections does not starve the established ones.
constexpr int accepts_per_turn = 32;
// What a full queue may hold when an acceptor closes.
constexpr int most_rest = 4096;

Error cannot_listen(std::string_view address, Code code, std::string_view why) {
  std::string message = "cannot listen on ";
  message.append(address).append(": ").append(why);
  return Error(code, std::move(message));
}

Error cannot_listen(std::string_view address, int error) {
  Code code = Code::unavailable;
  if (error == EADDRINUSE) code = Code::already_exists;
  if (error == EACCES || error == EPERM) code = Code::permission_denied;
  return cannot_listen(address, code, system_message(error));
}

struct HostPort {
  std::string host;
  std::string port;
};

std::optional<HostPort> split(std::string_view address) {
  const std::size_t colon = address.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  std::string_view host = address.substr(0, colon);
  const std::string_view port = address.substr(colon + 1);
  if (!base::parse_decimal<std::uint16_t>(port)) return std::nullopt;
  if (host.size() > 2 && host.front() == '[' && host.back() == ']')
    host = host.substr(1, host.size() - 2);
  else if (host.find_first_of(":[]") != std::string_view::npos)
    return std::nullopt;
  return HostPort{std::string(host), std::string(port)};
}

struct Bound {
  SocketHandle socket;
  int error = 0;
};

Bound bind_and_listen(int family, const sockaddr* address, socklen_t size, const ListenOptions& options,
                      bool both_families) {
  Bound bound;
  bound.socket = SocketHandle::open(family);
  const int socket = bound.socket.get();
  const auto set = [socket](int level, int name, int value) {
    return ::setsockopt(socket, level, name, &value, sizeof value) == 0;
  };
  const bool done = socket >= 0 && (family == AF_UNIX || set(SOL_SOCKET, SO_REUSEADDR, 1)) &&
                    (!options.reuse_port || set(SOL_SOCKET, SO_REUSEPORT, 1)) &&
                    (family != AF_INET6 || set(IPPROTO_IPV6, IPV6_V6ONLY, both_families ? 0 : 1)) &&
                    ::bind(socket, address, size) == 0 && ::listen(socket, options.backlog) == 0;
  if (!done) bound.error = errno;
  return bound;
}

Result<SocketHandle> listen_tcp(std::string_view address, const ListenOptions& options) {
  const std::optional<HostPort> parts = split(address);
  if (!parts)
    return cannot_listen(address, Code::invalid_argument,
                         "an address is written host:port, [ipv6]:port, :port, unix:/path or unix:@name");
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const int failure =
      ::getaddrinfo(parts->host.empty() ? nullptr : parts->host.c_str(), parts->port.c_str(), &hints, &found);
  if (failure != 0)
    return cannot_listen(address, Code::unavailable,
                         failure == EAI_SYSTEM ? system_message(errno) : ::gai_strerror(failure));
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> all(found, &::freeaddrinfo);
  // "::" accepts IPv4 as well and comes first where every address is meant; of a name's addresses IPv4 comes first.
  const bool every_address = parts->host.empty();
  int error = EADDRNOTAVAIL;
  for (const int family : {every_address ? AF_INET6 : AF_INET, every_address ? AF_INET : AF_INET6}) {
    for (const addrinfo* one = found; one != nullptr; one = one->ai_next) {
      if (one->ai_family != family) continue;
      Bound bound =
          bind_and_listen(family, one->ai_addr, one->ai_addrlen, options, every_address || parts->host == "::");
      if (bound.error == 0) return std::move(bound.socket);
      error = bound.error;
      // A machine without IPv6 is no reason to give up, any other trouble is.
      if (error != EAFNOSUPPORT && error != EADDRNOTAVAIL) return cannot_listen(address, error);
    }
  }
  return cannot_listen(address, error);
}

bool is_socket(const char* path) {
  struct stat status{};
  return ::lstat(path, &status) == 0 && S_ISSOCK(status.st_mode);
}

// Whether a unix socket's file is left over: nobody listens.
bool left_over(const SocketAddress& address) {
  const SocketHandle probe = SocketHandle::open(AF_UNIX);
  return probe && ::connect(probe.get(), address.get(), address.size) != 0 && errno == ECONNREFUSED;
}

Result<SocketHandle> listen_unix(std::string_view address, const ListenOptions& options) {
  const std::string path(address.substr(unix_scheme.size()));
  const SocketAddress name = unix_address(path);
  if (name.size == 0) return cannot_listen(address, Code::invalid_argument, unix_address_rule());
  ListenOptions unix_options = options;
  unix_options.reuse_port = false;
  Bound bound = bind_and_listen(AF_UNIX, name.get(), name.size, unix_options, false);
  if (bound.error == EADDRINUSE && !is_abstract(path)) {
    if (!is_socket(path.c_str())) {
      return cannot_listen(address, Code::already_exists, "there is a file of that name, and it is no socket");
    }
    if (left_over(name) && ::unlink(path.c_str()) == 0) {
      bound = bind_and_listen(AF_UNIX, name.get(), name.size, unix_options, false);
    }
  }
  if (bound.error != 0) return cannot_listen(address, bound.error);
  return std::move(bound.socket);
}

}  // namespace

namespace {

// The file of a unix socket that we made.
class SocketFile {
 public:
  static std::optional<SocketFile> at(const std::string& path) {
    SocketFile file;
    if (::lstat(path.c_str(), &file.status_) != 0) return std::nullopt;
    return file;
  }
  // Unless another one has taken its place.
  void remove(const std::string& path) const {
    struct stat now{};
    if (::lstat(path.c_str(), &now) == 0 && now.st_dev == status_.st_dev && now.st_ino == status_.st_ino) {
      ::unlink(path.c_str());
    }
  }

 private:
  struct stat status_{};
};

}  // namespace

class Acceptor::Core : public std::enable_shared_from_this<Core> {
 public:
  Core(Loop& loop, Peer local, bool owns_file)
      : descriptor_(loop.get_executor()), pause_(loop.get_executor()), local_(std::move(local)) {
    if (owns_file && local_.kind() == Peer::Kind::unix_socket && !is_abstract(local_.address())) {
      file_ = SocketFile::at(local_.address());
    }
  }

  boost::system::error_code watch(SocketHandle socket) {
    boost::system::error_code error;
    descriptor_.assign(socket.get(), error);
    if (!error) socket.release();
    return error;
  }

  void start(Callback callback) {
    callback_ = std::make_shared<Callback>(std::move(callback));
    wait();
  }

  void close() {
    callback_.reset();
    if (!descriptor_.is_open()) return;
    if (file_) file_->remove(local_.address());
    boost::system::error_code ignored;
    descriptor_.close(ignored);
    pause_.cancel();
  }

  void accept_rest_and_close() {
    // A socket that others accept from, too, may never run dry.
    for (int i = 0; i < most_rest && callback_ && descriptor_.is_open(); ++i) {
      SocketHandle socket = SocketHandle::accept(descriptor_.native_handle());
      if (!socket) {
        if (errno == ECONNABORTED || errno == EINTR) continue;
        break;
      }
      const std::shared_ptr<Callback> callback = callback_;
      (*callback)(socket.release());
    }
    close();
  }

  void leave_file() { file_.reset(); }
  int socket() { return descriptor_.native_handle(); }
  const Peer& local() const noexcept { return local_; }

 private:
  void wait() {
    descriptor_.async_wait(Descriptor::wait_read, [core = shared_from_this()](boost::system::error_code error) {
      if (!error) core->accept();
    });
  }

  void accept() {
    for (int i = 0; i < accepts_per_turn && callback_; ++i) {
      SocketHandle socket = SocketHandle::accept(descriptor_.native_handle());
      if (socket) {
        // Lives while it runs, even if it closes the acceptor.
        const std::shared_ptr<Callback> callback = callback_;
        (*callback)(socket.release());
        continue;
      }
      if (errno == EAGAIN || errno == EWOULDBLOCK) break;
      if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) return pause();
      // Anything else concerns the connection that was to be accepted, which is gone.
    }
    if (callback_) wait();
  }

  // The connection stays in the queue and would make the socket readable again at once.
  void pause() {
    pause_.expires_after(std::chrono::milliseconds(100));
    pause_.async_wait([core = shared_from_this()](boost::system::error_code error) {
      if (!error && core->callback_) core->accept();
    });
  }

  Descriptor descriptor_;
  WaitableTimer pause_;
  Peer local_;
  std::optional<SocketFile> file_;
  std::shared_ptr<Callback> callback_;
};

Result<std::unique_ptr<Acceptor>> Acceptor::listen(Loop& loop, std::string_view address, ListenOptions options) {
  Result<SocketHandle> socket =
      address.starts_with(unix_scheme) ? listen_unix(address, options) : listen_tcp(address, options);
  if (!socket) return std::move(socket).error();
  return watch(loop, address, *std::move(socket), true);
}

Result<std::unique_ptr<Acceptor>> Acceptor::adopt(Loop& loop, std::string_view name, SocketHandle socket,
                                                  bool owns_file) {
  int listens = 0;
  socklen_t size = sizeof listens;
  if (::getsockopt(socket.get(), SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) != 0)
    return cannot_listen(name, Code::invalid_argument, system_message(errno));
  if (listens == 0) return cannot_listen(name, Code::invalid_argument, "the socket does not listen");
  const int flags = ::fcntl(socket.get(), F_GETFL);
  if (flags < 0 || ::fcntl(socket.get(), F_SETFL, flags | O_NONBLOCK) != 0 ||
      ::fcntl(socket.get(), F_SETFD, FD_CLOEXEC) != 0)
    return cannot_listen(name, errno);
  return watch(loop, name, std::move(socket), owns_file);
}

Result<std::unique_ptr<Acceptor>> Acceptor::watch(Loop& loop, std::string_view name, SocketHandle socket,
                                                  bool owns_file) {
  auto core = std::make_shared<Core>(loop, local_peer(socket.get()), owns_file);
  if (const auto error = core->watch(std::move(socket))) return cannot_listen(name, Code::unavailable, error.message());
  return std::unique_ptr<Acceptor>(new Acceptor(std::move(core)));
}

Acceptor::Acceptor(std::shared_ptr<Core> core) : core_(std::move(core)) {}
Acceptor::~Acceptor() { core_->close(); }
void Acceptor::start(Callback callback) { core_->start(std::move(callback)); }
void Acceptor::close() { core_->close(); }
void Acceptor::accept_rest_and_close() { core_->accept_rest_and_close(); }
void Acceptor::leave_file() { core_->leave_file(); }
int Acceptor::socket() const noexcept { return core_->socket(); }
const Peer& Acceptor::local() const noexcept { return core_->local(); }
std::string Acceptor::address() const { return core_->local().to_string(); }
int Acceptor::port() const noexcept { return core_->local().port(); }

}  // namespace connectrpc::io
