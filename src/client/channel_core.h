// What all loops share of a channel.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "client/proxy.h"
#include "client/url.h"
#include "connectrpc/call_options.h"
#include "connectrpc/channel.h"
#include "connectrpc/method.h"
#include "io/loop.h"
#include "io/stream.h"
#include "protocol/settings.h"

namespace connectrpc::client {

class ChannelCore;

/// What requests are compressed with by the name that a user gave, null for "" and "identity". std::invalid_argument
/// names `option` and what is known.
const Compression* find_compression(const CompressionRegistry& known, const std::string& name, const char* option);

/// A loop with connections of channels, that may be gone. Any thread.
class LoopHandle {
 public:
  explicit LoopHandle(io::Loop& loop) : loop_(&loop) {}
  /// Runs `task` in a later turn of the loop, unless it is gone.
  void post(std::function<void()> task);
  /// Makes the loop drop the connections of a channel.
  void drop(std::shared_ptr<const ChannelCore> core);
  /// Whether this thread is in the loop.
  bool is_here();
  /// The loop is going down.
  void forget();

 private:
  std::mutex mutex_;
  io::Loop* loop_;
};

/// Immutable after construction, but for what is guarded by its mutex. Calls share it and may outlive the channel.
class ChannelCore : public std::enable_shared_from_this<ChannelCore> {
 public:
  /// std::invalid_argument says what is wrong with the URL or the options.
  ChannelCore(std::string_view url, ChannelOptions options, io::Loop* loop);

  const std::string& url_text() const noexcept { return url_text_; }
  const Url& url() const noexcept { return url_; }
  const ChannelOptions& options() const noexcept { return options_; }
  const protocol::ClientSettings& settings() const noexcept { return settings_; }
  /// The HTTP version that connections must have; empty: what ALPN brings.
  std::optional<HttpVersion> version_for(StreamType type) const noexcept;

  /// What connections go through; empty: nothing.
  const std::optional<Proxy>& proxy() const noexcept { return proxy_; }

  /// Makes connections in another way than by dialing the URL: null where it cannot. Set before the first call.
  using Connector = std::function<std::unique_ptr<io::Stream>(io::Loop& loop)>;
  void set_connector(Connector connector) { connector_ = std::move(connector); }
  const Connector& connector() const noexcept { return connector_; }

  /// The loop that the user gave, or null.
  io::Loop* fixed_loop() const noexcept { return fixed_loop_; }
  /// Where blocking calls run: the user's loop, or one on a thread of the channel's own, started when first needed.
  io::Loop& blocking_loop();

  /// A loop has connections of this channel now.
  void add_loop(std::shared_ptr<LoopHandle> loop);
  /// Drops the connections on all loops and ends the channel's own thread.
  void close();

 private:
  std::string url_text_;
  Url url_;
  ChannelOptions options_;
  std::optional<Proxy> proxy_;
  protocol::ClientSettings settings_;
  io::Loop* fixed_loop_;
  Connector connector_;
  std::mutex mutex_;
  std::vector<std::shared_ptr<LoopHandle>> loops_;
  std::unique_ptr<io::Loop> own_loop_;
  std::thread own_thread_;
};

}  // namespace connectrpc::client
