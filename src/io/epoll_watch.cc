// The watch that asks the kernel only once. The one file that looks inside Asio.
#include "io/epoll_watch.h"

#include <boost/asio/detail/config.hpp>

#if defined(BOOST_ASIO_HAS_EPOLL) && !defined(BOOST_ASIO_HAS_IO_URING_AS_DEFAULT)

#include <unistd.h>

#include <boost/asio/detail/reactor.hpp>
#include <boost/asio/detail/reactor_op.hpp>
#include <boost/asio/io_context.hpp>
#include <cstddef>
#include <utility>

#include "io/system_message.h"

namespace connectrpc::io {
namespace {

namespace detail = boost::asio::detail;
using Reactor = detail::epoll_reactor;

// What is used of Asio beyond its documentation; where one of these is gone the portable watch does as well.
template <class R, class Op>
concept Usable = requires(R& reactor, int fd, typename R::per_descriptor_data& data, Op* op) {
  { reactor.register_descriptor(fd, data) } -> std::same_as<int>;
  reactor.start_op(R::read_op, fd, data, op, false, true);
  reactor.deregister_descriptor(fd, data, true);
  reactor.cleanup_descriptor_data(data);
};

template <class R>
class EpollWatch final : public SocketWatch {
 public:
  EpollWatch(Loop& loop, Owner& owner) : core_(std::make_shared<Core>(loop)) { core_->owner = &owner; }
  ~EpollWatch() override { EpollWatch::close(); }

  std::string open(int socket) override {
    if (const int error = core_->reactor.register_descriptor(socket, core_->data); error != 0) {
      core_->reactor.cleanup_descriptor_data(core_->data);
      ::close(socket);
      return system_message(error);
    }
    core_->socket = socket;
    return {};
  }

  void wait_readable(bool empty) override { core_->start(core_->read, R::read_op, empty); }
  void wait_writable(bool full) override { core_->start(core_->write, R::write_op, full); }

  void close() override {
    core_->owner = nullptr;
    if (core_->socket < 0) return;
    core_->reactor.deregister_descriptor(core_->socket, core_->data, true);
    ::close(std::exchange(core_->socket, -1));
    core_->reactor.cleanup_descriptor_data(core_->data);
  }

 private:
  struct Core;

  // One wait, used again and again: done as soon as the reactor looks at it.
  class Wait final : public detail::reactor_op {
   public:
    using Told = void (Owner::*)();
    explicit Wait(Told told) : reactor_op({}, &Wait::perform, &Wait::complete), told_(told) {}

    bool waits() const noexcept { return core_ != nullptr; }

    void begin(std::shared_ptr<Core> core, int kind, bool unready) {
      Core& all = *core;
      core_ = std::move(core);
      ec_ = {};
      // Asked whether it is done already, it is not: the socket is known not to be ready. Where that is not known the
      // kernel is made to tell again.
      beginning_ = true;
      all.reactor.start_op(kind, all.socket, all.data, this, false, unready);
      beginning_ = false;
    }

   private:
    static status perform(reactor_op* base) { return static_cast<Wait*>(base)->beginning_ ? not_done : done; }

    // Without `scheduler` the loop is being destroyed.
    static void complete(void* scheduler, detail::operation* base, const boost::system::error_code&, std::size_t) {
      auto& self = *static_cast<Wait*>(base);
      const std::shared_ptr<Core> core = std::move(self.core_);
      if (scheduler != nullptr && core->owner != nullptr) (core->owner->*self.told_)();
    }

    const Told told_;
    std::shared_ptr<Core> core_;
    bool beginning_ = false;
  };

  // Outlives the watch while the reactor has a wait of it.
  struct Core : std::enable_shared_from_this<Core> {
    explicit Core(Loop& loop) : reactor(boost::asio::use_service<R>(loop)) { reactor.init_task(); }

    void start(Wait& wait, int kind, bool unready) {
      if (owner != nullptr && !wait.waits()) wait.begin(this->shared_from_this(), kind, unready);
    }

    R& reactor;
    Owner* owner = nullptr;
    int socket = -1;
    typename R::per_descriptor_data data = nullptr;
    Wait read{&Owner::on_readable};
    Wait write{&Owner::on_writable};
  };

  std::shared_ptr<Core> core_;
};

template <class R>
std::unique_ptr<SocketWatch> make_for(Loop& loop, SocketWatch::Owner& owner) {
  if constexpr (Usable<R, detail::reactor_op>) {
    return std::make_unique<EpollWatch<R>>(loop, owner);
  } else {
    return nullptr;
  }
}

}  // namespace

std::unique_ptr<SocketWatch> make_epoll_watch(Loop& loop, SocketWatch::Owner& owner) {
  return make_for<Reactor>(loop, owner);
}

}  // namespace connectrpc::io

#else

namespace connectrpc::io {

std::unique_ptr<SocketWatch> make_epoll_watch(Loop&, SocketWatch::Owner&) { return nullptr; }

}  // namespace connectrpc::io

#endif
