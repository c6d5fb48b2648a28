#include "proto/base32.h"

namespace p2pchat {

namespace {

constexpr std::string_view kAlphabet = "abcdefghijklmnopqrstuvwxyz234567";

}  // namespace

std::string base32(ByteView bytes) {
  std::string text;
  text.reserve((bytes.size() * 8 + 4) / 5);
  std::uint32_t bits = 0;
  unsigned held = 0;
  for (const std::uint8_t byte : bytes) {
    bits = (bits << 8U | byte) & 0xfffU;
    held += 8;
    for (; held >= 5; held -= 5) text += kAlphabet[bits >> (held - 5) & 31U];
  }
  if (held > 0) text += kAlphabet[bits << (5 - held) & 31U];
  return text;
}

std::optional<Bytes> from_base32(std::string_view text) {
  Bytes bytes;
  bytes.reserve(text.size() * 5 / 8);
  std::uint32_t bits = 0;
  unsigned held = 0;
  for (const char character : text) {
    const std::size_t value = kAlphabet.find(character);
    if (value == std::string_view::npos) return std::nullopt;
    bits = (bits << 5U | static_cast<std::uint32_t>(value)) & 0xfffU;
    held += 5;
    if (held < 8) continue;
    held -= 8;
    bytes.push_back(static_cast<std::uint8_t>(bits >> held & 0xffU));
  }
  // A whole character too much, or bits behind the last byte that are not zero.
  if (held >= 5 || (bits & ((1U << held) - 1)) != 0) return std::nullopt;
  return bytes;
}

bool is_base32(std::string_view text) {
  return text.find_first_not_of(kAlphabet) == std::string_view::npos;
}

}  // namespace p2pchat
