// Bytes: the raw material of every message, owned or only looked at, and the
// fixed-size identifiers that are made of them.
//
// A Fixed<Tag, N> is N bytes with a meaning: two of them with different tags
// never mix. Pure; values; bounded by N.
#pragma once

#include <algorithm>
#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace p2pchat {

using Bytes = std::vector<std::uint8_t>;
using ByteView = std::span<const std::uint8_t>;

inline ByteView view(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}
inline std::string_view text_view(ByteView bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}
inline Bytes to_bytes(ByteView bytes) { return {bytes.begin(), bytes.end()}; }
inline Bytes to_bytes(std::string_view text) { return to_bytes(view(text)); }
inline std::string to_string(ByteView bytes) { return std::string(text_view(bytes)); }

template <class Tag, std::size_t N>
struct Fixed {
  static constexpr std::size_t kSize = N;

  std::array<std::uint8_t, N> bytes{};

  // Nothing unless `from` has exactly N bytes.
  static std::optional<Fixed> from(ByteView source) {
    if (source.size() != N) return std::nullopt;
    Fixed fixed;
    std::copy(source.begin(), source.end(), fixed.bytes.begin());
    return fixed;
  }

  ByteView view() const { return bytes; }
  bool is_zero() const {
    return std::all_of(bytes.begin(), bytes.end(), [](std::uint8_t byte) { return byte == 0; });
  }

  auto operator<=>(const Fixed&) const = default;
};

}  // namespace p2pchat
