// A channel for each server and setting that the suite names, kept so that connections are used again.
#pragma once

#include <map>
#include <mutex>
#include <stdexcept>
#include <string>

#include "conformance/convert.h"
#include "connectrpc/channel.h"
#include "connectrpc/conformance/v1/client_compat.pb.h"

namespace conformance {

inline connectrpc::ChannelOptions options_of(const suite::ClientCompatRequest& request) {
  connectrpc::ChannelOptions options;
  switch (request.protocol()) {
    case suite::PROTOCOL_CONNECT: options.protocol = connectrpc::Protocol::connect; break;
    case suite::PROTOCOL_GRPC: options.protocol = connectrpc::Protocol::grpc; break;
    case suite::PROTOCOL_GRPC_WEB: options.protocol = connectrpc::Protocol::grpc_web; break;
    default: throw std::runtime_error("a protocol that is not known");
  }
  switch (request.http_version()) {
    case suite::HTTP_VERSION_1: options.http_version = connectrpc::HttpVersion::http1_1; break;
    case suite::HTTP_VERSION_2: options.http_version = connectrpc::HttpVersion::http2; break;
    default: throw std::runtime_error("an HTTP version that is not known");
  }
  switch (request.codec()) {
    case suite::CODEC_PROTO: options.codec = connectrpc::Codec::proto; break;
    case suite::CODEC_JSON: options.codec = connectrpc::Codec::json; break;
    default: throw std::runtime_error("a codec that is not known");
  }
  switch (request.compression()) {
    case suite::COMPRESSION_UNSPECIFIED:
    case suite::COMPRESSION_IDENTITY: break;
    case suite::COMPRESSION_GZIP: options.compression = "gzip"; break;
    case suite::COMPRESSION_BR: options.compression = "br"; break;
    case suite::COMPRESSION_ZSTD: options.compression = "zstd"; break;
    case suite::COMPRESSION_DEFLATE: options.compression = "deflate"; break;
    case suite::COMPRESSION_SNAPPY: options.compression = "snappy"; break;
    default: throw std::runtime_error("a compression that is not known");
  }
  // What the suite sends is small, and it wants to see it compressed.
  options.compress_min_bytes = 0;
  if (request.message_receive_limit() > 0) options.receive_limit = request.message_receive_limit();
  options.use_get = request.use_get_http_method();
  if (!request.server_tls_cert().empty()) options.tls.ca_pem(request.server_tls_cert());
  if (request.has_client_tls_creds())
    options.tls.certificate_pem(request.client_tls_creds().cert(), request.client_tls_creds().key());
  return options;
}

class Channels {
 public:
  /// Any thread.
  connectrpc::ChannelPtr get(const suite::ClientCompatRequest& request) {
    const std::lock_guard lock(mutex_);
    connectrpc::ChannelPtr& channel = channels_[key(request)];
    if (!channel) {
      const std::string url = std::string(request.server_tls_cert().empty() ? "http" : "https") + "://" +
                              request.host() + ":" + std::to_string(request.port());
      channel = connectrpc::Channel::make(url, options_of(request));
    }
    return channel;
  }

 private:
  static std::string key(const suite::ClientCompatRequest& request) {
    suite::ClientCompatRequest part;
    part.set_host(request.host());
    part.set_port(request.port());
    part.set_protocol(request.protocol());
    part.set_http_version(request.http_version());
    part.set_codec(request.codec());
    part.set_compression(request.compression());
    part.set_message_receive_limit(request.message_receive_limit());
    part.set_use_get_http_method(request.use_get_http_method());
    part.set_server_tls_cert(request.server_tls_cert());
    if (request.has_client_tls_creds()) *part.mutable_client_tls_creds() = request.client_tls_creds();
    return part.SerializeAsString();
  }

  std::mutex mutex_;
  std::map<std::string, connectrpc::ChannelPtr> channels_;
};

}  // namespace conformance
