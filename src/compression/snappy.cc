// Snappy in its framing format.
#include "compression/snappy.h"

#include <snappy.h>

#include <algorithm>
#include <cstdint>

#include "compression/crc32c.h"
#include "compression/output.h"

namespace connectrpc::compression {
namespace {

constexpr std::string_view stream_identifier("\xff\x06\x00\x00sNaPpY", 10);
// The most that a chunk may unpack to.
constexpr std::size_t chunk_size = 65'536;
constexpr std::size_t chunk_header = 4;
constexpr std::size_t checksum_size = 4;

enum ChunkType : unsigned char {
  compressed = 0x00,
  uncompressed = 0x01,
  first_reserved_skippable = 0x80,
  identifier = 0xff,
};

void append_little_endian(std::string& out, std::uint32_t value, int count) {
  for (int i = 0; i < count; ++i) out += static_cast<char>(value >> 8 * i);
}

std::uint32_t read_little_endian(std::string_view bytes, std::size_t count) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < count; ++i) value |= std::uint32_t{static_cast<unsigned char>(bytes[i])} << 8 * i;
  return value;
}

// The format rotates checksums, so that one over data that has checksums within is not weak.
std::uint32_t masked_checksum(std::string_view bytes) {
  const std::uint32_t sum = crc32c(bytes);
  return (sum >> 15 | sum << 17) + 0xa282ead8U;
}

void append_chunk(std::string_view text, std::string& out) {
  const std::size_t header = out.size();
  out.append(chunk_header, '\0');
  append_little_endian(out, masked_checksum(text), checksum_size);
  const std::size_t body = out.size();
  out.resize(body + ::snappy::MaxCompressedLength(text.size()));
  std::size_t size = 0;
  ::snappy::RawCompress(text.data(), text.size(), out.data() + body, &size);
  ChunkType type = compressed;
  out.resize(body + size);
  if (size >= text.size() - text.size() / 8) {
    out.resize(body);
    out += text;
    type = uncompressed;
  }
  std::string prefix(1, static_cast<char>(type));
  append_little_endian(prefix, static_cast<std::uint32_t>(out.size() - header - chunk_header), 3);
  out.replace(header, chunk_header, prefix);
}

// Appends the text of one chunk; `most` is how large `out` may become.
Compression::Outcome unpack_chunk(unsigned char type, std::string_view body, std::size_t most, std::string& out) {
  using Outcome = Compression::Outcome;
  if (body.size() < checksum_size) return Outcome::broken;
  const std::uint32_t checksum = read_little_endian(body, checksum_size);
  body.remove_prefix(checksum_size);
  std::size_t size = body.size();
  if (type == compressed && !::snappy::GetUncompressedLength(body.data(), body.size(), &size)) return Outcome::broken;
  if (size > chunk_size) return Outcome::broken;
  const std::size_t before = out.size();
  if (size > most - before) return Outcome::too_large;
  grow(out, before + size, most);
  if (type == uncompressed) {
    std::copy(body.begin(), body.end(), out.begin() + static_cast<std::ptrdiff_t>(before));
  } else if (!::snappy::RawUncompress(body.data(), body.size(), out.data() + before)) {
    return Outcome::broken;
  }
  return masked_checksum(std::string_view(out).substr(before)) == checksum ? Outcome::ok : Outcome::broken;
}

}  // namespace

void Snappy::compress(std::string_view input, std::string& out) const {
  out += stream_identifier;
  for (; !input.empty(); input.remove_prefix(std::min(chunk_size, input.size())))
    append_chunk(input.substr(0, chunk_size), out);
  give_back(out);
}

Compression::Outcome Snappy::decompress(std::string_view input, std::size_t limit, std::string& out) const {
  const std::size_t before = out.size();
  const std::size_t most = largest_output(before, limit);
  Outcome outcome = input.starts_with(stream_identifier) ? Outcome::ok : Outcome::broken;
  while (outcome == Outcome::ok && !input.empty()) {
    const std::size_t size = input.size() < chunk_header ? 0 : read_little_endian(input.substr(1), 3);
    if (input.size() < chunk_header || input.size() - chunk_header < size) {
      outcome = Outcome::broken;
      break;
    }
    const auto type = static_cast<unsigned char>(input[0]);
    const std::string_view chunk = input.substr(0, chunk_header + size);
    input.remove_prefix(chunk.size());
    if (type == compressed || type == uncompressed) {
      outcome = unpack_chunk(type, chunk.substr(chunk_header), most, out);
    } else if (type == identifier ? chunk != stream_identifier : type < first_reserved_skippable) {
      outcome = Outcome::broken;
    }
  }
  if (outcome != Outcome::ok) out.resize(before);
  return outcome;
}

}  // namespace connectrpc::compression
