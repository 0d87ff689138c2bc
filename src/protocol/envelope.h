// Envelopes: a byte of flags, four bytes of length, a message. gRPC's "length-prefixed messages" are the same.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace connectrpc::protocol {

inline constexpr std::size_t envelope_prefix = 5;

/// Bits of the first byte.
inline constexpr std::uint8_t flag_compressed = 0x01;
/// Connect: the end of the stream.
inline constexpr std::uint8_t flag_end_stream = 0x02;
/// gRPC-Web: the trailers.
inline constexpr std::uint8_t flag_trailers = 0x80;

/// Writes flags and length into the free bytes at `at` in front of a message of at most 4 GiB that ends with `body`.
void write_envelope_prefix(std::string& body, std::uint8_t flags, std::size_t at = 0) noexcept;

/// Cuts a body into envelopes, each given as a view of where it lies.
class EnvelopeReader {
 public:
  enum class Kind : std::uint8_t {
    need_more,
    envelope,
    end,        ///< the body ended between two envelopes
    truncated,  ///< or within one
    too_large,  ///< the prefix announces `size` bytes, more than its limit
  };
  struct Item {
    Kind kind = Kind::need_more;
    std::uint8_t flags = 0;
    /// Valid until `consumed` bytes leave the body.
    std::string_view payload;
    /// Bytes at the front of the body that are dealt with.
    std::size_t consumed = 0;
    /// With `need_more` how many bytes the body must hold for the next envelope, as far as that is known, else 0; with
    /// `too_large` what was announced; with `truncated` how much of it is missing.
    std::size_t size = 0;
  };

  /// The largest payload accepted, depending on the flags in front of it.
  struct Limits {
    std::size_t plain;
    std::size_t compressed;
    /// With any other flag than flag_compressed.
    std::size_t special;
  };

  explicit EnvelopeReader(Limits limits) noexcept : limits_(limits) {}

  /// `body`: what was not consumed yet; `ended`: nothing will follow it.
  Item read(std::string_view body, bool ended) noexcept;
  /// Whether anything of the body was seen.
  bool touched() const noexcept { return touched_; }

 private:
  std::size_t limit_for(std::uint8_t flags) const noexcept;

  Limits limits_;
  bool touched_ = false;
};

}  // namespace connectrpc::protocol
