// A small HTTP proxy that knows CONNECT.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace connectrpc::probe_test {

/// Leads every CONNECT, whatever its target, to one port of this machine, on threads of its own.
class ConnectProxy {
 public:
  /// `answer` comes in place of the connection, unless it is "".
  explicit ConnectProxy(std::uint16_t to, std::string answer = "") : to_(to), answer_(std::move(answer)) {
    listener_ = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address = loopback(0);
    socklen_t size = sizeof address;
    ::bind(listener_, reinterpret_cast<const sockaddr*>(&address), size);
    ::listen(listener_, 64);
    ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    acceptor_ = std::thread([this] { accept(); });
  }
  ConnectProxy(const ConnectProxy&) = delete;
  ConnectProxy& operator=(const ConnectProxy&) = delete;
  ~ConnectProxy() {
    end_ = true;
    acceptor_.join();
    for (std::thread& thread : threads_) thread.join();
    ::close(listener_);
  }

  std::uint16_t port() const { return port_; }
  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
  /// The heads of requests so far.
  std::vector<std::string> heads() {
    const std::lock_guard lock(mutex_);
    return heads_;
  }

 private:
  static sockaddr_in loopback(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
  }

  bool readable(int socket) const {
    while (!end_) {
      pollfd waiting{socket, POLLIN, 0};
      if (::poll(&waiting, 1, 20) > 0) return true;
    }
    return false;
  }

  void accept() {
    while (readable(listener_)) {
      const int client = ::accept(listener_, nullptr, nullptr);
      threads_.emplace_back([this, client] {
        serve(client);
        ::close(client);
      });
    }
  }

  void serve(int client) {
    std::string head;
    char byte = 0;
    while (head.find("\r\n\r\n") == std::string::npos) {
      if (!readable(client) || ::recv(client, &byte, 1, 0) != 1) return;
      head += byte;
    }
    {
      const std::lock_guard lock(mutex_);
      heads_.push_back(head);
    }
    if (!answer_.empty()) {
      send(client, answer_);
      return;
    }
    const int server = ::socket(AF_INET, SOCK_STREAM, 0);
    const sockaddr_in address = loopback(to_);
    if (::connect(server, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) {
      send(client, "HTTP/1.1 200 Connection established\r\nx-proxy: small\r\n\r\n");
      while (pass(client, server)) {
      }
    } else {
      send(client, "HTTP/1.1 502 Bad Gateway\r\n\r\n");
    }
    ::close(server);
  }

  static void send(int socket, std::string_view bytes) { ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL); }

  // What one side says to the other; false at the end.
  bool pass(int client, int server) const {
    std::array<pollfd, 2> waiting{pollfd{client, POLLIN, 0}, pollfd{server, POLLIN, 0}};
    if (::poll(waiting.data(), waiting.size(), 20) < 0 || end_) return false;
    for (std::size_t i = 0; i < 2; ++i) {
      if (waiting[i].revents == 0) continue;
      std::array<char, 16384> buffer;
      const ssize_t got = ::recv(waiting[i].fd, buffer.data(), buffer.size(), 0);
      if (got <= 0) return false;
      send(waiting[1 - i].fd, std::string_view(buffer.data(), static_cast<std::size_t>(got)));
    }
    return true;
  }

  const std::uint16_t to_;
  const std::string answer_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::atomic<bool> end_{false};
  std::mutex mutex_;
  std::vector<std::string> heads_;
  std::thread acceptor_;
  std::vector<std::thread> threads_;
};

}  // namespace connectrpc::probe_test
