// Envelopes: a byte of flags, four bytes of length, a message.
#include "protocol/envelope.h"

#include <algorithm>

#include "protocol/growing_buffer.h"

namespace connectrpc::protocol {
namespace {

std::size_t read_size(std::string_view prefix) noexcept {
  const auto byte = [prefix](std::size_t i) { return std::size_t{static_cast<unsigned char>(prefix[i])}; };
  return byte(1) << 24 | byte(2) << 16 | byte(3) << 8 | byte(4);
}

}  // namespace

void write_envelope_prefix(std::string& body, std::uint8_t flags, std::size_t at) noexcept {
  const std::size_t size = body.size() - at - envelope_prefix;
  char* const prefix = body.data() + at;
  prefix[0] = static_cast<char>(flags);
  prefix[1] = static_cast<char>(size >> 24);
  prefix[2] = static_cast<char>(size >> 16);
  prefix[3] = static_cast<char>(size >> 8);
  prefix[4] = static_cast<char>(size);
}

std::size_t EnvelopeReader::limit_for(std::uint8_t flags) const noexcept {
  if (flags == 0) return limits_.plain;
  return flags == flag_compressed ? limits_.compressed : limits_.special;
}

EnvelopeReader::Item EnvelopeReader::read(std::string_view body, bool ended) {
  touched_ = touched_ || !body.empty();
  if (state_ == State::within) return resume(body, ended);
  if (state_ == State::given) {
    recycle(partial_);
    state_ = State::between;
  }
  Item item;
  if (body.size() < envelope_prefix) {
    if (!ended) return item;
    item.kind = body.empty() ? Kind::end : Kind::truncated;
    item.size = envelope_prefix - body.size();
    return item;
  }
  item.flags = static_cast<std::uint8_t>(body[0]);
  const std::size_t size = read_size(body);
  if (size > limit_for(item.flags)) {
    item.kind = Kind::too_large;
    item.size = size;
    return item;
  }
  body.remove_prefix(envelope_prefix);
  if (body.size() >= size) {
    item.kind = Kind::envelope;
    item.payload = body.substr(0, size);
    item.consumed = envelope_prefix + size;
    return item;
  }
  state_ = State::within;
  flags_ = item.flags;
  size_ = size;
  item = resume(body, ended);
  item.consumed += envelope_prefix;
  return item;
}

EnvelopeReader::Item EnvelopeReader::resume(std::string_view body, bool ended) {
  Item item;
  item.flags = flags_;
  item.consumed = std::min(body.size(), size_ - partial_.size());
  append_growing(partial_, body.substr(0, item.consumed), size_);
  if (partial_.size() == size_) {
    item.kind = Kind::envelope;
    item.payload = partial_;
    state_ = State::given;
  } else if (ended) {
    item.kind = Kind::truncated;
    item.size = size_ - partial_.size();
  }
  return item;
}

}  // namespace connectrpc::protocol
