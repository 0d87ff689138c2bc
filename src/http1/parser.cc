// The receiving half of HTTP/1.1, on Boost.Beast's parser; the only file that includes Beast.
#include "http1/parser.h"

#include <algorithm>
#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/optional.hpp>
#include <limits>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/ascii.h"
#include "base/decimal.h"
#include "connectrpc/detail/headers_access.h"
#include "http1/line_scanner.h"
#include "http1/target.h"

namespace connectrpc::http1 {
namespace {

namespace beast = boost::beast;
using BeastField = beast::http::field;
using BeastError = beast::http::error;

// Chunk extensions mean nothing to us and have been used to make servers read for nothing.
constexpr std::size_t max_chunk_line = 1024;
// Each option costs a walk over the headers.
constexpr std::size_t max_connection_options = 32;
// What each field counts beside its bytes, as in RFC 9113 §10.5.1.
constexpr std::size_t field_cost = 32;
// Keeps the sum of limits and positions, and Headers' 32-bit sizes, far from wrapping round.
constexpr std::size_t largest_limit = std::size_t{1} << 30;
// A head that came in pieces leaves its buffer behind; a larger one is not kept.
constexpr std::size_t kept_buffer = 4096;

std::string_view to_std(beast::string_view text) { return {text.data(), text.size()}; }

std::string_view describe(const beast::error_code& error) {
  switch (static_cast<BeastError>(error.value())) {
    case BeastError::bad_method: return "the method is not a token";
    case BeastError::bad_target: return "the request target is empty or has a space or control character";
    case BeastError::bad_version: return "the start line has no valid HTTP version";
    case BeastError::bad_status: return "the status is not a number of three digits";
    case BeastError::bad_reason: return "the reason phrase has a control character";
    case BeastError::bad_field: return "a field name is not a token followed by a colon";
    case BeastError::bad_value: return "the value of a field has the wrong form";
    case BeastError::bad_content_length: return "Content-Length is not a number or stands beside Transfer-Encoding";
    case BeastError::multiple_content_length: return "the Content-Length fields differ";
    case BeastError::bad_transfer_encoding: return "Transfer-Encoding is repeated or stands beside Content-Length";
    case BeastError::bad_chunk: return "a chunk does not begin with a hexadecimal size";
    case BeastError::bad_chunk_extension: return "a chunk extension has the wrong form";
    default: return "it has the wrong form";
  }
}

// Bytes for people: printable ones as they are.
std::string quote(std::string_view bytes) {
  std::string text = "\"";
  for (const char c : bytes) {
    if (c >= 0x20 && c < 0x7f) {
      text += c;
    } else {
      constexpr std::string_view digits = "0123456789abcdef";
      const auto byte = static_cast<unsigned char>(c);
      text += "\\x";
      text += digits[byte >> 4];
      text += digits[byte & 15];
    }
  }
  return text + '"';
}

std::string limit_text(std::size_t limit) {
  return "the header fields exceed the limit of " + std::to_string(limit) + " bytes (option header_list_limit)";
}

// What Beast's callbacks leave behind.
struct Gathered {
  explicit Gathered(std::size_t header_list) : limit(header_list) {}

  void refuse(int status, std::string text) {
    if (!fault) fault = Fault{status, std::move(text)};
  }
  void count(std::size_t bytes) {
    counted += bytes;
    if (counted > limit) refuse_size();
  }
  void refuse_size();
  void add(BeastField field, std::string_view name, std::string_view value) {
    count(name.size() + value.size() + field_cost);
    if (fault) return;
    if (field != BeastField::unknown) return add_known(field, name, value);
    detail::HeadersAccess::append(in_trailers ? trailers : head.headers, name, value);
  }
  void add_known(BeastField field, std::string_view name, std::string_view value);
  void add_connection(std::string_view value);
  void add_content_length(std::string_view value);
  void add_content_type(std::string_view lines);
  void finish_head(bool is_request);
  void finish_request_head();

  const std::size_t limit;
  std::size_t counted = 0;
  std::optional<Fault> fault;
  MessageHead head;
  Headers trailers;
  bool in_trailers = false;
  std::uint64_t chunk_size = 0;
  std::string_view body;

  std::size_t hosts = 0;
  bool transfer_encoding = false;
  bool connection_close = false;
  bool connection_keep_alive = false;
  std::vector<std::string> connection_options;
  std::string content_length_text;
};

[[gnu::noinline]] void Gathered::refuse_size() { refuse(431, limit_text(limit)); }

// One that Beast has a name for.
void Gathered::add_known(BeastField field, std::string_view name, std::string_view value) {
  if (in_trailers) {
    // RFC 9110 §6.5.1: they would change what has been acted on.
    if (field == BeastField::host || field == BeastField::content_length || field == BeastField::transfer_encoding)
      return refuse(400, "the trailers have a field that belongs into the head");
    detail::HeadersAccess::append(trailers, name, value);
    return;
  }
  switch (field) {
    case BeastField::host:
      if (++hosts > 1) refuse(400, "there are two Host fields");
      head.authority = value;
      return;
    case BeastField::connection: return add_connection(value);
    case BeastField::content_length: return add_content_length(value);
    case BeastField::transfer_encoding:
      transfer_encoding = true;
      if (!base::equals_lower(value, "chunked")) refuse(400, "the only Transfer-Encoding is chunked");
      return;
    case BeastField::expect:
      if (!base::equals_lower(value, "100-continue")) refuse(417, "the only expectation is 100-continue");
      head.expectation = Expectation::go_ahead;
      break;
    case BeastField::keep_alive:
    case BeastField::proxy_connection:
    case BeastField::te:
    case BeastField::upgrade:
    case BeastField::http2_settings: return;
    default: break;
  }
  detail::HeadersAccess::append(head.headers, name, value);
}

void Gathered::add_connection(std::string_view value) {
  base::for_each_comma_part(value, [this](std::string_view option) {
    if (base::equals_lower(option, "close")) {
      connection_close = true;
    } else if (base::equals_lower(option, "keep-alive")) {
      connection_keep_alive = true;
    } else if (!option.empty()) {
      connection_options.push_back(base::to_lower(option));
    }
    return connection_options.size() <= max_connection_options;
  });
  if (connection_options.size() > max_connection_options) refuse(400, "Connection names too many fields");
}

void Gathered::add_content_length(std::string_view value) {
  if (!content_length_text.empty()) {
    if (value != content_length_text) refuse(400, "the Content-Length fields differ");
    return;
  }
  content_length_text = value;
  const auto length = base::parse_decimal<std::uint64_t>(value);
  if (!length) return refuse(400, "Content-Length is not a number");
  head.content_length = length;
}

// Of a head that is refused for its size: it decides about the form of the refusal, wherever it stands.
void Gathered::add_content_type(std::string_view lines) {
  constexpr std::string_view type_name = "content-type";
  if (head.headers.contains(type_name)) return;
  while (!lines.empty()) {
    const std::size_t end = lines.find("\r\n");
    // The last line may be cut off.
    if (end == std::string_view::npos) return;
    const std::string_view line = lines.substr(0, end);
    lines.remove_prefix(end + 2);
    if (const std::size_t colon = line.find(':'); base::equals_lower(line.substr(0, colon), type_name))
      return detail::HeadersAccess::append(head.headers, type_name, base::trim(line.substr(colon + 1)));
  }
}

void Gathered::finish_head(bool is_request) {
  for (const std::string& option : connection_options) head.headers.erase(option);
  const bool http1_0 = head.version == HttpVersion::http1_0;
  if (transfer_encoding && http1_0) return refuse(400, "HTTP/1.0 has no Transfer-Encoding");
  head.chunked = transfer_encoding;
  head.keep_alive = !connection_close && (!http1_0 || connection_keep_alive);
  if (is_request) finish_request_head();
}

void Gathered::finish_request_head() {
  // RFC 9110 §10.1.1: to be ignored in HTTP/1.0.
  if (head.version == HttpVersion::http1_0) head.expectation = Expectation::none;
  if (hosts == 0 && head.version == HttpVersion::http1_1) return refuse(400, "there is no Host field");
  if (const std::string_view text = host_fault(head.authority); !text.empty()) return refuse(400, std::string(text));
  if (head.method == "CONNECT") return refuse(501, "this server makes no tunnels");
  if (const std::string_view text = resolve_target(head.method, head.target, head.authority); !text.empty())
    return refuse(400, std::string(text));
}

// Beast's callbacks for one message.
template <bool is_request>
class Engine final : public beast::http::basic_parser<is_request> {
  using Ec = beast::error_code;
  using View = beast::string_view;

 public:
  explicit Engine(Gathered& gathered) : gathered_(gathered) {}

 private:
  void pass_fault(Ec& error) const {
    if (gathered_.fault) error = BeastError::bad_value;
  }
  static HttpVersion version(int number) { return number == 10 ? HttpVersion::http1_0 : HttpVersion::http1_1; }

  void on_request_impl(beast::http::verb, View method, View target, int number, Ec& error) override {
    gathered_.head.method = to_std(method);
    gathered_.head.target = to_std(target);
    gathered_.head.version = version(number);
    gathered_.count(target.size());
    pass_fault(error);
  }
  void on_response_impl(int code, View, int number, Ec&) override {
    gathered_.head.status = code;
    gathered_.head.version = version(number);
  }
  void on_field_impl(BeastField field, View name, View value, Ec& error) override {
    gathered_.add(field, to_std(name), to_std(value));
    pass_fault(error);
  }
  void on_header_impl(Ec& error) override {
    gathered_.finish_head(is_request);
    pass_fault(error);
  }
  void on_body_init_impl(const boost::optional<std::uint64_t>&, Ec&) override {}
  std::size_t on_body_impl(View bytes, Ec&) override {
    gathered_.body = to_std(bytes);
    return bytes.size();
  }
  void on_chunk_header_impl(std::uint64_t size, View, Ec&) override {
    gathered_.chunk_size = size;
    gathered_.in_trailers = size == 0;
    gathered_.counted = 0;
  }
  std::size_t on_chunk_body_impl(std::uint64_t, View bytes, Ec&) override {
    gathered_.body = to_std(bytes);
    return bytes.size();
  }
  void on_finish_impl(Ec&) override {}

  Gathered& gathered_;
};

template <bool is_request>
class MessageParser final : public Parser {
 public:
  explicit MessageParser(std::size_t header_list) : limit_(std::min(header_list, largest_limit)) {
    MessageParser::restart(false);
  }

  Event next(std::string_view& input) override;
  Event end() override;
  void restart(bool bodiless) override;

  MessageHead& head() override { return gathered_->head; }
  std::string_view body() const override { return gathered_->body; }
  Headers& trailers() override { return gathered_->trailers; }
  const Fault& fault() const override { return *gathered_->fault; }
  bool begun() const override {
    return phase_ != Phase::before && (phase_ != Phase::start_line || scanner_.size() > 0);
  }
  std::optional<std::uint64_t> rest() const override {
    return phase_ == Phase::body ? std::optional<std::uint64_t>(rest_) : std::nullopt;
  }

 private:
  enum class Phase : std::uint8_t {
    before,     // an empty line may come (RFC 9112 §2.2)
    before_lf,  // its CR has come
    start_line,
    fields,
    body,  // by content-length
    body_to_end,
    chunk_line,
    chunk_data,
    chunk_cr,
    chunk_lf,
    trailers,
    complete,
    failed,
  };

  // What one phase did: an event, or nothing and the next phase is to go on.
  using Step = std::optional<Event>;

  Step expect(char c, Phase then, std::string_view text, std::string_view& input);
  Step take_start_line(std::string_view& input);
  Step take_fields(std::string_view& input);
  Step take_body(std::string_view& input, std::uint64_t rest);
  Step take_chunk_line(std::string_view& input);
  Step take_trailers(std::string_view& input);
  Step take_block(std::string_view& input, std::size_t limit, std::string_view& block);
  Step check_signature(std::string_view& input);
  bool feed(std::string_view block, beast::error_code& error);
  void begin_block(Phase phase, LineScanner::Until until) {
    phase_ = phase;
    scanner_.start(until);
  }
  void drop_pending() {
    if (pending_.capacity() > kept_buffer) {
      pending_ = std::string();
    } else {
      pending_.clear();
    }
  }
  Event fail(int status, std::string text) {
    gathered_->refuse(status, std::move(text));
    phase_ = Phase::failed;
    pending_ = std::string();
    return Event::failed;
  }
  Event fail(const beast::error_code& error) { return fail(400, std::string(describe(error))); }
  Event fail_size();
  Event fail(LineScanner::Result result);

  const std::size_t limit_;
  std::optional<Gathered> gathered_;
  std::optional<Engine<is_request>> engine_;
  Phase phase_ = Phase::before;
  LineScanner scanner_;
  // The part of the present block that came in earlier input.
  std::string pending_;
  std::uint64_t rest_ = 0;
  // The first bytes of an answer: they tell whether it is HTTP/1 at all.
  std::array<char, 24> probe_{};
  std::size_t probe_size_ = 0;
  bool is_http1_ = false;
};

template <bool is_request>
void MessageParser<is_request>::restart(bool bodiless) {
  gathered_.emplace(limit_);
  engine_.emplace(*gathered_);
  // The scanner bounds every block before Beast sees it; Beast's own limits must only be no smaller.
  engine_->header_limit(static_cast<std::uint32_t>(2 * largest_limit));
  engine_->body_limit(boost::none);
  if constexpr (!is_request) engine_->skip(bodiless);
  begin_block(is_request ? Phase::before : Phase::start_line, LineScanner::Until::line_end);
  pending_.clear();
  rest_ = 0;
  probe_size_ = 0;
  is_http1_ = false;
}

template <bool is_request>
Parser::Event MessageParser<is_request>::next(std::string_view& input) {
  while (true) {
    Step step;
    if (phase_ == Phase::complete) return Event::complete;
    if (phase_ == Phase::failed) return Event::failed;
    if (phase_ == Phase::body && rest_ == 0) {
      phase_ = Phase::complete;
      return Event::complete;
    }
    if (input.empty()) return Event::need_more;
    switch (phase_) {
      case Phase::before:
        if (input.front() != '\r') {
          phase_ = Phase::start_line;
        } else {
          input.remove_prefix(1);
          phase_ = Phase::before_lf;
        }
        break;
      case Phase::before_lf: step = expect('\n', Phase::start_line, "a line ends in CR alone", input); break;
      case Phase::start_line: step = take_start_line(input); break;
      case Phase::fields: step = take_fields(input); break;
      case Phase::body: step = take_body(input, rest_); break;
      case Phase::body_to_end: step = take_body(input, std::numeric_limits<std::uint64_t>::max()); break;
      case Phase::chunk_line: step = take_chunk_line(input); break;
      case Phase::chunk_data: step = take_body(input, rest_); break;
      case Phase::chunk_cr: step = expect('\r', Phase::chunk_lf, "a chunk is longer than its size says", input); break;
      case Phase::chunk_lf:
        step = expect('\n', Phase::chunk_line, "a chunk is longer than its size says", input);
        if (!step) {
          begin_block(Phase::chunk_line, LineScanner::Until::line_end);
          // Beast reads the end of a chunk together with the next size.
          pending_ = "\r\n";
        }
        break;
      case Phase::trailers: step = take_trailers(input); break;
      case Phase::complete:
      case Phase::failed: break;
    }
    if (step) return *step;
  }
}

template <bool is_request>
Parser::Event MessageParser<is_request>::end() {
  switch (phase_) {
    case Phase::body_to_end: phase_ = Phase::complete; return Event::complete;
    case Phase::complete: return Event::complete;
    case Phase::failed: return Event::failed;
    case Phase::before:
    case Phase::before_lf:
    case Phase::start_line:
    case Phase::fields: return fail(400, "it ended in the middle of the head");
    case Phase::body:
      return fail(400, "it ended " + std::to_string(rest_) + " bytes before the end of a body of " +
                           gathered_->content_length_text);
    default: return fail(400, "it ended in the middle of a chunked body");
  }
}

template <bool is_request>
typename MessageParser<is_request>::Step MessageParser<is_request>::expect(char c, Phase then, std::string_view text,
                                                                           std::string_view& input) {
  if (input.front() != c) return fail(400, std::string(text));
  input.remove_prefix(1);
  phase_ = then;
  return {};
}

// Gives the block once it is there, else need_more or failed.
template <bool is_request>
typename MessageParser<is_request>::Step MessageParser<is_request>::take_block(std::string_view& input,
                                                                               std::size_t limit,
                                                                               std::string_view& block) {
  const std::string_view allowed = input.substr(0, limit - std::min(limit, scanner_.size()));
  std::size_t used = 0;
  const LineScanner::Result result = scanner_.scan(allowed, used);
  if (result == LineScanner::Result::more) {
    if (allowed.size() < input.size()) {
      pending_.append(allowed);
      return fail_size();
    }
    pending_.append(input);
    input = {};
    return Event::need_more;
  }
  if (result != LineScanner::Result::done) return fail(result);
  if (pending_.empty()) {
    block = input.substr(0, used);
  } else {
    pending_.append(input.substr(0, used));
    block = pending_;
  }
  input.remove_prefix(used);
  return {};
}

// Beast gets whole blocks only; whatever it does with one but take it whole is an error, or the wish for more.
template <bool is_request>
bool MessageParser<is_request>::feed(std::string_view block, beast::error_code& error) {
  const std::size_t taken = engine_->put(boost::asio::buffer(block.data(), block.size()), error);
  return taken == block.size() && (!error || error == BeastError::need_more);
}

template <bool is_request>
typename MessageParser<is_request>::Step MessageParser<is_request>::check_signature(std::string_view& input) {
  constexpr std::string_view signature = "HTTP/1.";
  if (is_http1_) return {};
  const std::size_t count = std::min(input.size(), probe_.size() - probe_size_);
  std::copy_n(input.begin(), count, probe_.begin() + static_cast<std::ptrdiff_t>(probe_size_));
  probe_size_ += count;
  const std::string_view seen(probe_.data(), probe_size_);
  if (signature.substr(0, seen.size()) == seen.substr(0, signature.size())) {
    is_http1_ = seen.size() >= signature.size();
    return {};
  }

  constexpr std::size_t http2_frame_head = 9;
  if (seen.front() == '\0') {
    if (seen.size() < http2_frame_head) {
      input = {};
      return Event::need_more;
    }
    const bool is_http2 = seen[3] == '\x04' || seen[3] == '\x07';  // SETTINGS, GOAWAY
    if (is_http2)
      return fail(400, "it is an HTTP/2 frame: the server speaks HTTP/2 on this port, HTTP/1.1 was spoken to it");
  }
  if (seen.front() == '\x15' && (seen.size() == 1 || seen[1] == '\x03'))
    return fail(400, "it is a TLS alert: the server wants TLS (https) on this port");
  return fail(400, "it begins with " + quote(seen) + " where \"HTTP/1.1\" was expected");
}

template <bool is_request>
typename MessageParser<is_request>::Step MessageParser<is_request>::take_start_line(std::string_view& input) {
  if constexpr (!is_request) {
    if (Step step = check_signature(input)) return step;
  }
  std::string_view line;
  if (Step step = take_block(input, limit_, line)) return step;
  if constexpr (is_request) {
    // Beast tells "HTTP/2.0" and "HTTQ" by the same error, but they have different answers.
    const std::string_view end = line.size() >= 11 ? line.substr(line.size() - 11) : std::string_view();
    if (end.starts_with(" HTTP/") && base::is_digit(end[6]) && end[7] == '.' && base::is_digit(end[8]) &&
        end.substr(6, 3) != "1.0" && end.substr(6, 3) != "1.1")
      return fail(505, "only HTTP/1.0 and HTTP/1.1 are understood in this form");
  } else {
    // Some servers leave out the space before an empty reason phrase; Beast does not forgive it.
    if (line.size() == 14) pending_ = std::string(line.substr(0, 12)) + " \r\n", line = pending_;
  }
  beast::error_code error;
  if (!feed(line, error) || error != BeastError::need_more) return fail(error);
  drop_pending();
  begin_block(Phase::fields, LineScanner::Until::empty_line);
  return {};
}

template <bool is_request>
typename MessageParser<is_request>::Step MessageParser<is_request>::take_fields(std::string_view& input) {
  std::string_view block;
  if (Step step = take_block(input, limit_, block)) return step;
  detail::HeadersAccess::reserve(gathered_->head.headers, scanner_.lines() - 1, block.size());
  beast::error_code error;
  if (!feed(block, error) || error) {
    if (gathered_->fault && gathered_->fault->status == 431) gathered_->add_content_type(block);
    return fail(error);
  }
  drop_pending();
  if (engine_->is_done()) {
    phase_ = Phase::complete;
  } else if (gathered_->head.chunked) {
    begin_block(Phase::chunk_line, LineScanner::Until::line_end);
  } else if (gathered_->head.content_length) {
    phase_ = Phase::body;
    rest_ = *gathered_->head.content_length;
  } else {
    phase_ = Phase::body_to_end;
  }
  return Event::head;
}

template <bool is_request>
typename MessageParser<is_request>::Step MessageParser<is_request>::take_body(std::string_view& input,
                                                                              std::uint64_t rest) {
  const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(rest, input.size()));
  beast::error_code error;
  if (!feed(input.substr(0, size), error) || error) return fail(error);
  input.remove_prefix(size);
  if (phase_ != Phase::body_to_end) {
    rest_ -= size;
    if (phase_ == Phase::chunk_data && rest_ == 0) phase_ = Phase::chunk_cr;
  }
  return Event::body;
}

template <bool is_request>
typename MessageParser<is_request>::Step MessageParser<is_request>::take_chunk_line(std::string_view& input) {
  std::string_view line;
  if (Step step = take_block(input, max_chunk_line, line)) return step;
  beast::error_code error;
  if (feed(line, error) && !error) {
    pending_.clear();
    phase_ = Phase::chunk_data;
    rest_ = gathered_->chunk_size;
    return {};
  }
  if (error != BeastError::need_more) return fail(error);
  // The last chunk, which Beast wants together with the trailers; or an extension that the line end should not have
  // ended, and more input must not be waited for.
  const std::string_view size = line.substr(line.find_first_not_of("\r\n"));
  if (std::string_view("\r;").find(size[size.find_first_not_of('0')]) == std::string_view::npos)
    return fail(400, std::string(describe(BeastError::bad_chunk_extension)));
  if (pending_.empty()) pending_ = line;
  begin_block(Phase::trailers, LineScanner::Until::empty_line);
  return {};
}

template <bool is_request>
typename MessageParser<is_request>::Step MessageParser<is_request>::take_trailers(std::string_view& input) {
  std::string_view block;
  if (Step step = take_block(input, limit_, block)) return step;
  beast::error_code error;
  if (!feed(block, error) || error) {
    // All lines are there: what Beast still waits for is the end of a quoted string.
    if (error == BeastError::need_more) error = BeastError::bad_chunk_extension;
    return fail(error);
  }
  drop_pending();
  phase_ = Phase::complete;
  return Event::complete;
}

template <bool is_request>
Parser::Event MessageParser<is_request>::fail_size() {
  switch (phase_) {
    case Phase::start_line:
      return fail(414, "the start line exceeds the limit of " + std::to_string(limit_) + " bytes");
    case Phase::chunk_line: return fail(400, "a chunk extension exceeds " + std::to_string(max_chunk_line) + " bytes");
    case Phase::fields: gathered_->add_content_type(pending_); [[fallthrough]];
    default: return fail(431, limit_text(limit_));
  }
}

template <bool is_request>
Parser::Event MessageParser<is_request>::fail(LineScanner::Result result) {
  switch (result) {
    case LineScanner::Result::bare_cr: return fail(400, "a line ends in CR alone");
    case LineScanner::Result::bare_lf: return fail(400, "a line ends in LF alone");
    case LineScanner::Result::folded_line: return fail(400, "a line of the head begins with a blank");
    default: return fail(400, "there is a control character in the head");
  }
}

}  // namespace

std::unique_ptr<Parser> make_request_parser(std::size_t header_list) {
  return std::make_unique<MessageParser<true>>(header_list);
}

std::unique_ptr<Parser> make_response_parser(std::size_t header_list) {
  return std::make_unique<MessageParser<false>>(header_list);
}

}  // namespace connectrpc::http1
