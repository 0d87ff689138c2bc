// The way through an HTTP proxy.
#include "client/tunnel.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "http2/text.h"

namespace connectrpc::client {
namespace {

constexpr std::string_view end_of_head = "\r\n\r\n";
constexpr std::size_t largest_head = 16 * 1024;
constexpr std::size_t most_shown = 200;

// How many of the last bytes of `text` may be the beginning of the end.
std::size_t end_begun(std::string_view text) {
  for (std::size_t size = std::min(end_of_head.size(), text.size()); size > 0; --size) {
    if (text.ends_with(end_of_head.substr(0, size))) return size;
  }
  return 0;
}

}  // namespace

Tunnel::Tunnel(std::unique_ptr<io::Stream> stream, const Proxy& proxy, const std::string& target, Callback callback)
    : stream_(std::move(stream)),
      proxy_(proxy.name),
      request_("CONNECT " + target + " HTTP/1.1\r\nhost: " + target + "\r\n"),
      callback_(std::move(callback)) {
  if (!proxy.authorization.empty()) request_ += "proxy-authorization: " + proxy.authorization + "\r\n";
  request_ += "\r\n";
  stream_->observe(this);
  stream_->wait_writable();
}

void Tunnel::on_readable() { step(); }

void Tunnel::step() {
  while (request_.empty() ? read() : write()) {
  }
}

bool Tunnel::write() {
  const io::IoResult result = stream_->write(request_);
  switch (result.status) {
    case io::IoResult::Status::ok: request_.erase(0, result.size); return true;
    case io::IoResult::Status::would_block: stream_->wait_writable(); return false;
    default: fail("the connection was lost: " + stream_->failure()); return false;
  }
}

bool Tunnel::read() {
  // What follows the head is the server's: no byte more may be taken than the end of the head still needs.
  std::array<char, end_of_head.size()> bytes;
  const std::size_t room = end_of_head.size() - end_begun(answer_);
  const io::IoResult result = stream_->read(std::span(bytes.data(), room));
  switch (result.status) {
    case io::IoResult::Status::ok: break;
    case io::IoResult::Status::would_block: stream_->wait_readable(); return false;
    case io::IoResult::Status::eof: fail("it closed the connection without an answer"); return false;
    case io::IoResult::Status::failed: fail("the connection was lost: " + stream_->failure()); return false;
  }
  answer_.append(bytes.data(), result.size);
  if (answer_.ends_with(end_of_head)) {
    finish();
    return false;
  }
  if (answer_.size() > largest_head) {
    fail("the head of its answer is longer than " + std::to_string(largest_head) + " bytes");
    return false;
  }
  return true;
}

void Tunnel::fail(const std::string& why) {
  stream_->observe(nullptr);
  const Callback callback = std::exchange(callback_, nullptr);
  callback(Error(Code::unavailable, "the proxy " + proxy_ + " did not connect: " + why));
}

void Tunnel::finish() {
  std::string_view line = answer_;
  line = line.substr(0, line.find('\r'));
  // "HTTP/1.1 200 Connection established"
  const bool good = line.size() >= 12 && line.starts_with("HTTP/1.") && line.substr(8, 2) == " 2" &&
                    (line.size() == 12 || line[12] == ' ');
  if (!good) {
    std::string why = "it answered " + http2::quoted(line.substr(0, most_shown));
    if (line.size() >= 12 && line.substr(8, 4) == " 407") why += " (user and password are part of the proxy's URL)";
    return fail(why);
  }
  stream_->observe(nullptr);
  const Callback callback = std::exchange(callback_, nullptr);
  callback(std::move(stream_));
}

}  // namespace connectrpc::client
