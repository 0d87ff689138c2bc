// Channels.
#include "connectrpc/channel.h"

#include <boost/asio/io_context.hpp>
#include <utility>

#include "client/channel_core.h"

namespace connectrpc {

Channel::Channel(std::shared_ptr<client::ChannelCore> core) : core_(std::move(core)) {}
Channel::~Channel() { core_->close(); }

std::shared_ptr<Channel> Channel::make(std::shared_ptr<client::ChannelCore> core) {
  return std::shared_ptr<Channel>(new Channel(std::move(core)));
}

std::shared_ptr<Channel> Channel::make(std::string_view url, ChannelOptions options) {
  return make(std::make_shared<client::ChannelCore>(url, std::move(options), nullptr));
}

std::shared_ptr<Channel> Channel::make(boost::asio::io_context& io, std::string_view url, ChannelOptions options) {
  return make(std::make_shared<client::ChannelCore>(url, std::move(options), &io));
}

const ChannelOptions& Channel::options() const noexcept { return core_->options(); }
std::string_view Channel::url() const noexcept { return core_->url_text(); }

}  // namespace connectrpc
