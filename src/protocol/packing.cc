// Messages in the form that travels: limits and compression.
#include "protocol/packing.h"

#include <algorithm>
#include <limits>

namespace connectrpc::protocol {

EnvelopeReader::Limits envelope_limits(const Settings& settings) noexcept {
  return {settings.receive_limit, packed_limit(settings.receive_limit), packed_limit(control_limit(settings))};
}

Error receive_limit_error(std::uint64_t size, std::size_t limit) {
  const std::string what = size == 0 ? "a compressed message" : "a message of " + std::to_string(size) + " bytes";
  return Error(Code::resource_exhausted,
               what + " exceeds the receive limit of " + std::to_string(limit) + " bytes (option receive_limit)");
}

namespace {

// Empties a buffer for the next message of the same call; gives its memory back if that is more than messages usually
// take.
void recycle(std::string& buffer) {
  constexpr std::size_t most_kept = 64 * 1024;
  if (buffer.capacity() > most_kept) {
    std::string().swap(buffer);  // assigning an empty string would keep the capacity
  } else {
    buffer.clear();
  }
}

}  // namespace

std::optional<Error> unpack(const Compression& compression, std::string_view payload, std::size_t limit, Code broken,
                            std::string& out) {
  recycle(out);
  switch (compression.decompress(payload, limit, out)) {
    case Compression::Outcome::ok: return std::nullopt;
    case Compression::Outcome::too_large: return receive_limit_error(0, limit);
    case Compression::Outcome::broken: break;
  }
  return Error(broken, "a message of " + std::to_string(payload.size()) + " bytes is not valid " +
                           std::string(compression.name()));
}

namespace {

std::size_t most_sent(const Settings& settings) noexcept {
  // The length of an envelope has 32 bits.
  return std::min<std::size_t>(settings.send_limit, std::numeric_limits<std::uint32_t>::max());
}

Error send_limit_error(const Settings& settings, std::size_t size) {
  return Error(Code::resource_exhausted, "a message of " + std::to_string(size) + " bytes exceeds the send limit of " +
                                             std::to_string(most_sent(settings)) + " bytes (option send_limit)");
}

}  // namespace

Result<void> check_send_limit(const Settings& settings, std::size_t size) {
  if (size <= most_sent(settings)) return {};
  return send_limit_error(settings, size);
}

Result<void> pack_envelope(const Settings& settings, const Compression* compression, std::string& body,
                           std::size_t at) {
  const std::size_t size = body.size() - at - envelope_prefix;
  if (size > most_sent(settings)) {
    body.resize(at);
    return send_limit_error(settings, size);
  }
  if (!worth_packing(settings, compression, size)) {
    write_envelope_prefix(body, 0, at);
    return {};
  }
  std::string packed(body, 0, at + envelope_prefix);
  compression->compress(std::string_view(body).substr(at + envelope_prefix), packed);
  write_envelope_prefix(packed, flag_compressed, at);
  body = std::move(packed);
  return {};
}

}  // namespace connectrpc::protocol
