#include "proto/text.h"

#include <gtest/gtest.h>

#include "proto/limits.h"
#include "tests/unit/proto/fixtures.h"

namespace p2pchat {
namespace {

const std::string kMark = "\xef\xbf\xbd";

std::string utf8(char32_t point) {
  const auto tail = [point](unsigned shift) {
    return static_cast<char>(0x80U | (point >> shift & 0x3fU));
  };
  if (point < 0x80) return {static_cast<char>(point)};
  if (point < 0x800) return {static_cast<char>(0xc0U | point >> 6U), tail(0)};
  if (point < 0x10000) return {static_cast<char>(0xe0U | point >> 12U), tail(6), tail(0)};
  return {static_cast<char>(0xf0U | point >> 18U), tail(12), tail(6), tail(0)};
}

TEST(Utf8, EveryCodePointButSurrogatesIsValid) {
  for (char32_t point = 0; point <= 0x10ffff; ++point) {
    const bool is_surrogate = 0xd800 <= point && point <= 0xdfff;
    ASSERT_EQ(is_utf8(utf8(point)), !is_surrogate) << std::hex << std::uint32_t{point};
  }
}

TEST(Utf8, OverlongCutAndStrayBytesAreNot) {
  for (const std::string_view text :
       {"\xc0\x80", "\xc1\xbf", "\xe0\x80\x80", "\xe0\x9f\xbf", "\xf0\x80\x80\x80",
        "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf8\x88\x80\x80\x80", "\xff", "\x80", "\xc3",
        "\xe2\x82", "\xf0\x9f\x98", "\xc3(", "ok\xfe"}) {
    EXPECT_FALSE(is_utf8(text));
  }
}

TEST(Utf8, RepairReplacesEachBadByteAndNothingElse) {
  EXPECT_EQ(as_utf8("a\x1b\xff\xe2\x82z\n"), "a\x1b" + kMark + kMark + kMark + "z\n");
}

TEST(Utf8, PointsAreCounted) {
  EXPECT_EQ(count_points("aä€😀"), 4U);
  EXPECT_EQ(count_points("\xff\xff"), 2U);
}

TEST(Cleaned, PlainTextStaysAsItIs) {
  const std::string_view text = "Grüße, 世界! ❤️ 😀 مرحبا שלום";

  EXPECT_EQ(cleaned(text), text);
}

TEST(Cleaned, EscapesAndControlsBecomeMarks) {
  EXPECT_EQ(cleaned("\x1b[31mred"), kMark + "[31mred");
  EXPECT_EQ(cleaned("a\r\n\tb\x7f"), "a" + kMark + kMark + kMark + "b" + kMark);
  EXPECT_EQ(cleaned("\xc2\x9b"
                    "31m"),
            kMark + "31m");
  EXPECT_EQ(cleaned(std::string_view("\0", 1)), kMark);
}

TEST(Cleaned, LinesAreKeptOnRequest) {
  EXPECT_EQ(cleaned("a\n\tb\r\x0b", true), "a\n\tb" + kMark + kMark);
}

TEST(Cleaned, InvisibleAndBidirectionalPointsBecomeMarks) {
  for (const char32_t point :
       {0xad,   0x34f,  0x61c,  0x115f, 0x180e,  0x200b,  0x200d,  0x200e,  0x200f,  0x2028,
        0x2029, 0x202a, 0x202e, 0x2060, 0x2066,  0x2069,  0x3164,  0xfdd0,  0xfeff,  0xffa0,
        0xfff9, 0xfffb, 0xfffe, 0xffff, 0x1fffe, 0xe0001, 0xe007f, 0xe0100, 0x10ffff}) {
    EXPECT_EQ(cleaned(utf8(point)), kMark) << std::hex << std::uint32_t{point};
  }
}

TEST(Cleaned, NoCodePointPassesThatATerminalObeys) {
  for (char32_t point = 0; point <= 0x10ffff; ++point) {
    const std::string text = cleaned(utf8(point));
    ASSERT_TRUE(is_utf8(text));
    ASSERT_EQ(cleaned(text), text);
    for (const char byte : text) ASSERT_TRUE(byte < 0 || (byte >= 0x20 && byte != 0x7f));
    ASSERT_FALSE(text.size() == 2 && text[0] == '\xc2' &&
                 static_cast<std::uint8_t>(text[1]) < 0xa0);
  }
}

TEST(Name, WordsOfManyTonguesArePlain) {
  for (const std::string_view name : {"anna", "Bob-2", "database", "Jörg", "Ольга", "Αθηνά",
                                      "田中さん", "أحمد", "김철수", "x", "42", "a_b!", "😀"}) {
    EXPECT_TRUE(is_plain_name(name)) << name;
  }
}

TEST(Name, WhatCommandsReadOtherwiseIsNotPlain) {
  for (const std::string_view name : {"", "a b", "a:b", "a@b", "a~b", "a/b", "-a",
                                      "a\xc2\xa0"
                                      "b",
                                      "a\xe3\x80\x80"
                                      "b",
                                      "a\tb", "a\n"}) {
    EXPECT_FALSE(is_plain_name(name)) << name;
  }
}

TEST(Name, WhatReadsLikeAnAddressIsNotPlain) {
  for (const std::string_view name : {"192.0.2.1", "host.example", "localhost", "host:7473", "*"}) {
    EXPECT_FALSE(is_plain_name(name)) << name;
  }
}

TEST(Name, WhatReadsLikeAnIdIsNotPlain) {
  const std::string id = to_text(fixture::kAnna.id());

  EXPECT_FALSE(is_plain_name(id));
  EXPECT_TRUE(is_plain_name(id.substr(0, 8)));
}

TEST(Name, LettersOfOneAlphabetOnlyArePlain) {
  EXPECT_FALSE(is_plain_name("аnna"));  // The first letter is Cyrillic.
  EXPECT_FALSE(is_plain_name("annα"));  // The last one is Greek.
  EXPECT_FALSE(is_plain_name("Ωлег"));
  EXPECT_TRUE(is_plain_name("田中-anna"));
}

TEST(Name, SecondSpellingsAreNotPlain) {
  EXPECT_FALSE(is_plain_name("Jo\xcc\x88rg"));  // With a combining mark.
  EXPECT_FALSE(is_plain_name("𝐚𝐧𝐧𝐚"));
  EXPECT_FALSE(is_plain_name("ａｎｎａ"));
  EXPECT_FALSE(is_plain_name("a" + kMark));
  EXPECT_FALSE(is_plain_name("❤️"));  // With a variation selector.
}

TEST(Name, HasAtMost32Points) {
  std::string name;
  for (std::size_t i = 0; i < kNamePointsMax; ++i) name += "😀";

  EXPECT_TRUE(is_claimable_name(name));
  EXPECT_TRUE(is_plain_name(name));
  EXPECT_FALSE(is_claimable_name(name + "a"));
  EXPECT_FALSE(is_plain_name(name + "a"));
}

TEST(Name, WhatCleaningChangesCannotBeClaimed) {
  EXPECT_TRUE(is_claimable_name(""));
  EXPECT_TRUE(is_claimable_name("anna b: @~/"));
  EXPECT_FALSE(is_claimable_name("anna\x1b"));
  EXPECT_FALSE(is_claimable_name("\xff"));
  EXPECT_FALSE(is_claimable_name("an\xe2\x80\x8bna"));
}

}  // namespace
}  // namespace p2pchat
