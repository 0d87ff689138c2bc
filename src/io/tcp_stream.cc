// A connected socket as a stream.
#include "io/tcp_stream.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <cerrno>
#include <utility>

#include "io/socket_address.h"
#include "io/system_message.h"

namespace connectrpc::io {
namespace {

using Descriptor = boost::asio::posix::basic_stream_descriptor<boost::asio::io_context::executor_type>;

#if defined(MSG_NOSIGNAL)
constexpr int send_flags = MSG_DONTWAIT | MSG_NOSIGNAL;
#else
constexpr int send_flags = MSG_DONTWAIT;
#endif

class TcpStream final : public Stream {
 public:
  TcpStream(Loop& loop, int socket) : loop_(loop), peer_(remote_peer(socket)), core_(std::make_shared<Core>(loop)) {
    const int on = 1;
    if (peer_.kind() != Peer::Kind::unix_socket) ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
#if !defined(MSG_NOSIGNAL)
    ::setsockopt(socket, SOL_SOCKET, SO_NOSIGPIPE, &on, sizeof on);
#endif
    core_->stream = this;
    boost::system::error_code error;
    core_->descriptor.assign(socket, error);
    if (!error) {
      socket_ = socket;
    } else {
      ::close(socket);
      failure_ = "cannot watch the socket: " + error.message();
    }
  }

  ~TcpStream() override { TcpStream::close(); }

  IoResult read(std::span<char> into) override {
    if (socket_ < 0 || reset_) return {IoResult::Status::failed};
    // A short read has emptied the socket. What came since then is found by the wait that follows.
    if (std::exchange(emptied_, false)) return {IoResult::Status::would_block};
    for (;;) {
      const ssize_t size = ::recv(socket_, into.data(), into.size(), MSG_DONTWAIT);
      if (size > 0) {
        emptied_ = static_cast<std::size_t>(size) < into.size();
        return {IoResult::Status::ok, static_cast<std::size_t>(size)};
      }
      if (size == 0) return {IoResult::Status::eof};
      if (errno == EINTR) continue;
      const IoResult result = refused(errno);
      reset_ = result.status == IoResult::Status::failed;
      return result;
    }
  }

  IoResult write(std::string_view bytes) override {
    if (socket_ < 0) return {IoResult::Status::failed};
    for (;;) {
      const ssize_t size = ::send(socket_, bytes.data(), bytes.size(), send_flags);
      if (size >= 0) return {IoResult::Status::ok, static_cast<std::size_t>(size)};
      if (errno != EINTR) return refused(errno);
    }
  }

  void wait_readable() override {
    if (closed_ || std::exchange(core_->reading, true)) return;
    emptied_ = false;
    core_->descriptor.async_wait(Descriptor::wait_read, [core = core_](boost::system::error_code) {
      core->reading = false;
      if (core->stream != nullptr && core->stream->observer() != nullptr) core->stream->observer()->on_readable();
    });
  }

  void wait_writable() override {
    if (closed_ || std::exchange(core_->writing, true)) return;
    core_->descriptor.async_wait(Descriptor::wait_write, [core = core_](boost::system::error_code) {
      core->writing = false;
      if (core->stream != nullptr && core->stream->observer() != nullptr) core->stream->observer()->on_writable();
    });
  }

  void shutdown_write() override {
    if (socket_ >= 0) ::shutdown(socket_, SHUT_WR);
  }

  void close() override {
    if (std::exchange(closed_, true)) return;
    core_->stream = nullptr;
    socket_ = -1;
    if (failure_.empty()) failure_ = "closed on this side";
    boost::system::error_code ignored;
    core_->descriptor.close(ignored);
  }

  const Peer& peer() const noexcept override { return peer_; }
  std::string failure() const override { return failure_; }
  Loop& loop() const noexcept override { return loop_; }

 private:
  // Outlives the stream while a wait is under way.
  struct Core {
    explicit Core(Loop& loop) : descriptor(loop.get_executor()) {}
    Descriptor descriptor;
    TcpStream* stream = nullptr;
    bool reading = false;
    bool writing = false;
  };

  IoResult refused(int error) {
    if (error == EAGAIN || error == EWOULDBLOCK) return {IoResult::Status::would_block};
    failure_ = system_message(error);
    return {IoResult::Status::failed};
  }

  Loop& loop_;
  Peer peer_;
  std::shared_ptr<Core> core_;
  int socket_ = -1;
  bool emptied_ = false;
  bool reset_ = false;  // the kernel reports it once and then an end
  bool closed_ = false;
  std::string failure_;
};

}  // namespace

std::unique_ptr<Stream> make_tcp_stream(Loop& loop, int socket) { return std::make_unique<TcpStream>(loop, socket); }

}  // namespace connectrpc::io
