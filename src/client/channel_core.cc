// What all loops share of a channel.
#include "client/channel_core.h"

#include <algorithm>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <stdexcept>
#include <utility>

#include "client/link_pool.h"
#include "io/tls_stream.h"

namespace connectrpc::client {

const Compression* find_compression(const CompressionRegistry& known, const std::string& name, const char* option) {
  if (name.empty() || name == "identity") return nullptr;
  const Compression* const found = known.find(name);
  if (found == nullptr) {
    throw std::invalid_argument(std::string(option) + ": \"" + name + "\" is not one of identity, " + known.names());
  }
  return found;
}

namespace {

void check_keepalive(const ChannelOptions& options) {
  const auto refuse = [](const char* option, std::chrono::nanoseconds value, const char* why) {
    throw std::invalid_argument("ChannelOptions::" + std::string(option) + ": " + std::to_string(value.count()) +
                                " ns " + why);
  };
  const auto interval = options.keepalive_interval;
  if (interval.count() < 0) refuse("keepalive_interval", interval, "is negative");
  if (options.keepalive_timeout.count() <= 0) {
    refuse("keepalive_timeout", options.keepalive_timeout, "leaves no time for an answer");
  }
  if (interval.count() > 0 && options.http_version == HttpVersion::http1_1) {
    refuse("keepalive_interval", interval, "is given, but http_version says HTTP/1.1, which has no PING");
  }
  if (options.keepalive_without_calls && interval.count() == 0) {
    throw std::invalid_argument("ChannelOptions::keepalive_without_calls: true, but keepalive_interval is 0");
  }
}

}  // namespace

void LoopHandle::forget() {
  const std::lock_guard lock(mutex_);
  loop_ = nullptr;
}

void LoopHandle::post(std::function<void()> task) {
  const std::lock_guard lock(mutex_);
  if (loop_ != nullptr) boost::asio::post(*loop_, std::move(task));
}

bool LoopHandle::is_here() {
  const std::lock_guard lock(mutex_);
  return loop_ != nullptr && loop_->get_executor().running_in_this_thread();
}

void LoopHandle::drop(std::shared_ptr<const ChannelCore> core) {
  const std::lock_guard lock(mutex_);
  if (loop_ == nullptr) return;
  boost::asio::post(*loop_, [loop = loop_, core = std::move(core)] { ChannelPools::of(*loop).drop(core.get()); });
}

ChannelCore::ChannelCore(std::string_view url, ChannelOptions options, io::Loop* loop)
    : url_text_(url), url_(parse_url(url)), options_(std::move(options)), fixed_loop_(loop) {
  if (options_.http_version && *options_.http_version != HttpVersion::http1_1 &&
      *options_.http_version != HttpVersion::http2) {
    throw std::invalid_argument("ChannelOptions::http_version: " + std::string(to_string(*options_.http_version)) +
                                " is not one of HTTP/1.1 and HTTP/2");
  }
  if (options_.protocol == Protocol::grpc && options_.http_version == HttpVersion::http1_1) {
    throw std::invalid_argument("ChannelOptions: gRPC needs HTTP/2, http_version says HTTP/1.1");
  }
  if (options_.max_connections == 0) throw std::invalid_argument("ChannelOptions::max_connections must not be 0");
  check_keepalive(options_);
  if (options_.proxy && !options_.proxy->empty() && !url_.unix_path.empty()) {
    throw std::invalid_argument("ChannelOptions::proxy: \"" + *options_.proxy + "\" leads to no unix socket (" +
                                url_text_ + ")");
  }
  proxy_ = options_.proxy ? parse_proxy(*options_.proxy, "ChannelOptions::proxy") : proxy_from_environment(url_);
  if (url_.tls) io::prepare(options_.tls);
  settings_.compressions = &options_.compressions;
  settings_.receive_limit = options_.receive_limit;
  settings_.send_limit = options_.send_limit;
  settings_.compress_min_bytes = options_.compress_min_bytes;
  settings_.use_get = options_.use_get;
  settings_.get_url_limit = options_.get_url_limit;
  settings_.request_compression =
      find_compression(options_.compressions, options_.compression, "ChannelOptions::compression");
}

std::optional<HttpVersion> ChannelCore::version_for(StreamType type) const noexcept {
  if (options_.http_version) return options_.http_version;
  if (options_.protocol == Protocol::grpc) return HttpVersion::http2;
  if (url_.tls) return std::nullopt;
  // Without TLS nothing is negotiated: streams of the client need HTTP/2, the rest takes what every server speaks.
  return type == StreamType::client || type == StreamType::bidi ? HttpVersion::http2 : HttpVersion::http1_1;
}

io::Loop& ChannelCore::blocking_loop() {
  if (fixed_loop_ != nullptr) return *fixed_loop_;
  const std::lock_guard lock(mutex_);
  if (!own_loop_) {
    own_loop_ = std::make_unique<io::Loop>(1);
    own_thread_ = std::thread([loop = own_loop_.get()] {
      const auto guard = boost::asio::make_work_guard(*loop);
      loop->run();
    });
  }
  return *own_loop_;
}

void ChannelCore::add_loop(std::shared_ptr<LoopHandle> loop) {
  const std::lock_guard lock(mutex_);
  if (std::find(loops_.begin(), loops_.end(), loop) == loops_.end()) loops_.push_back(std::move(loop));
}

void ChannelCore::close() {
  std::vector<std::shared_ptr<LoopHandle>> loops;
  std::unique_ptr<io::Loop> own_loop;
  {
    const std::lock_guard lock(mutex_);
    loops = std::exchange(loops_, {});
    own_loop = std::move(own_loop_);
  }
  if (own_loop) {
    own_loop->stop();
    own_thread_.join();
    // The loop takes its connections with it.
    own_loop.reset();
  }
  for (const auto& loop : loops) loop->drop(shared_from_this());
}

}  // namespace connectrpc::client
