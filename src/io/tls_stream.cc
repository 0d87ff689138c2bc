// TLS over any stream.
#include "io/tls_stream.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <span>
#include <stdexcept>
#include <utility>

#include "base/lent_string.h"
#include "io/deferred.h"
#include "io/lent_buffer.h"
#include "io/timer_queue.h"
#include "io/tls_certificate.h"
#include "io/tls_context.h"

namespace connectrpc::io {
namespace {

// Encrypted before it is handed to the transport in one write.
constexpr std::size_t batch_size = 64 * 1024;
// What TLS encrypts at once, at most.
constexpr std::size_t record_size = 16 * 1024;
// Where the transport takes nothing and the peer makes OpenSSL answer (key updates), reading stops at this much.
constexpr std::size_t largest_unsent = 256 * 1024;
// A refused client is listened to until it has read why, within these bounds.
constexpr std::size_t refusal_bytes = 256 * 1024;
constexpr std::chrono::seconds refusal_time{1};

constexpr std::string_view plain_text_answer =
    "HTTP/1.1 400 Bad Request\r\n"
    "content-type: text/plain; charset=utf-8\r\n"
    "content-length: 60\r\n"
    "connection: close\r\n"
    "\r\n"
    "This port speaks TLS: use https://, or the plain-text port.\n";

class TlsStream final : public Stream, private Stream::Observer, private Timer {
 public:
  enum class Side { client, server };

  // `settings` keeps alive what the context refers to.
  TlsStream(std::unique_ptr<Stream> transport, Side side, std::shared_ptr<const void> settings)
      : transport_(std::move(transport)),
        side_(side),
        settings_(std::move(settings)),
        readable_(
            transport_->loop(), [](void* stream) { static_cast<TlsStream*>(stream)->notify_readable(); }, this),
        writable_(transport_->loop(), [](void* stream) { static_cast<TlsStream*>(stream)->notify_writable(); }, this) {
    transport_->observe(this);
  }

  ~TlsStream() override {
    base::give_back(out_);
    SSL_free(ssl_);
  }

  // Makes a stream that has failed already.
  void refuse(std::string reason) { fail(std::move(reason)); }

  bool open(SSL_CTX* context) {
    ERR_clear_error();
    ssl_ = SSL_new(context);
    BIO* bio = ssl_ == nullptr ? nullptr : BIO_new(bio_method());
    if (bio == nullptr) {
      fail("cannot set up TLS: " + take_openssl_reason());
      return false;
    }
    BIO_set_data(bio, this);
    BIO_set_init(bio, 1);
    SSL_set_bio(ssl_, bio, bio);
    SSL_set_app_data(ssl_, this);
    const int mode = SSL_get_verify_mode(ssl_);
    if (mode != SSL_VERIFY_NONE) SSL_set_verify(ssl_, mode, &TlsStream::verified);
    return true;
  }

  void begin_server() {
    SSL_set_accept_state(ssl_);
    advance();
  }

  void begin_client(std::string_view host, const std::string& alpn, bool verify) {
    expected_name_ = host;
    const std::string& name = expected_name_;
    X509_VERIFY_PARAM* parameters = SSL_get0_param(ssl_);
    // A name that is an address is checked as one and never sent as server name (RFC 6066 section 3).
    const bool address = X509_VERIFY_PARAM_set1_ip_asc(parameters, name.c_str()) == 1;
    ERR_clear_error();
    if (!address) {
      if (name.empty() && verify) return fail("there is no name that the server's certificate could be checked for");
      if (!name.empty() &&
          (SSL_set_tlsext_host_name(ssl_, name.c_str()) != 1 || SSL_set1_host(ssl_, name.c_str()) != 1))
        return fail("not a host name: \"" + name + "\"");
      SSL_set_hostflags(ssl_, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    }
    if (!alpn.empty())
      SSL_set_alpn_protos(ssl_, reinterpret_cast<const unsigned char*>(alpn.data()),
                          static_cast<unsigned int>(alpn.size()));
    SSL_set_connect_state(ssl_);
    advance();
  }

  IoResult read(std::span<char> into) override {
    if (phase_ != Phase::open) return not_open();
    // OpenSSL gives a record at a time.
    std::size_t taken = 0;
    for (;;) {
      ERR_clear_error();
      std::size_t size = 0;
      const int done = SSL_read_ex(ssl_, into.data() + taken, into.size() - taken, &size);
      const int error = done == 1 ? SSL_ERROR_NONE : SSL_get_error(ssl_, done);
      starved_ = error == SSL_ERROR_WANT_READ;
      read_wants_write_ = error == SSL_ERROR_WANT_WRITE;
      taken += size;
      if (error == SSL_ERROR_NONE && into.size() - taken >= record_size && out_.empty()) continue;
      if (error != SSL_ERROR_NONE && error != SSL_ERROR_ZERO_RETURN && !starved_ && !read_wants_write_) {
        // Without close_notify the protocol above has to know whether it has got everything.
        if (transport_ended_)
          return taken != 0 ? IoResult{IoResult::Status::ok, taken} : IoResult{IoResult::Status::eof};
        failure_ = explain();
        phase_ = Phase::failed;
      }
      if (error == SSL_ERROR_ZERO_RETURN) transport_ended_ = true;
      const bool flushed = out_.empty() || flush();
      // What ended it is found again by the next read.
      if (taken != 0) return {IoResult::Status::ok, taken};
      switch (error) {
        case SSL_ERROR_ZERO_RETURN: return {IoResult::Status::eof};
        case SSL_ERROR_WANT_READ: return {IoResult::Status::would_block};
        case SSL_ERROR_WANT_WRITE:
          if (!flushed) return {IoResult::Status::would_block};
          break;
        default: return {IoResult::Status::failed};
      }
    }
  }

  IoResult write(std::string_view bytes) override {
    return write_by(bytes.size(), [&](std::size_t at) { return bytes.substr(at, batch_size); });
  }

  IoResult write_pieces(std::span<const std::string_view> pieces) override {
    // Together they fill whole records; the head of a frame would take one of its own.
    std::array<char, record_size> record;
    std::size_t passed = 0;  // bytes of the pieces before the first of `pieces`
    return write_by(total_size(pieces), [&](std::size_t at) {
      while (at - passed >= pieces.front().size()) {
        passed += pieces.front().size();
        pieces = pieces.subspan(1);
      }
      const std::string_view first = pieces.front().substr(at - passed);
      if (first.size() >= record.size()) return first.substr(0, record.size());
      std::size_t size = first.copy(record.data(), record.size());
      for (std::size_t i = 1; i < pieces.size() && size < record.size(); ++i)
        size += pieces[i].copy(record.data() + size, record.size() - size);
      return std::string_view(record.data(), size);
    });
  }

  void wait_readable() override {
    if (phase_ == Phase::closed) return;
    wants_read_ = true;
    if (phase_ == Phase::open)
      await_readable();
    else if (phase_ == Phase::failed)
      readable_.post();
  }

  void wait_writable() override {
    if (phase_ == Phase::closed) return;
    wants_write_ = true;
    if (phase_ == Phase::failed || (phase_ == Phase::open && flush())) writable_.post();
  }

  void shutdown_write() override {
    if (std::exchange(shutdown_asked_, true)) return;
    if (phase_ == Phase::open) say_goodbye();
  }

  void close() override {
    phase_ = Phase::closed;
    if (failure_.empty()) failure_ = "closed on this side";
    if (scheduled()) TimerQueue::of(loop()).cancel(*this);
    drop_output();
    transport_->close();
  }

  const Peer& peer() const noexcept override { return established_ ? peer_ : transport_->peer(); }
  bool handshaking() const noexcept override { return phase_ == Phase::handshaking || phase_ == Phase::refusing; }
  Loop& loop() const noexcept override { return transport_->loop(); }

  std::string_view alpn() const noexcept override {
    if (!established_) return {};
    const unsigned char* name = nullptr;
    unsigned int size = 0;
    SSL_get0_alpn_selected(ssl_, &name, &size);
    return std::string_view(reinterpret_cast<const char*>(name), size);
  }

  std::string failure() const override {
    if (!failure_.empty()) return phase_ == Phase::refusing ? std::string() : failure_;
    if (!write_failure_.empty()) return write_failure_;
    return shutdown_asked_ ? "nothing can be written after the end" : "";
  }

 private:
  // `part` gives bytes from an offset on, at least one, the same ones when it is asked again.
  template <class Part>
  IoResult write_by(std::size_t all, Part part) {
    if (phase_ != Phase::open) return not_open();
    if (shutdown_asked_ || !write_failure_.empty()) return {IoResult::Status::failed};
    if (!flush()) return {IoResult::Status::would_block};
    std::size_t taken = 0;
    bool flushed = true;
    while (flushed && taken < all) {
      const std::size_t end = std::min(all, taken + batch_size);
      while (taken < end) {
        const std::string_view bytes = part(taken);
        ERR_clear_error();
        std::size_t size = 0;
        const int done = SSL_write_ex(ssl_, bytes.data(), bytes.size(), &size);
        if (done == 1) {
          taken += size;
          continue;
        }
        const int error = SSL_get_error(ssl_, done);
        if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE) {
          write_failure_ = explain();
          return {IoResult::Status::failed};
        }
        flush();
        return {taken > 0 ? IoResult::Status::ok : IoResult::Status::would_block, taken};
      }
      flushed = flush();
      if (!write_failure_.empty()) return {IoResult::Status::failed};
    }
    return {IoResult::Status::ok, taken};
  }

  enum class Phase { handshaking, refusing, open, failed, closed };

  IoResult not_open() const noexcept {
    return {handshaking() ? IoResult::Status::would_block : IoResult::Status::failed};
  }

  // The transport's side of OpenSSL.
  static BIO_METHOD* bio_method() {
    static const std::unique_ptr<BIO_METHOD, decltype(&BIO_meth_free)> method = [] {
      std::unique_ptr<BIO_METHOD, decltype(&BIO_meth_free)> made(
          BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "connectrpc stream"), &BIO_meth_free);
      BIO_meth_set_write(made.get(), [](BIO* bio, const char* data, int size) {
        return static_cast<TlsStream*>(BIO_get_data(bio))->take(bio, data, size);
      });
      BIO_meth_set_read(made.get(), [](BIO* bio, char* data, int size) {
        return static_cast<TlsStream*>(BIO_get_data(bio))->give(bio, data, size);
      });
      BIO_meth_set_ctrl(made.get(), [](BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH ? 1L : 0L; });
      return made;
    }();
    return method.get();
  }

  int take(BIO* bio, const char* data, int size) {
    BIO_clear_retry_flags(bio);
    if (size <= 0) return 0;
    if (out_.size() - sent_ >= largest_unsent) {
      BIO_set_retry_write(bio);
      return -1;
    }
    if (out_.empty()) out_ = base::borrow_string();
    out_.append(data, static_cast<std::size_t>(size));
    return size;
  }

  int give(BIO* bio, char* data, int size) {
    BIO_clear_retry_flags(bio);
    if (size <= 0) return 0;
    const IoResult result = transport_->read(std::span(data, static_cast<std::size_t>(size)));
    switch (result.status) {
      case IoResult::Status::ok:
        if (first_bytes_.size() < 5) first_bytes_.append(data, std::min<std::size_t>(result.size, 5));
        return static_cast<int>(result.size);
      case IoResult::Status::would_block: BIO_set_retry_read(bio); return -1;
      case IoResult::Status::eof: transport_ended_ = true; return 0;
      case IoResult::Status::failed: transport_failure_ = transport_->failure(); return -1;
    }
    return -1;
  }

  // Notes why the other's certificate is refused; OpenSSL keeps no more than a number.
  static int verified(int good, X509_STORE_CTX* store) {
    if (good == 1) return 1;
    const auto* ssl = static_cast<const SSL*>(X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
    auto* stream = static_cast<TlsStream*>(SSL_get_app_data(ssl));
    stream->verify_failure_ = stream->explain_certificate(store);
    return 0;
  }

  std::string explain_certificate(X509_STORE_CTX* store) const {
    const int error = X509_STORE_CTX_get_error(store);
    X509* current = X509_STORE_CTX_get_current_cert(store);
    const std::string reason = X509_verify_cert_error_string(error);
    std::string text = "certificate verify failed: " + reason;
    if (current == nullptr) return text;
    const Certificate certificate = describe_certificate(current);
    switch (error) {
      case X509_V_ERR_HOSTNAME_MISMATCH:
      case X509_V_ERR_IP_ADDRESS_MISMATCH:
        return text + ": expected \"" + expected_name_ + "\", the certificate is for " + names_in(certificate);
      case X509_V_ERR_CERT_HAS_EXPIRED: text += " on " + utc_text(certificate.not_after); break;
      case X509_V_ERR_CERT_NOT_YET_VALID: text += " before " + utc_text(certificate.not_before); break;
      default: break;
    }
    return text + " (subject \"" + certificate.subject + "\", issuer \"" + certificate.issuer + "\")";
  }

  std::string_view other() const noexcept { return side_ == Side::client ? "the server" : "the client"; }

  // A record of TLS begins with a type from 20 to 23.
  bool peer_speaks_tls() const noexcept {
    return first_bytes_.empty() || (first_bytes_[0] >= 20 && first_bytes_[0] <= 23);
  }

  bool peer_speaks_http() const noexcept {
    return side_ == Side::server
               ? first_bytes_.size() >= 3 && std::all_of(first_bytes_.begin(), first_bytes_.begin() + 3,
                                                         [](char c) { return c >= 'A' && c <= 'Z'; })
               : first_bytes_.starts_with("HTTP/");
  }

  // Why OpenSSL gave up; empties its queue.
  std::string explain() {
    const unsigned long error = ERR_peek_error();
    const std::string reason = take_openssl_reason();
    const std::string who(other());
    if (!verify_failure_.empty()) return verify_failure_;
    if (!peer_speaks_tls() && !established_) {
      if (side_ == Side::client)
        return "the server does not speak TLS on this port" +
               std::string(peer_speaks_http() ? ": it answered in plain HTTP" : "");
      return peer_speaks_http() ? "the client spoke plain HTTP to a port that speaks TLS"
                                : "the client does not speak TLS";
    }
    if (ERR_GET_LIB(error) == ERR_LIB_SSL && ERR_GET_REASON(error) >= SSL_AD_REASON_OFFSET)
      return explain_alert(ERR_GET_REASON(error) - SSL_AD_REASON_OFFSET);
    if (!transport_failure_.empty()) return transport_failure_;
    if (transport_ended_) return who + " closed the connection during the TLS handshake";
    return (established_ ? "TLS failed: " : "TLS handshake failed: ") + reason;
  }

  std::string explain_alert(int alert) const {
    std::string text(other());
    text += " ended TLS with the alert \"";
    // OpenSSL 3.0 has no word for this one.
    text += alert == SSL_AD_CERTIFICATE_REQUIRED ? "certificate required" : SSL_alert_desc_string_long(alert);
    text += '"';
    switch (alert) {
      case SSL_AD_CERTIFICATE_REQUIRED: return text + ": it requires a client certificate";
      case SSL_AD_NO_APPLICATION_PROTOCOL: return text + ": it speaks none of the protocols offered";
      case SSL_AD_UNKNOWN_CA: return text + ": it does not trust the authority behind our certificate";
      default: return text;
    }
  }

  void advance() {
    ERR_clear_error();
    const int done = SSL_do_handshake(ssl_);
    const int error = done == 1 ? SSL_ERROR_NONE : SSL_get_error(ssl_, done);
    switch (error) {
      case SSL_ERROR_NONE: return establish();
      case SSL_ERROR_WANT_READ: flush(); return transport_->wait_readable();
      case SSL_ERROR_WANT_WRITE:
        if (flush()) transport_->wait_writable();
        return;
      default: return give_up();
    }
  }

  void establish() {
    phase_ = Phase::open;
    established_ = true;
    TlsInfo info;
    info.version = SSL_get_version(ssl_);
    info.cipher = SSL_get_cipher_name(ssl_);
    info.alpn = alpn();
    if (const char* name = SSL_get_servername(ssl_, TLSEXT_NAMETYPE_host_name)) info.sni = name;
    X509* certificate = SSL_get0_peer_certificate(ssl_);
    const bool checked = (SSL_get_verify_mode(ssl_) & SSL_VERIFY_PEER) != 0 && SSL_get_verify_result(ssl_) == X509_V_OK;
    if (certificate != nullptr && checked) info.certificate = describe_certificate(certificate);
    peer_ = transport_->peer().with_tls(std::move(info));
    const bool flushed = flush();
    if (shutdown_asked_) say_goodbye();
    if (wants_write_ && flushed) writable_.post();
    if (wants_read_) await_readable();
  }

  // The handshake has failed.
  void give_up() {
    std::string reason = explain();
    if (side_ == Side::server && !peer_speaks_tls() && peer_speaks_http()) {
      drop_output();
      out_ = base::borrow_string();
      out_ += plain_text_answer;
    }
    if (side_ == Side::client || out_.empty() || transport_ended_ || !transport_failure_.empty()) {
      flush();
      return fail(std::move(reason));
    }
    phase_ = Phase::refusing;
    failure_ = std::move(reason);
    shutdown_ready_ = true;
    TimerQueue::of(loop()).schedule(*this, TimerQueue::Clock::now() + refusal_time);
    flush();
    transport_->wait_readable();
  }

  void discard_input() {
    ReadBuffer buffer;
    for (;;) {
      const IoResult result = transport_->read(buffer.span());
      if (result.status == IoResult::Status::would_block) return transport_->wait_readable();
      refused_bytes_ += result.size;
      if (result.status != IoResult::Status::ok || refused_bytes_ >= refusal_bytes) return fail(std::move(failure_));
    }
  }

  void on_timer() override { fail(std::move(failure_)); }

  void fail(std::string reason) {
    phase_ = Phase::failed;
    failure_ = std::move(reason);
    if (scheduled()) TimerQueue::of(loop()).cancel(*this);
    if (wants_read_) readable_.post();
    if (wants_write_) writable_.post();
  }

  // Hands what OpenSSL has written to the transport; whether nothing is left. Asks to be called again otherwise.
  bool flush() {
    while (!out_.empty()) {
      const IoResult result = transport_->write(std::string_view(out_).substr(sent_));
      if (result.status == IoResult::Status::would_block) {
        transport_->wait_writable();
        return false;
      }
      if (result.status != IoResult::Status::ok) {
        write_failure_ = transport_->failure();
        drop_output();
        break;
      }
      sent_ += result.size;
      if (sent_ == out_.size()) drop_output();
    }
    if (std::exchange(shutdown_ready_, false)) transport_->shutdown_write();
    return true;
  }

  void drop_output() noexcept {
    base::give_back(out_);
    sent_ = 0;
  }

  void say_goodbye() {
    ERR_clear_error();
    if (write_failure_.empty()) SSL_shutdown(ssl_);
    ERR_clear_error();
    shutdown_ready_ = true;
    flush();
  }

  void await_readable() {
    if (transport_ended_ || (!starved_ && !read_wants_write_ && SSL_has_pending(ssl_) == 1))
      readable_.post();
    else if (!read_wants_write_)
      transport_->wait_readable();
  }

  void notify_readable() {
    if (phase_ == Phase::closed || !std::exchange(wants_read_, false)) return;
    if (observer() != nullptr) observer()->on_readable();
  }

  void notify_writable() {
    if (phase_ == Phase::closed || !std::exchange(wants_write_, false)) return;
    if (observer() != nullptr) observer()->on_writable();
  }

  void on_readable() override {
    switch (phase_) {
      case Phase::handshaking: return advance();
      case Phase::refusing: return discard_input();
      case Phase::open: starved_ = false; return notify_readable();
      case Phase::failed:
      case Phase::closed: return;
    }
  }

  void on_writable() override {
    switch (phase_) {
      case Phase::handshaking:
        if (flush()) advance();
        return;
      case Phase::refusing: flush(); return;
      case Phase::open:
        if (!flush()) return;
        if (std::exchange(read_wants_write_, false) && wants_read_) readable_.post();
        return notify_writable();
      case Phase::failed: flush(); return;
      case Phase::closed: return;
    }
  }

  std::unique_ptr<Stream> transport_;
  Side side_;
  Phase phase_ = Phase::handshaking;
  bool established_ = false;
  bool wants_read_ = false;
  bool wants_write_ = false;
  bool starved_ = false;           // OpenSSL has less than a record
  bool read_wants_write_ = false;  // reading goes on when there is room to answer
  bool transport_ended_ = false;
  bool shutdown_asked_ = false;
  bool shutdown_ready_ = false;  // the transport is to be shut down after what is in out_
  std::size_t sent_ = 0;
  std::size_t refused_bytes_ = 0;
  std::shared_ptr<const void> settings_;
  SSL* ssl_ = nullptr;
  std::string out_;
  std::string first_bytes_;
  std::string expected_name_;
  std::string verify_failure_;
  std::string transport_failure_;
  std::string write_failure_;
  std::string failure_;
  Peer peer_;
  Deferred readable_;
  Deferred writable_;
};

}  // namespace

void prepare(const TlsConfig& config) { detail::TlsAccess::settings(config)->context(); }

void prepare(const TlsClientConfig& config) { detail::TlsAccess::settings(config)->context(); }

std::unique_ptr<Stream> make_tls_client(std::unique_ptr<Stream> transport, const TlsClientConfig& config,
                                        std::string_view host, const std::vector<std::string>& alpn) {
  const std::shared_ptr<const ClientTls> settings = detail::TlsAccess::settings(config);
  auto stream = std::make_unique<TlsStream>(std::move(transport), TlsStream::Side::client, settings);
  if (!settings->server_name.empty()) host = settings->server_name;
  // The dot of an absolute name is no part of it in certificates (RFC 6066 section 3).
  if (host.size() > 1 && host.ends_with('.')) host.remove_suffix(1);
  try {
    if (stream->open(settings->context())) stream->begin_client(host, encode_alpn(alpn), !settings->skip_verify);
  } catch (const std::invalid_argument& mistake) {
    stream->refuse(mistake.what());
  }
  return stream;
}

std::unique_ptr<Stream> make_tls_server(std::unique_ptr<Stream> transport, const TlsConfig& config) {
  const std::shared_ptr<const ServerTls> settings = detail::TlsAccess::settings(config);
  auto stream = std::make_unique<TlsStream>(std::move(transport), TlsStream::Side::server, settings);
  try {
    if (stream->open(settings->context())) stream->begin_server();
  } catch (const std::invalid_argument& mistake) {
    stream->refuse(mistake.what());
  }
  return stream;
}

}  // namespace connectrpc::io
