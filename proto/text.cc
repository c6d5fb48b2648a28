#include "proto/text.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include "proto/address.h"
#include "proto/base32.h"
#include "proto/limits.h"

namespace p2pchat {

namespace {

constexpr std::string_view kReplacement = "\xef\xbf\xbd";  // U+FFFD.
constexpr std::size_t kIdCharacters = 52;

struct Range {
  char32_t first;
  char32_t last;
};

template <std::size_t N>
bool is_in(const std::array<Range, N>& ranges, char32_t point) {
  return std::any_of(ranges.begin(), ranges.end(), [point](const Range& range) {
    return range.first <= point && point <= range.last;
  });
}

// What a terminal obeys, or what nobody sees: controls, bidirectional marks, and Unicode's default
// ignorable code points except the variation selectors that emoji are written with (FE00-FE0F).
constexpr std::array kHidden = {
    Range{0x0000, 0x001f},   Range{0x007f, 0x009f},   Range{0x00ad, 0x00ad},
    Range{0x034f, 0x034f},   Range{0x061c, 0x061c},   Range{0x115f, 0x1160},
    Range{0x17b4, 0x17b5},   Range{0x180b, 0x180f},   Range{0x200b, 0x200f},
    Range{0x2028, 0x202e},   Range{0x2060, 0x206f},   Range{0x3164, 0x3164},
    Range{0xfdd0, 0xfdef},   Range{0xfeff, 0xfeff},   Range{0xffa0, 0xffa0},
    Range{0xfff0, 0xfffb},   Range{0x1bca0, 0x1bca3}, Range{0x1d173, 0x1d17a},
    Range{0xe0000, 0xe0fff},
};

// Spaces, and what looks like one.
constexpr std::array kSpaces = {
    Range{0x0020, 0x0020}, Range{0x00a0, 0x00a0}, Range{0x1680, 0x1680}, Range{0x2000, 0x200a},
    Range{0x202f, 0x202f}, Range{0x205f, 0x205f}, Range{0x2800, 0x2800}, Range{0x3000, 0x3000},
};

// Second spellings of what has a plainer one, so that two names may look the same: combining marks
// and jamo (composed forms exist), variation selectors, letters in circles, full width or
// mathematical dress, and the mark that stands for what was cleaned away.
constexpr std::array kSecondSpellings = {
    Range{0x0300, 0x036f},   Range{0x1100, 0x11ff}, Range{0x1ab0, 0x1aff}, Range{0x1dc0, 0x1dff},
    Range{0x20d0, 0x20ff},   Range{0x2100, 0x214f}, Range{0x2460, 0x24ff}, Range{0xfb00, 0xfb4f},
    Range{0xfe00, 0xfe0f},   Range{0xff00, 0xff5e}, Range{0xfffc, 0xfffd}, Range{0x1d400, 0x1d7ff},
    Range{0x1f100, 0x1f1ff},
};

// Alphabets whose letters look alike; `none` stands for all the rest.
enum class Alphabet { none, latin, greek, cyrillic, armenian, coptic, cherokee, lisu };

struct AlphabetRange {
  Range range;
  Alphabet alphabet;
};

constexpr std::array kAlphabets = {
    AlphabetRange{{'A', 'Z'}, Alphabet::latin},
    AlphabetRange{{'a', 'z'}, Alphabet::latin},
    AlphabetRange{{0x00aa, 0x00aa}, Alphabet::latin},
    AlphabetRange{{0x00ba, 0x00ba}, Alphabet::latin},
    AlphabetRange{{0x00c0, 0x00d6}, Alphabet::latin},
    AlphabetRange{{0x00d8, 0x00f6}, Alphabet::latin},
    AlphabetRange{{0x00f8, 0x02b8}, Alphabet::latin},
    AlphabetRange{{0x0370, 0x03e1}, Alphabet::greek},
    AlphabetRange{{0x03e2, 0x03ef}, Alphabet::coptic},
    AlphabetRange{{0x03f0, 0x03ff}, Alphabet::greek},
    AlphabetRange{{0x0400, 0x052f}, Alphabet::cyrillic},
    AlphabetRange{{0x0530, 0x058f}, Alphabet::armenian},
    AlphabetRange{{0x13a0, 0x13ff}, Alphabet::cherokee},
    AlphabetRange{{0x1c80, 0x1c8f}, Alphabet::cyrillic},
    AlphabetRange{{0x1d00, 0x1dbf}, Alphabet::latin},
    AlphabetRange{{0x1e00, 0x1eff}, Alphabet::latin},
    AlphabetRange{{0x1f00, 0x1fff}, Alphabet::greek},
    AlphabetRange{{0x2c60, 0x2c7f}, Alphabet::latin},
    AlphabetRange{{0x2c80, 0x2cff}, Alphabet::coptic},
    AlphabetRange{{0x2de0, 0x2dff}, Alphabet::cyrillic},
    AlphabetRange{{0xa4d0, 0xa4ff}, Alphabet::lisu},
    AlphabetRange{{0xa640, 0xa69f}, Alphabet::cyrillic},
    AlphabetRange{{0xa720, 0xa7ff}, Alphabet::latin},
    AlphabetRange{{0xab30, 0xab6f}, Alphabet::latin},
    AlphabetRange{{0xab70, 0xabbf}, Alphabet::cherokee},
};

Alphabet alphabet_of(char32_t point) {
  for (const AlphabetRange& entry : kAlphabets) {
    if (entry.range.first <= point && point <= entry.range.last) return entry.alphabet;
  }
  return Alphabet::none;
}

struct Point {
  char32_t value = 0;
  std::size_t bytes = 1;
  bool is_valid = false;
};

// By the number of bytes: which bits of the first one tell it, and the least value that needs it.
struct Form {
  std::uint8_t mask;
  std::uint8_t mark;
  char32_t least;
};
constexpr std::array kForms = {Form{0x80, 0x00, 0}, Form{0xe0, 0xc0, 0x80}, Form{0xf0, 0xe0, 0x800},
                               Form{0xf8, 0xf0, 0x10000}};

// The code point at the front of `text`, which is not empty; one byte if it is not UTF-8.
Point first_point(std::string_view text) {
  const auto byte_at = [text](std::size_t at) { return static_cast<std::uint8_t>(text[at]); };
  for (std::size_t bytes = 1; bytes <= kForms.size(); ++bytes) {
    const Form& form = kForms[bytes - 1];
    if ((byte_at(0) & form.mask) != form.mark) continue;
    if (text.size() < bytes) return {};
    char32_t value = byte_at(0) & static_cast<std::uint8_t>(~form.mask);
    for (std::size_t at = 1; at < bytes; ++at) {
      if ((byte_at(at) & 0xc0U) != 0x80U) return {};
      value = value << 6U | (byte_at(at) & 0x3fU);
    }
    const bool is_surrogate = 0xd800 <= value && value <= 0xdfff;
    if (value < form.least || value > 0x10ffff || is_surrogate) return {};
    return {value, bytes, true};
  }
  return {};
}

// Calls `see(point, its bytes)` for each code point.
template <class See>
void each_point(std::string_view text, See see) {
  while (!text.empty()) {
    const Point point = first_point(text);
    see(point, text.substr(0, point.bytes));
    text.remove_prefix(point.bytes);
  }
}

bool is_hidden(char32_t point) {
  const bool is_noncharacter = (point & 0xfffeU) == 0xfffeU;
  return is_noncharacter || is_in(kHidden, point);
}

bool reads_like_address(std::string_view name) {
  return name == "localhost" || name == "*" ||
         (name.find('.') != std::string_view::npos && is_host(name));
}

}  // namespace

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const Point point = first_point(text);
    if (!point.is_valid) return false;
    text.remove_prefix(point.bytes);
  }
  return true;
}

std::string as_utf8(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  each_point(text, [&out](const Point& point, std::string_view bytes) {
    out += point.is_valid ? bytes : kReplacement;
  });
  return out;
}

std::string cleaned(std::string_view text, bool keep_lines) {
  std::string out;
  out.reserve(text.size());
  each_point(text, [&out, keep_lines](const Point& point, std::string_view bytes) {
    const bool is_kept = keep_lines && (point.value == '\n' || point.value == '\t');
    const bool is_shown = point.is_valid && (is_kept || !is_hidden(point.value));
    out += is_shown ? bytes : kReplacement;
  });
  return out;
}

std::size_t count_points(std::string_view utf8) {
  std::size_t points = 0;
  each_point(utf8, [&points](const Point&, std::string_view) { ++points; });
  return points;
}

bool is_claimable_name(std::string_view name) {
  return name.size() <= kNameBytesMax && count_points(name) <= kNamePointsMax &&
         cleaned(name) == name;
}

bool is_plain_name(std::string_view name) {
  if (name.empty() || !is_claimable_name(name)) return false;
  if (name.front() == '-' || name.find_first_of(":@~/") != std::string_view::npos) return false;
  if (reads_like_address(name)) return false;
  if (name.size() == kIdCharacters && is_base32(name)) return false;
  bool is_plain = true;
  Alphabet alphabet = Alphabet::none;
  each_point(name, [&](const Point& point, std::string_view) {
    if (is_in(kSpaces, point.value) || is_in(kSecondSpellings, point.value)) is_plain = false;
    const Alphabet letter = alphabet_of(point.value);
    if (letter == Alphabet::none) return;
    if (alphabet != Alphabet::none && alphabet != letter) is_plain = false;
    alphabet = letter;
  });
  return is_plain;
}

}  // namespace p2pchat
