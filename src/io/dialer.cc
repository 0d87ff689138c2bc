// Connects to a server.
#include "io/dialer.h"

#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/basic_resolver.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "io/socket_address.h"
#include "io/socket_handle.h"
#include "io/system_message.h"
#include "io/tcp_stream.h"

namespace connectrpc::io {
namespace {

using LoopExecutor = boost::asio::io_context::executor_type;
using Descriptor = boost::asio::posix::basic_stream_descriptor<LoopExecutor>;
using Resolver = boost::asio::ip::basic_resolver<boost::asio::ip::tcp, LoopExecutor>;
using Clock = std::chrono::steady_clock;
using WaitableTimer = boost::asio::basic_waitable_timer<Clock, boost::asio::wait_traits<Clock>, LoopExecutor>;

// "Connection Attempt Delay", RFC 8305 section 5.
constexpr std::chrono::milliseconds head_start{250};

// The addresses of a host that is an address already; none for a name.
std::vector<SocketAddress> literal(const std::string& host, const std::string& port) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  if (::getaddrinfo(host.c_str(), port.c_str(), &hints, &found) != 0) return {};
  std::vector<SocketAddress> addresses{SocketAddress::from(found->ai_addr, found->ai_addrlen)};
  ::freeaddrinfo(found);
  return addresses;
}

// Families in turns, beginning with that of the first address (RFC 8305 section 4).
std::vector<SocketAddress> interleaved(const std::vector<SocketAddress>& addresses) {
  std::vector<SocketAddress> first;
  std::vector<SocketAddress> second;
  for (const SocketAddress& address : addresses)
    (address.family() == addresses.front().family() ? first : second).push_back(address);
  std::vector<SocketAddress> mixed;
  for (std::size_t i = 0; i < std::max(first.size(), second.size()); ++i) {
    if (i < first.size()) mixed.push_back(first[i]);
    if (i < second.size()) mixed.push_back(second[i]);
  }
  return mixed;
}

}  // namespace

class Dialing::Core : public std::enable_shared_from_this<Core> {
 public:
  Core(Loop& loop, std::string target, DialCallback callback)
      : loop_(loop),
        target_(std::move(target)),
        callback_(std::move(callback)),
        resolver_(loop.get_executor()),
        delay_(loop.get_executor()),
        limit_(loop.get_executor()) {}

  void resolve(std::string_view host, std::uint16_t port, Deadline deadline) {
    const std::string host_text(host);
    const std::string port_text = std::to_string(port);
    if (std::vector<SocketAddress> address = literal(host_text, port_text); !address.empty())
      return start(std::move(address), deadline);
    set_limit(deadline);
    resolver_.async_resolve(
        host_text, port_text, Resolver::numeric_service,
        [core = shared_from_this()](boost::system::error_code error, const Resolver::results_type& results) {
          if (!core->callback_) return;
          if (error) return core->give_up(Code::unavailable, "cannot resolve the name: " + error.message());
          std::vector<SocketAddress> addresses;
          for (const auto& result : results)
            addresses.push_back(SocketAddress::from(result.endpoint().data(), result.endpoint().size()));
          core->addresses_ = interleaved(addresses);
          core->next();
        });
  }

  void start(const std::vector<SocketAddress>& addresses, Deadline deadline) {
    set_limit(deadline);
    addresses_ = interleaved(addresses);
    boost::asio::post(loop_.get_executor(), [core = shared_from_this()] {
      if (core->callback_) core->next();
    });
  }

  void cancel() {
    callback_ = nullptr;
    resolver_.cancel();
    delay_.cancel();
    limit_.cancel();
    boost::system::error_code ignored;
    for (const auto& attempt : attempts_) attempt->descriptor.close(ignored);
  }

  void give_up(Code code, std::string_view why) {
    if (!callback_) return;
    std::string message = "cannot connect to " + target_ + ": ";
    message += why;
    for (const std::string& failure : failures_) {
      if (!message.ends_with(": ")) message += "; ";
      message += failure;
    }
    finish(Error(code, std::move(message)));
  }

 private:
  struct Attempt {
    Attempt(Loop& loop, std::string to) : descriptor(loop.get_executor()), name(std::move(to)) {}
    Descriptor descriptor;
    std::string name;
  };

  void set_limit(Deadline deadline) {
    if (!deadline) return;
    limit_.expires_at(deadline.time());
    limit_.async_wait([core = shared_from_this()](boost::system::error_code error) {
      if (!error) core->give_up(Code::deadline_exceeded, "the deadline has passed");
    });
  }

  void finish(Result<std::unique_ptr<Stream>> result) {
    const DialCallback callback = std::exchange(callback_, nullptr);
    cancel();
    callback(std::move(result));
  }

  // Tries the next address, and the one after it a little later; never called after the callback.
  void next() {
    while (next_ < addresses_.size()) {
      const SocketAddress& address = addresses_[next_++];
      auto attempt = std::make_shared<Attempt>(loop_, peer_from(address).to_string());
      const int failure = connect(*attempt, address);
      if (failure != 0) {
        failed(*attempt, failure);
        continue;
      }
      attempts_.push_back(attempt);
      attempt->descriptor.async_wait(Descriptor::wait_write,
                                     [core = shared_from_this(), attempt](boost::system::error_code error) {
                                       if (!error && core->callback_) core->decided(attempt);
                                     });
      if (next_ < addresses_.size()) {
        delay_.expires_after(head_start);
        delay_.async_wait([core = shared_from_this()](boost::system::error_code error) {
          if (!error && core->callback_) core->next();
        });
      }
      return;
    }
    if (attempts_.empty()) give_up(Code::unavailable, addresses_.empty() ? "it has no address" : "");
  }

  // 0 or the error.
  static int connect(Attempt& attempt, const SocketAddress& address) {
    SocketHandle socket = SocketHandle::open(address.family());
    if (!socket) return errno;
    boost::system::error_code error;
    attempt.descriptor.assign(socket.get(), error);
    if (error) return error.value();
    if (::connect(socket.release(), address.get(), address.size) == 0) return 0;
    return errno == EINPROGRESS || errno == EINTR ? 0 : errno;
  }

  void failed(const Attempt& attempt, int error) {
    const std::string reason = system_message(error);
    // A target that is an address has been named already.
    failures_.push_back(attempt.name == target_ ? reason : attempt.name + ": " + reason);
  }

  void decided(const std::shared_ptr<Attempt>& attempt) {
    std::erase(attempts_, attempt);
    int error = 0;
    socklen_t size = sizeof error;
    ::getsockopt(attempt->descriptor.native_handle(), SOL_SOCKET, SO_ERROR, &error, &size);
    if (error == 0) return finish(make_tcp_stream(loop_, attempt->descriptor.release()));
    failed(*attempt, error);
    boost::system::error_code ignored;
    attempt->descriptor.close(ignored);
    next();
  }

  Loop& loop_;
  std::string target_;
  DialCallback callback_;
  Resolver resolver_;
  WaitableTimer delay_;
  WaitableTimer limit_;
  std::vector<SocketAddress> addresses_;
  std::size_t next_ = 0;
  std::vector<std::shared_ptr<Attempt>> attempts_;
  std::vector<std::string> failures_;
};

Dialing::Dialing() noexcept = default;
Dialing::Dialing(std::shared_ptr<Core> core) noexcept : core_(std::move(core)) {}
Dialing::Dialing(Dialing&&) noexcept = default;

Dialing& Dialing::operator=(Dialing&& other) noexcept {
  if (this == &other) return *this;
  cancel();
  core_ = std::move(other.core_);
  return *this;
}

Dialing::~Dialing() { cancel(); }

void Dialing::cancel() {
  if (const std::shared_ptr<Core> core = std::exchange(core_, nullptr)) core->cancel();
}

Dialing dial(Loop& loop, std::string_view host, std::uint16_t port, Deadline deadline, DialCallback callback) {
  auto core = std::make_shared<Dialing::Core>(loop, host_and_port(host, port), std::move(callback));
  core->resolve(host, port, deadline);
  return Dialing(std::move(core));
}

Dialing dial_addresses(Loop& loop, std::string_view target, const std::vector<SocketAddress>& addresses,
                       Deadline deadline, DialCallback callback) {
  auto core = std::make_shared<Dialing::Core>(loop, std::string(target), std::move(callback));
  core->start(addresses, deadline);
  return Dialing(std::move(core));
}

Dialing dial_unix(Loop& loop, std::string_view path, DialCallback callback) {
  auto core = std::make_shared<Dialing::Core>(loop, "unix:" + std::string(path), std::move(callback));
  const SocketAddress address = unix_address(path);
  if (address.size == 0) {
    boost::asio::post(loop.get_executor(), [core] { core->give_up(Code::unavailable, unix_address_rule()); });
    return Dialing(std::move(core));
  }
  core->start({address}, Deadline::none());
  return Dialing(std::move(core));
}

}  // namespace connectrpc::io
