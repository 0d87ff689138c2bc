// A connected socket as a stream.
#include "io/tcp_stream.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "io/deferred.h"
#include "io/socket_address.h"
#include "io/socket_watch.h"
#include "io/system_message.h"

namespace connectrpc::io {
namespace {

#if defined(MSG_NOSIGNAL)
constexpr int send_flags = MSG_DONTWAIT | MSG_NOSIGNAL;
#else
constexpr int send_flags = MSG_DONTWAIT;
#endif

class TcpStream final : public Stream, private SocketWatch::Owner {
 public:
  TcpStream(Loop& loop, int socket)
      : loop_(loop),
        peer_(remote_peer(socket)),
        watch_(SocketWatch::make(loop, *this)),
        readable_(loop, [](void* stream) { static_cast<TcpStream*>(stream)->on_readable(); }, this) {
    const int on = 1;
    if (peer_.kind() != Peer::Kind::unix_socket) {
      ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
#if defined(TCP_INQ)
      tells_rest_ = ::setsockopt(socket, IPPROTO_TCP, TCP_INQ, &on, sizeof on) == 0;
#endif
    }
#if !defined(MSG_NOSIGNAL)
    ::setsockopt(socket, SOL_SOCKET, SO_NOSIGPIPE, &on, sizeof on);
#endif
    const std::string fault = watch_->open(socket);
    if (fault.empty()) {
      socket_ = socket;
    } else {
      failure_ = "cannot watch the socket: " + fault;
    }
  }

  ~TcpStream() override { TcpStream::close(); }

  IoResult read(std::span<char> into) override {
    if (socket_ < 0 || reset_) return {IoResult::Status::failed};
    // What came since then is found by the wait that follows; who waits already may look for himself.
    if (state_ != State::unknown && !wanted_) return {IoResult::Status::would_block};
    bool more = true;
    for (;;) {
      const ssize_t size = receive(into, more);
      if (size > 0) {
        if (!more) found_empty(State::empty_or_reset);
        return {IoResult::Status::ok, static_cast<std::size_t>(size)};
      }
      if (size == 0) return {IoResult::Status::eof};
      if (errno == EINTR) continue;
      const IoResult result = refused(errno);
      if (result.status == IoResult::Status::would_block) found_empty(State::empty);
      reset_ = result.status == IoResult::Status::failed;
      return result;
    }
  }

  IoResult write(std::string_view bytes) override {
    return write_by(bytes.size(), [&] { return ::send(socket_, bytes.data(), bytes.size(), send_flags); });
  }

  IoResult write_pieces(std::span<const std::string_view> pieces) override {
    std::array<iovec, 64> places;
    pieces = pieces.first(std::min(pieces.size(), places.size()));
    for (std::size_t i = 0; i < pieces.size(); ++i) {
      places[i].iov_base = const_cast<char*>(pieces[i].data());  // which are only read
      places[i].iov_len = pieces[i].size();
    }
    msghdr message{};
    message.msg_iov = places.data();
    message.msg_iovlen = pieces.size();
    return write_by(total_size(pieces), [&] { return ::sendmsg(socket_, &message, send_flags); });
  }

  void wait_readable() override {
    if (closed_ || std::exchange(wanted_, true)) return;
    if (state_ == State::empty_or_reset && has_news()) {
      state_ = State::unknown;
      return readable_.post();
    }
    watch_->wait_readable(false);
  }

  void wait_writable() override {
    if (closed_) return;
    write_wanted_ = true;
    if (!full_) watch_->wait_writable(false);
  }

  void shutdown_write() override {
    if (socket_ >= 0) ::shutdown(socket_, SHUT_WR);
  }

  void close() override {
    if (std::exchange(closed_, true)) return;
    socket_ = -1;
    if (failure_.empty()) failure_ = "closed on this side";
    watch_->close();
  }

  const Peer& peer() const noexcept override { return peer_; }
  std::string failure() const override { return failure_; }
  Loop& loop() const noexcept override { return loop_; }

 private:
  // `send` tries to send `wanted` bytes, as the system's function does.
  template <class Send>
  IoResult write_by(std::size_t wanted, Send send) {
    if (socket_ < 0) return {IoResult::Status::failed};
    for (;;) {
      const ssize_t size = send();
      if (size >= 0) {
        if (state_ == State::empty_or_reset) state_ = State::empty;
        if (static_cast<std::size_t>(size) < wanted) found_full();
        return {IoResult::Status::ok, static_cast<std::size_t>(size)};
      }
      if (errno == EINTR) continue;
      const IoResult result = refused(errno);
      if (result.status == IoResult::Status::would_block) found_full();
      return result;
    }
  }

  // What the last read told of the socket.
  enum class State : std::uint8_t {
    unknown,         // it has more, or nobody has looked since it was told to have
    empty_or_reset,  // no byte and no end follows, but the connection may be broken
    empty,
  };

  // recv(), which also tells whether something follows: bytes or the end.
  ssize_t receive(std::span<char> into, bool& more) {
#if defined(TCP_INQ)
    if (tells_rest_) {
      iovec place{into.data(), into.size()};
      alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))];
      msghdr message{};
      message.msg_iov = &place;
      message.msg_iovlen = 1;
      message.msg_control = control;
      message.msg_controllen = sizeof control;
      const ssize_t size = ::recvmsg(socket_, &message, MSG_DONTWAIT);
      if (const cmsghdr* const told = size > 0 ? CMSG_FIRSTHDR(&message) : nullptr;
          told != nullptr && told->cmsg_level == SOL_TCP && told->cmsg_type == TCP_CM_INQ) {
        int rest = 0;
        std::memcpy(&rest, CMSG_DATA(told), sizeof rest);
        more = rest != 0;
      }
      return size;
    }
#endif
    return ::recv(socket_, into.data(), into.size(), MSG_DONTWAIT);
  }

  // Waits from now on: what comes in later turns is told only to whoever waits already.
  void found_empty(State state) {
    state_ = state;
    watch_->wait_readable(true);
  }

  // The kernel counts bytes and the end as what follows, but not a reset, of which it may have told together with the
  // bytes before it. Whoever has written since then knows; it would have failed.
  bool has_news() {
    char byte;
    const ssize_t size = ::recv(socket_, &byte, 1, MSG_DONTWAIT | MSG_PEEK);
    if (size >= 0) return true;  // bytes or the end, come in this moment
    reset_ = refused(errno).status == IoResult::Status::failed;
    if (!reset_) state_ = State::empty;
    return reset_;
  }

  void on_readable() override {
    state_ = State::unknown;
    if (std::exchange(wanted_, false) && !closed_ && observer() != nullptr) observer()->on_readable();
  }

  void found_full() {
    full_ = true;
    watch_->wait_writable(true);
  }

  void on_writable() override {
    full_ = false;
    if (std::exchange(write_wanted_, false) && observer() != nullptr) observer()->on_writable();
  }

  IoResult refused(int error) {
    if (error == EAGAIN || error == EWOULDBLOCK) return {IoResult::Status::would_block};
    failure_ = system_message(error);
    return {IoResult::Status::failed};
  }

  Loop& loop_;
  Peer peer_;
  std::unique_ptr<SocketWatch> watch_;
  Deferred readable_;
  int socket_ = -1;
  State state_ = State::unknown;
  bool full_ = false;          // since the last write
  bool wanted_ = false;        // the observer waits for input
  bool write_wanted_ = false;  // or for room
  bool tells_rest_ = false;
  bool reset_ = false;  // the kernel reports it once and then an end
  bool closed_ = false;
  std::string failure_;
};

}  // namespace

std::unique_ptr<Stream> make_tcp_stream(Loop& loop, int socket) { return std::make_unique<TcpStream>(loop, socket); }

}  // namespace connectrpc::io
