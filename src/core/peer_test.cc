// Tests of peers.
#include "connectrpc/peer.h"

#include <gtest/gtest.h>

#include <utility>

namespace connectrpc {
namespace {

TEST(Peer, Unknown) {
  const Peer peer;
  EXPECT_EQ(peer.kind(), Peer::Kind::unknown);
  EXPECT_EQ(peer.address(), "");
  EXPECT_EQ(peer.port(), 0);
  EXPECT_EQ(peer.tls(), nullptr);
  EXPECT_FALSE(peer.unix_credentials());
  EXPECT_EQ(peer.to_string(), "unknown");
}

TEST(Peer, Ipv4) {
  const Peer peer = Peer::ipv4("1.2.3.4", 5);
  EXPECT_EQ(peer.kind(), Peer::Kind::ipv4);
  EXPECT_EQ(peer.address(), "1.2.3.4");
  EXPECT_EQ(peer.port(), 5);
  EXPECT_EQ(peer.to_string(), "1.2.3.4:5");
}

TEST(Peer, Ipv6) {
  const Peer peer = Peer::ipv6("::1", 65535);
  EXPECT_EQ(peer.kind(), Peer::Kind::ipv6);
  EXPECT_EQ(peer.address(), "::1");
  EXPECT_EQ(peer.to_string(), "[::1]:65535");
}

TEST(Peer, UnixSocket) {
  const Peer without = Peer::unix_socket("/p");
  EXPECT_EQ(without.kind(), Peer::Kind::unix_socket);
  EXPECT_EQ(without.to_string(), "unix:/p");
  EXPECT_EQ(without.port(), 0);
  EXPECT_FALSE(without.unix_credentials());
  const Peer with = Peer::unix_socket("", UnixCredentials{.uid = 1, .gid = 2, .pid = 3});
  ASSERT_TRUE(with.unix_credentials());
  EXPECT_EQ(with.unix_credentials()->uid, 1U);
  EXPECT_EQ(with.unix_credentials()->gid, 2U);
  EXPECT_EQ(with.unix_credentials()->pid, 3);
  EXPECT_EQ(with.to_string(), "unix:");
}

TEST(Peer, InProcess) {
  EXPECT_EQ(Peer::in_process().kind(), Peer::Kind::in_process);
  EXPECT_EQ(Peer::in_process().to_string(), "in-process");
}

TEST(Peer, Tls) {
  const Peer plain = Peer::ipv4("1.2.3.4", 5);
  Certificate certificate;
  certificate.subject = "CN=alice";
  certificate.uris = {"spiffe://acme/alice"};
  TlsInfo tls;
  tls.version = "TLSv1.3";
  tls.alpn = "h2";
  tls.certificate = certificate;
  const Peer peer = plain.with_tls(tls);
  EXPECT_EQ(plain.tls(), nullptr);
  EXPECT_EQ(peer.to_string(), "1.2.3.4:5");
  ASSERT_NE(peer.tls(), nullptr);
  EXPECT_EQ(peer.tls()->version, "TLSv1.3");
  EXPECT_EQ(peer.tls()->alpn, "h2");
  ASSERT_TRUE(peer.tls()->certificate);
  EXPECT_EQ(peer.tls()->certificate->uris.at(0), "spiffe://acme/alice");
  EXPECT_NE(Peer().with_tls({}).tls(), nullptr);
}

TEST(Peer, CopiesShareAndMovedFromIsUnknown) {
  Peer peer = Peer::ipv4("1.2.3.4", 5).with_tls(TlsInfo());
  const Peer copy = peer;
  EXPECT_EQ(copy.tls(), peer.tls());
  const Peer moved = std::move(peer);
  EXPECT_EQ(moved.tls(), copy.tls());
  EXPECT_EQ(peer.kind(), Peer::Kind::unknown);  // NOLINT(bugprone-use-after-move)
  EXPECT_EQ(peer.to_string(), "unknown");
}

}  // namespace
}  // namespace connectrpc
