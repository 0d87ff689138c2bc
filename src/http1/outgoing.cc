// The sending half of a message: a body that waits, and how it is framed when it leaves.
#include "http1/outgoing.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>
#include <utility>

#include "http1/head_text.h"

namespace connectrpc::http1 {
namespace {

constexpr std::size_t compact_after = 32;

}  // namespace

void Outgoing::mute() {
  muted_ = true;
  pieces_.clear();
  first_ = front_ = unsent_ = 0;
}

void Outgoing::append(std::string bytes) {
  if (finished_ || dropped_ || bytes.empty()) return;
  total_ += bytes.size();
  if (muted_) return;
  unsent_ += bytes.size();
  peak_ = std::max(peak_, unsent_);
  // A queue that never runs empty would otherwise keep the places of all that has left.
  if (first_ > compact_after && first_ > pieces_.size() / 2) {
    pieces_.erase(pieces_.begin(), pieces_.begin() + static_cast<std::ptrdiff_t>(first_));
    first_ = 0;
  }
  pieces_.emplace_back(std::move(bytes));
}

void Outgoing::finish(Headers trailers) {
  if (finished_ || dropped_) return;
  finished_ = true;
  trailers_ = std::move(trailers);
}

void Outgoing::frame(Framing framing, std::uint64_t length) {
  framed_ = true;
  framing_ = framing;
  length_left_ = length;
  if (framing == Framing::none) mute();
}

void Outgoing::write(io::Output& out, std::size_t limit) {
  if (!framed_ || done_ || dropped_) return;
  std::size_t size = std::min(unsent_, limit - std::min(limit, out.size()));
  if (framing_ == Framing::length && size > length_left_) {
    size = static_cast<std::size_t>(length_left_);
    broken_ = true;
  }
  if (size != 0) {
    if (framing_ == Framing::chunked) {
      std::array<char, 16> digits;
      const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), size, 16).ptr;
      out.tail().append(digits.data(), end) += "\r\n";
      write_body(out, size);
      out.tail() += "\r\n";
    } else {
      write_body(out, size);
    }
    if (framing_ == Framing::length) length_left_ -= size;
  }
  if (!finished_ || (unsent_ != 0 && !broken_)) return;
  if (framing_ == Framing::length && length_left_ != 0) broken_ = true;
  if (framing_ == Framing::chunked) {
    out.tail() += "0\r\n";
    write_fields(out.tail(), trailers_);
    out.tail() += "\r\n";
  }
  done_ = true;
}

void Outgoing::write_body(io::Output& out, std::size_t size) {
  unsent_ -= size;
  while (size != 0) {
    io::BodyBytes& piece = pieces_[first_];
    const std::size_t part = std::min(size, piece.size() - front_);
    out.append(piece, front_, part);
    size -= part;
    front_ += part;
    if (front_ < piece.size()) return;
    piece.drop();
    front_ = 0;
    ++first_;
  }
  if (first_ == pieces_.size()) {
    pieces_.clear();
    first_ = 0;
  }
}

bool Outgoing::take_fall(std::size_t low_water) {
  if (peak_ <= low_water || unsent_ > low_water) return false;
  peak_ = unsent_;
  return true;
}

void Outgoing::drop() {
  mute();
  dropped_ = true;
}

}  // namespace connectrpc::http1
