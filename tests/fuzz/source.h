// Source: the values that a fuzz target makes of its input, in the order of asking.
//
// When the input is used up, every value is zero or empty.
#pragma once

#include <algorithm>
#include <string>

#include "proto/crypto.h"

namespace p2pchat {

class Source {
 public:
  explicit Source(ByteView input) : rest_(input) {}

  ByteView bytes(std::size_t at_most) {
    const ByteView taken = rest_.first(std::min(at_most, rest_.size()));
    rest_ = rest_.subspan(taken.size());
    return taken;
  }
  std::uint64_t integer(std::size_t bytes_of_it = 8) {
    std::uint64_t value = 0;
    for (const std::uint8_t byte : bytes(bytes_of_it)) value = value << 8U | byte;
    return value;
  }
  // Of a length below 256 that the input names.
  std::string text() { return to_string(bytes(static_cast<std::size_t>(integer(1)))); }
  bool boolean() { return integer(1) % 2 == 1; }
  template <class T>
  T fixed() {
    T value;
    const ByteView taken = bytes(T::kSize);
    std::copy(taken.begin(), taken.end(), value.bytes.begin());
    return value;
  }
  bool is_empty() const { return rest_.empty(); }

 private:
  ByteView rest_;
};

// Signs whatever a target builds.
inline const Identity& fuzz_identity() {
  static const Identity kIdentity = [] {
    crypto_ready();
    return Identity::from_seed(Seed{});
  }();
  return kIdentity;
}

}  // namespace p2pchat
