// The watch made of what Asio documents.
#include "io/socket_watch.h"

#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <utility>

#include "io/epoll_watch.h"

namespace connectrpc::io {
namespace {

using Descriptor = boost::asio::posix::basic_stream_descriptor<boost::asio::io_context::executor_type>;

class PortableWatch final : public SocketWatch {
 public:
  PortableWatch(Loop& loop, Owner& owner) : core_(std::make_shared<Core>(loop)) { core_->owner = &owner; }
  ~PortableWatch() override { PortableWatch::close(); }

  std::string open(int socket) override {
    boost::system::error_code error;
    core_->descriptor.assign(socket, error);
    if (!error) return {};
    ::close(socket);
    return error.message();
  }

  void wait_readable(bool) override {
    if (core_->owner == nullptr || std::exchange(core_->reading, true)) return;
    core_->descriptor.async_wait(Descriptor::wait_read, [core = core_](boost::system::error_code) {
      core->reading = false;
      if (core->owner != nullptr) core->owner->on_readable();
    });
  }

  void wait_writable(bool) override {
    if (core_->owner == nullptr || std::exchange(core_->writing, true)) return;
    core_->descriptor.async_wait(Descriptor::wait_write, [core = core_](boost::system::error_code) {
      core->writing = false;
      if (core->owner != nullptr) core->owner->on_writable();
    });
  }

  void close() override {
    if (std::exchange(core_->owner, nullptr) == nullptr) return;
    boost::system::error_code ignored;
    core_->descriptor.close(ignored);
  }

 private:
  // Outlives the watch while a wait is under way.
  struct Core {
    explicit Core(Loop& loop) : descriptor(loop.get_executor()) {}
    Descriptor descriptor;
    Owner* owner = nullptr;
    bool reading = false;
    bool writing = false;
  };

  std::shared_ptr<Core> core_;
};

}  // namespace

std::unique_ptr<SocketWatch> SocketWatch::make_portable(Loop& loop, Owner& owner) {
  return std::make_unique<PortableWatch>(loop, owner);
}

std::unique_ptr<SocketWatch> SocketWatch::make(Loop& loop, Owner& owner) {
  auto watch = make_epoll_watch(loop, owner);
  return watch ? std::move(watch) : make_portable(loop, owner);
}

}  // namespace connectrpc::io
