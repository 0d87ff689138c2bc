// Two streams joined in memory.
#include "io/pipe.h"

#include <algorithm>

#include "io/deferred.h"

namespace connectrpc::io {
namespace {

class PipeEnd;

// One direction, shared by both ends.
struct Lane {
  std::string bytes;
  std::size_t taken = 0;
  std::size_t capacity;
  bool ended = false;      // nothing more is written
  bool abandoned = false;  // nothing more is read
  PipeEnd* reader = nullptr;
  PipeEnd* writer = nullptr;

  std::size_t unread() const noexcept { return bytes.size() - taken; }
};

class PipeEnd final : public Stream {
 public:
  PipeEnd(Loop& loop, std::shared_ptr<Lane> in, std::shared_ptr<Lane> out)
      : loop_(loop),
        in_(std::move(in)),
        out_(std::move(out)),
        readable_(
            loop, [](void* end) { static_cast<PipeEnd*>(end)->notify_readable(); }, this),
        writable_(loop, [](void* end) { static_cast<PipeEnd*>(end)->notify_writable(); }, this) {
    in_->reader = this;
    out_->writer = this;
  }

  ~PipeEnd() override { PipeEnd::close(); }

  IoResult read(std::span<char> into) override {
    if (closed_) return {IoResult::Status::failed};
    const std::size_t size = std::min(into.size(), in_->unread());
    if (size == 0) return {in_->ended ? IoResult::Status::eof : IoResult::Status::would_block};
    in_->bytes.copy(into.data(), size, in_->taken);
    in_->taken += size;
    if (in_->unread() == 0) {
      in_->taken = 0;
      in_->bytes.clear();
      // What is kept by two ends at rest.
      if (in_->bytes.capacity() > 4096) std::string().swap(in_->bytes);
    }
    if (in_->writer != nullptr && in_->writer->wants_write_) in_->writer->writable_.post();
    return {IoResult::Status::ok, size};
  }

  IoResult write(std::string_view bytes) override {
    if (closed_ || out_->ended || out_->abandoned) return {IoResult::Status::failed};
    const std::size_t size = std::min(bytes.size(), out_->capacity - out_->unread());
    if (size == 0) return {bytes.empty() ? IoResult::Status::ok : IoResult::Status::would_block};
    if (out_->taken > 0) {
      out_->bytes.erase(0, out_->taken);
      out_->taken = 0;
    }
    out_->bytes.append(bytes.substr(0, size));
    wake_reader();
    return {IoResult::Status::ok, size};
  }

  void wait_readable() override {
    if (closed_) return;
    wants_read_ = true;
    if (in_->unread() > 0 || in_->ended) readable_.post();
  }

  void wait_writable() override {
    if (closed_) return;
    wants_write_ = true;
    if (out_->unread() < out_->capacity || out_->ended || out_->abandoned) writable_.post();
  }

  void shutdown_write() override {
    if (closed_) return;
    out_->ended = true;
    wake_reader();
  }

  void close() override {
    if (closed_) return;
    shutdown_write();
    closed_ = true;
    out_->writer = nullptr;
    in_->reader = nullptr;
    in_->abandoned = true;
    std::string().swap(in_->bytes);
    in_->taken = 0;
    if (in_->writer != nullptr && in_->writer->wants_write_) in_->writer->writable_.post();
  }

  const Peer& peer() const noexcept override { return peer_; }
  std::string failure() const override {
    if (closed_) return "closed on this side";
    if (out_->abandoned) return "closed by the other side";
    return out_->ended ? "nothing can be written after the end" : "";
  }
  Loop& loop() const noexcept override { return loop_; }

 private:
  void wake_reader() {
    if (out_->reader != nullptr && out_->reader->wants_read_) out_->reader->readable_.post();
  }

  void notify_readable() {
    if (closed_ || !std::exchange(wants_read_, false)) return;
    if (observer() != nullptr) observer()->on_readable();
  }

  void notify_writable() {
    if (closed_ || !std::exchange(wants_write_, false)) return;
    if (observer() != nullptr) observer()->on_writable();
  }

  Loop& loop_;
  std::shared_ptr<Lane> in_;
  std::shared_ptr<Lane> out_;
  Peer peer_ = Peer::in_process();
  bool wants_read_ = false;
  bool wants_write_ = false;
  bool closed_ = false;
  Deferred readable_;
  Deferred writable_;
};

}  // namespace

std::pair<std::unique_ptr<Stream>, std::unique_ptr<Stream>> make_pipe(Loop& loop, std::size_t capacity) {
  auto there = std::make_shared<Lane>();
  auto back = std::make_shared<Lane>();
  there->capacity = back->capacity = capacity;
  return {std::make_unique<PipeEnd>(loop, back, there), std::make_unique<PipeEnd>(loop, there, back)};
}

}  // namespace connectrpc::io
