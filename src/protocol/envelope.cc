// Envelopes: a byte of flags, four bytes of length, a message.
#include "protocol/envelope.h"

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

EnvelopeReader::Item EnvelopeReader::read(std::string_view body, bool ended) noexcept {
  touched_ = touched_ || !body.empty();
  Item item;
  std::size_t needed = envelope_prefix;
  if (body.size() >= envelope_prefix) {
    item.flags = static_cast<std::uint8_t>(body[0]);
    const std::size_t size = read_size(body);
    if (size > limit_for(item.flags)) {
      item.kind = Kind::too_large;
      item.size = size;
      return item;
    }
    needed += size;
    if (body.size() >= needed) {
      item.kind = Kind::envelope;
      item.payload = body.substr(envelope_prefix, size);
      item.consumed = needed;
      return item;
    }
    item.size = needed;
  }
  if (ended) {
    item.kind = body.empty() ? Kind::end : Kind::truncated;
    item.size = needed - body.size();
  }
  return item;
}

}  // namespace connectrpc::protocol
