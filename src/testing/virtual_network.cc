// Streams over a network whose time and accidents are made up.
#include "testing/virtual_network.h"

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <string>
#include <string_view>

#include "io/deferred.h"

namespace connectrpc::testing {

namespace {

class VirtualEnd;

// One direction of a connection.
struct Lane {
  std::string bytes;  // arrived and not read
  std::size_t under_way = 0;
  std::chrono::nanoseconds last_arrival{0};
  bool ended = false;      // the end has arrived
  bool finished = false;   // nothing more is written
  bool abandoned = false;  // nothing more is read
  VirtualEnd* reader = nullptr;
  VirtualEnd* writer = nullptr;
};

struct Wire {
  Lane there;
  Lane back;
  bool cut = false;
};

class VirtualEnd final : public io::Stream {
 public:
  VirtualEnd(std::shared_ptr<VirtualNetwork> network, std::shared_ptr<Wire> wire, Lane& in, Lane& out)
      : network_(std::move(network)),
        wire_(std::move(wire)),
        in_(in),
        out_(out),
        readable_(
            network_->loop(), [](void* end) { static_cast<VirtualEnd*>(end)->notify_readable(); }, this),
        writable_(network_->loop(), [](void* end) { static_cast<VirtualEnd*>(end)->notify_writable(); }, this) {
    in_.reader = this;
    out_.writer = this;
  }
  ~VirtualEnd() override { VirtualEnd::close(); }

  io::IoResult read(std::span<char> into) override {
    if (closed_ || wire_->cut) return {io::IoResult::Status::failed};
    const std::size_t size = std::min(into.size(), in_.bytes.size());
    if (size == 0) return {in_.ended ? io::IoResult::Status::eof : io::IoResult::Status::would_block};
    in_.bytes.copy(into.data(), size);
    in_.bytes.erase(0, size);
    if (in_.writer != nullptr) in_.writer->wake_writer();
    return {io::IoResult::Status::ok, size};
  }

  io::IoResult write(std::string_view bytes) override {
    if (closed_ || wire_->cut || out_.finished || out_.abandoned) return {io::IoResult::Status::failed};
    const std::size_t used = out_.under_way + out_.bytes.size();
    const std::size_t size =
        std::min(bytes.size(), network_->options().capacity - std::min(used, network_->options().capacity));
    if (size == 0) return {bytes.empty() ? io::IoResult::Status::ok : io::IoResult::Status::would_block};
    out_.under_way += size;
    deliver(std::string(bytes.substr(0, size)), false);
    return {io::IoResult::Status::ok, size};
  }

  void wait_readable() override {
    if (closed_) return;
    wants_read_ = true;
    if (!in_.bytes.empty() || in_.ended || wire_->cut) readable_.post();
  }
  void wait_writable() override {
    if (closed_) return;
    wants_write_ = true;
    if (has_room() || out_.finished || out_.abandoned || wire_->cut) writable_.post();
  }

  void shutdown_write() override {
    if (closed_ || std::exchange(out_.finished, true)) return;
    deliver(std::string(), true);
  }
  void close() override {
    if (closed_) return;
    shutdown_write();
    closed_ = true;
    out_.writer = nullptr;
    in_.reader = nullptr;
    in_.abandoned = true;
    in_.bytes.clear();
    if (in_.writer != nullptr) in_.writer->wake_writer();
  }

  const Peer& peer() const noexcept override { return peer_; }
  std::string failure() const override {
    if (closed_) return "closed on this side";
    if (wire_->cut) return "the connection was cut";
    if (out_.abandoned) return "closed by the other side";
    return out_.finished ? "nothing can be written after the end" : "";
  }
  io::Loop& loop() const noexcept override { return network_->loop(); }

  void wake_reader() {
    if (wants_read_) readable_.post();
  }
  void wake_writer() {
    if (wants_write_) writable_.post();
  }

 private:
  bool has_room() const noexcept { return out_.under_way + out_.bytes.size() < network_->options().capacity; }

  // Bytes of one direction arrive in their order, however the delays fall.
  void deliver(std::string bytes, bool end) {
    std::chrono::nanoseconds time = network_->arrival();
    if (const std::size_t speed = network_->options().bytes_per_second; speed > 0) {
      time = std::max(time, out_.last_arrival) + std::chrono::nanoseconds(bytes.size() * 1'000'000'000 / speed);
    }
    out_.last_arrival = time = std::max(time, out_.last_arrival);
    network_->at(time, [network = network_.get(), wire = wire_, lane = &out_, bytes = std::move(bytes), end] {
      lane->under_way -= bytes.size();
      if (wire->cut) return;
      if (network->accident()) {
        wire->cut = true;
        for (Lane* each : {&wire->there, &wire->back}) {
          if (each->reader != nullptr) each->reader->wake_reader();
          if (each->writer != nullptr) each->writer->wake_writer();
        }
        return;
      }
      if (!lane->abandoned) lane->bytes += bytes;
      lane->ended = lane->ended || end;
      if (lane->reader != nullptr) lane->reader->wake_reader();
      if (lane->abandoned && lane->writer != nullptr) lane->writer->wake_writer();
    });
  }

  void notify_readable() {
    if (closed_ || !std::exchange(wants_read_, false)) return;
    if (observer() != nullptr) observer()->on_readable();
  }
  void notify_writable() {
    if (closed_ || !std::exchange(wants_write_, false)) return;
    if (observer() != nullptr) observer()->on_writable();
  }

  const std::shared_ptr<VirtualNetwork> network_;
  const std::shared_ptr<Wire> wire_;
  Lane& in_;
  Lane& out_;
  Peer peer_ = Peer::in_process();
  bool wants_read_ = false;
  bool wants_write_ = false;
  bool closed_ = false;
  io::Deferred readable_;
  io::Deferred writable_;
};

}  // namespace

std::pair<std::unique_ptr<io::Stream>, std::unique_ptr<io::Stream>> VirtualNetwork::connect() {
  ++report_.connections;
  const auto wire = std::make_shared<Wire>();
  const auto self = shared_from_this();
  return {std::make_unique<VirtualEnd>(self, wire, wire->back, wire->there),
          std::make_unique<VirtualEnd>(self, wire, wire->there, wire->back)};
}

std::chrono::nanoseconds VirtualNetwork::arrival() {
  std::chrono::nanoseconds time = report_.now + options_.delay;
  if (options_.jitter.count() > 0) {
    time += std::chrono::nanoseconds(random_() % static_cast<std::uint64_t>(options_.jitter.count() + 1));
  }
  return time;
}

bool VirtualNetwork::accident() {
  ++report_.deliveries;
  if (options_.cuts_per_million == 0 || random_() % 1'000'000 >= options_.cuts_per_million) return false;
  ++report_.cuts;
  return true;
}

void VirtualNetwork::at(std::chrono::nanoseconds time, std::function<void()> task) {
  events_.push(Event{time, next_number_++, std::move(task)});
  if (!std::exchange(pumping_, true)) pump(turns_between);
}

void VirtualNetwork::pump(int turns) {
  boost::asio::post(loop_, [weak = weak_from_this(), turns] {
    const auto self = weak.lock();
    if (!self) return;
    if (turns > 0) return self->pump(turns - 1);
    const auto due = self->events_.top().task;
    self->report_.now = std::max(self->report_.now, self->events_.top().time);
    self->events_.pop();
    due();
    self->pumping_ = !self->events_.empty();
    if (self->pumping_) self->pump(turns_between);
  });
}

}  // namespace connectrpc::testing
