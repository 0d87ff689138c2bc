// Drives a session over a stream.
#include "io/connection.h"

#include <algorithm>
#include <array>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "io/deferred.h"
#include "io/lent_buffer.h"
#include "io/output.h"
#include "io/timer_queue.h"

namespace connectrpc::io {

// Lives on while a call into the session or an event of the stream is being handled, whatever happens to the
// connection.
class Connection::Core final : public Stream::Observer,
                               public Wakeup,
                               public Timer,
                               public std::enable_shared_from_this<Core> {
 public:
  Core(Connection* connection, std::unique_ptr<Stream> stream, std::unique_ptr<Session> session,
       const ConnectionOptions& options)
      : connection_(connection),
        options_(options),
        stream_(std::move(stream)),
        session_(std::move(session)),
        turn_(
            stream_->loop(), [](void* core) { static_cast<Core*>(core)->on_turn(); }, this),
        report_(stream_->loop(), [](void* core) { static_cast<Core*>(core)->on_report(); }, this) {
    session_->set_wakeup(this);
    stream_->observe(this);
  }

  void start() {
    const auto alive = shared_from_this();
    if (phase_ != Phase::made) return;
    phase_ = Phase::open;
    flush();
    await_input();
  }

  void replace_session(std::unique_ptr<Session> session) {
    session_->set_wakeup(nullptr);
    if (calls_ > 0)
      retired_.push_back(std::exchange(session_, std::move(session)));
    else
      session_ = std::move(session);
    session_->set_wakeup(this);
    if (phase_ == Phase::open) wake();
  }

  void close(std::string_view reason) {
    const auto alive = shared_from_this();
    if (phase_ == Phase::closed) return;
    if (phase_ == Phase::lingering) return end();
    end();
    reason_ = reason;
    tell_lost();
  }

  // The connection is being destroyed.
  void detach() {
    connection_ = nullptr;
    if (phase_ != Phase::closed) end();
    reason_.reset();
    session_->set_wakeup(nullptr);
    if (calls_ == 0) session_.reset();
  }

  void on_readable() override {
    const auto alive = shared_from_this();
    if (phase_ == Phase::lingering) return discard_input();
    if (phase_ != Phase::open) return;
    read();
    flush();
    await_input();
  }

  void on_writable() override {
    const auto alive = shared_from_this();
    if (phase_ == Phase::lingering) {
      handed_over_ = true;
      if (ended_) end();
      return;
    }
    blocked_ = false;
    flush();
    await_input();
  }

  void look() {
    if (phase_ == Phase::open && calls_ == 0) on_readable();
  }

  void wake() override {
    if (phase_ == Phase::open && !receiving_) turn_.post();
  }

  Connection* connection_;
  ConnectionOptions options_;
  std::unique_ptr<Stream> stream_;
  std::unique_ptr<Session> session_;
  ClosedCallback on_closed_;
  std::chrono::steady_clock::time_point last_moved_ = std::chrono::steady_clock::now();
  std::chrono::steady_clock::time_point last_read_ = last_moved_;
  std::size_t bytes_read_ = 0;
  std::size_t bytes_written_ = 0;

  bool closed() const noexcept { return phase_ == Phase::closed; }
  std::size_t unsent() const noexcept { return out_.size(); }

 private:
  enum class Phase { made, open, lingering, closed };

  // A call into the session: what the session does to the connection meanwhile takes effect when it has returned.
  class Call {
   public:
    explicit Call(Core& core) : core_(core) { ++core_.calls_; }
    Call(const Call&) = delete;
    Call& operator=(const Call&) = delete;
    ~Call() {
      if (--core_.calls_ > 0) return;
      std::exchange(core_.retired_, {}).clear();
      core_.tell_lost();
      if (core_.connection_ == nullptr) core_.session_.reset();
    }

   private:
    Core& core_;
  };

  void on_turn() {
    const auto alive = shared_from_this();
    flush();
    await_input();
  }

  void on_report() {
    const auto alive = shared_from_this();
    if (connection_ == nullptr || !on_closed_) return;
    const ClosedCallback callback = std::exchange(on_closed_, nullptr);
    callback(*connection_);
  }

  // The linger time is over.
  void on_timer() override {
    const auto alive = shared_from_this();
    if (phase_ == Phase::lingering) end();
  }

  bool may_read() const {
    if (phase_ != Phase::open || ended_) return false;
    // What comes after the session's last word is dropped, lest the peer, kept from writing, never reads that word.
    if (session_->wants_close()) return options_.linger_bytes > 0;
    return session_->wants_read() && (options_.read_while_blocked || !(blocked_ && full_));
  }

  void await_input() {
    if (may_read()) stream_->wait_readable();
  }

  void read() {
    ReadBuffer buffer;
    receiving_ = true;
    for (int i = 0; i < options_.reads_per_turn && may_read() && read_once(buffer.span()); ++i) {
    }
    receiving_ = false;
  }

  // Whether there may be more.
  bool read_once(std::span<char> buffer) {
    const IoResult result = stream_->read(buffer);
    switch (result.status) {
      case IoResult::Status::ok: {
        bytes_read_ += result.size;
        last_moved_ = last_read_ = std::chrono::steady_clock::now();
        if (session_->wants_close()) return drop(result.size), true;
        const Call call(*this);
        session_->receive(std::string_view(buffer.data(), result.size));
        return true;
      }
      case IoResult::Status::eof: {
        ended_ = true;
        if (session_->wants_close()) return false;
        const Call call(*this);
        session_->receive_end();
        return false;
      }
      case IoResult::Status::failed: lose(); return false;
      case IoResult::Status::would_block: return false;
    }
    return false;
  }

  // Sends what the session has to say: one write, and further ones only where a full one went through.
  void flush() {
    for (int writes = 0; phase_ == Phase::open; ++writes) {
      produce();
      if (phase_ != Phase::open) return;
      if (unsent() == 0) {
        if (session_->wants_close()) linger();
        return;
      }
      if (blocked_ || !write()) return;
      if (full_ && writes == 3) return turn_.post();
      if (!full_ && !session_->wants_close()) return;
    }
  }

  void produce() {
    full_ = unsent() >= options_.output_limit;
    if (full_) return;
    out_.prepare();
    {
      const Call call(*this);
      session_->produce(out_, options_.output_limit);
    }
    full_ = unsent() >= options_.output_limit;
    if (out_.empty()) out_.clear();
  }

  // Whether everything went out.
  bool write() {
    while (unsent() != 0) {
      // Of one write: frames of 16 KiB and their heads make half of it.
      std::array<std::string_view, 64> pieces;
      const std::span<const std::string_view> some = std::span(pieces).first(out_.pieces(pieces));
      const IoResult result = some.size() == 1 ? stream_->write(some[0]) : stream_->write_pieces(some);
      if (result.status == IoResult::Status::failed) {
        read_the_rest();
        if (phase_ == Phase::open) lose();
        return false;
      }
      bool all = false;
      if (result.status == IoResult::Status::ok) {
        all = result.size == total_size(some);
        bytes_written_ += result.size;
        last_moved_ = std::chrono::steady_clock::now();
        out_.consume(result.size);
      }
      if (!all) {
        blocked_ = true;
        stream_->wait_writable();
        return false;
      }
    }
    return true;
  }

  // Where writing fails the peer may have answered before it went away; the answer says more than the failure.
  void read_the_rest() {
    ReadBuffer buffer;
    receiving_ = true;
    const std::size_t end = bytes_read_ + options_.linger_bytes;
    while (phase_ == Phase::open && !ended_ && bytes_read_ < end && read_once(buffer.span())) {
    }
    receiving_ = false;
  }

  void lose() {
    if (phase_ != Phase::open) return;
    reason_ = stream_->failure();
    end();
    tell_lost();
  }

  void tell_lost() {
    if (calls_ > 0 || !reason_) return;
    const std::string reason = *std::exchange(reason_, std::nullopt);
    session_->set_wakeup(nullptr);
    const Call call(*this);
    session_->connection_lost(reason);
  }

  // All has been said and written.
  void linger() {
    phase_ = Phase::lingering;
    session_->set_wakeup(nullptr);
    stream_->shutdown_write();
    TimerQueue::of(stream_->loop()).schedule(*this, TimerQueue::Clock::now() + options_.linger_time);
    stream_->wait_writable();
    if (!ended_) stream_->wait_readable();
  }

  void discard_input() {
    ReadBuffer buffer;
    for (int i = 0; i < options_.reads_per_turn; ++i) {
      const IoResult result = stream_->read(buffer.span());
      if (result.status == IoResult::Status::would_block) break;
      if (result.status == IoResult::Status::failed) return end();
      if (result.status == IoResult::Status::eof) {
        ended_ = true;
        if (handed_over_) end();
        return;
      }
      drop(result.size);
      if (options_.linger_bytes == 0) return end();
    }
    stream_->wait_readable();
  }

  void drop(std::size_t size) { options_.linger_bytes -= std::min(size, options_.linger_bytes); }

  void end() {
    phase_ = Phase::closed;
    if (scheduled()) TimerQueue::of(stream_->loop()).cancel(*this);
    stream_->close();
    out_.clear();
    report_.post();
  }

  std::vector<std::unique_ptr<Session>> retired_;
  std::optional<std::string> reason_;
  Output out_;
  int calls_ = 0;
  Phase phase_ = Phase::made;
  bool receiving_ = false;
  bool blocked_ = false;      // a write is waiting for the stream
  bool full_ = false;         // the session may have more than output_limit let through
  bool ended_ = false;        // the peer will send no more
  bool handed_over_ = false;  // the stream has passed everything on
  Deferred turn_;
  Deferred report_;
};

Connection::Connection(std::unique_ptr<Stream> stream, std::unique_ptr<Session> session, ConnectionOptions options)
    : core_(std::make_shared<Core>(this, std::move(stream), std::move(session), options)) {}

Connection::~Connection() { core_->detach(); }

void Connection::on_closed(ClosedCallback callback) { core_->on_closed_ = std::move(callback); }
void Connection::start() { core_->start(); }
void Connection::replace_session(std::unique_ptr<Session> session) { core_->replace_session(std::move(session)); }
void Connection::look() { core_->look(); }
void Connection::close(std::string_view reason) { core_->close(reason); }
bool Connection::closed() const noexcept { return core_->closed(); }
Stream& Connection::stream() const noexcept { return *core_->stream_; }
Session& Connection::session() const noexcept { return *core_->session_; }
std::size_t Connection::unsent() const noexcept { return core_->unsent(); }
std::chrono::steady_clock::time_point Connection::last_moved() const noexcept { return core_->last_moved_; }
std::chrono::steady_clock::time_point Connection::last_read() const noexcept { return core_->last_read_; }
std::size_t Connection::bytes_read() const noexcept { return core_->bytes_read_; }
std::size_t Connection::bytes_written() const noexcept { return core_->bytes_written_; }

}  // namespace connectrpc::io
