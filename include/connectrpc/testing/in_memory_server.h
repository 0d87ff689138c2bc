// A server for users' tests, without sockets: the real bytes of the protocols through a pipe in memory.
#pragma once

#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "connectrpc/channel.h"
#include "connectrpc/interceptor.h"
#include "connectrpc/router.h"
#include "connectrpc/server_options.h"
#include "connectrpc/service.h"
#include "connectrpc/testing/network.h"

namespace connectrpc::testing {

/// Serves on a thread of its own, or on a loop of the user's. Everything but the network is as it will be: HTTP,
/// protocols, codecs, compression, limits, deadlines, metadata.
///
///   testing::InMemoryServer test;
///   test.add(greeter);
///   GreetServiceClientSync client(test.channel({.protocol = Protocol::grpc}));
class InMemoryServer {
 public:
  explicit InMemoryServer(ServerOptions options = ServerOptions());
  /// Server and channels live on `io`, which is run by one thread and outlives them.
  explicit InMemoryServer(boost::asio::io_context& io, ServerOptions options = ServerOptions());
  /// The same with a network in between.
  InMemoryServer(boost::asio::io_context& io, ServerOptions options, NetworkOptions network);
  InMemoryServer(const InMemoryServer&) = delete;
  InMemoryServer& operator=(const InMemoryServer&) = delete;
  /// Cancels calls under way. Channels that are still there can connect no more.
  ~InMemoryServer();

  /// As Server::add; before the first channel() is made.
  InMemoryServer& add(Service& service, std::string_view prefix = "");
  InMemoryServer& add(ServiceSync& service, std::string_view prefix = "");
  InMemoryServer& add(std::shared_ptr<Service> service, std::string_view prefix = "");
  InMemoryServer& add(std::shared_ptr<ServiceSync> service, std::string_view prefix = "");

  /// As Server::intercept; before the first channel() is made.
  InMemoryServer& intercept(std::shared_ptr<Interceptor> interceptor);
  InMemoryServer& intercept(std::string_view name, std::shared_ptr<Interceptor> interceptor);

  /// As Server::methods.
  std::vector<const MethodSpec*> methods() const;
  /// As Server::on_stop: called by the destructor.
  InMemoryServer& on_stop(std::function<void()> hook);
  /// Where everything else is added that a Server has: routes, middleware, limits. It changes no more once a channel
  /// was made.
  Router& router() noexcept;

  /// A channel whose connections end in this server. Peers are in-process.
  ChannelPtr channel(ChannelOptions options = ChannelOptions());

  /// What has happened in the network; empty without one.
  NetworkReport network() const;

 private:
  class Core;
  std::shared_ptr<Core> core_;
};

}  // namespace connectrpc::testing
