// Compression algorithms and the set of them that a server or a channel knows.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace connectrpc {

/// One algorithm under its name in `content-encoding` and `grpc-encoding`. Stateless to its callers: one object serves
/// all calls of all threads at once.
class Compression {
 public:
  enum class Outcome : std::uint8_t {
    ok,
    broken,     ///< the input is not of this format, or ends too early
    too_large,  ///< the output would exceed the limit
  };

  virtual ~Compression() = default;
  /// "gzip". Static.
  virtual std::string_view name() const noexcept = 0;
  /// Appends the compressed form of `input` to `out`.
  virtual void compress(std::string_view input, std::string& out) const = 0;
  /// Appends what `input` unpacks to, at most `limit` bytes; never allocates beyond the limit.
  virtual Outcome decompress(std::string_view input, std::size_t limit, std::string& out) const = 0;
};

/// The algorithms that one side knows, in order of preference. A value type; copies share the algorithms. Not to be
/// changed while calls use it.
class CompressionRegistry {
 public:
  /// Knows nothing but identity.
  CompressionRegistry() = default;
  /// Everything that this build of the library has.
  static const CompressionRegistry& built_in();

  /// Adds an algorithm, or replaces the one of the same name in its place.
  CompressionRegistry& add(std::shared_ptr<const Compression> compression);
  /// Null if it is not known. "identity" is never in here.
  const Compression* find(std::string_view name) const noexcept;
  /// The names, joined by ", ": what an accept-encoding field says. "" if there are none.
  const std::string& names() const noexcept { return names_; }
  /// The first algorithm of the peer's accept list (with weights, `*` and q=0 as RFC 9110 has them) that is known
  /// here; null where identity is all that both know.
  const Compression* negotiate(std::string_view accepted) const noexcept;

 private:
  std::vector<std::shared_ptr<const Compression>> compressions_;
  std::string names_;
};

}  // namespace connectrpc
