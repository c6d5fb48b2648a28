#include "proto/base32.h"

#include <gtest/gtest.h>

namespace p2pchat {
namespace {

TEST(Base32, WritesTheVectorsOfRfc4648InLowerCaseWithoutPadding) {
  EXPECT_EQ(base32(view("")), "");
  EXPECT_EQ(base32(view("f")), "my");
  EXPECT_EQ(base32(view("fo")), "mzxq");
  EXPECT_EQ(base32(view("foo")), "mzxw6");
  EXPECT_EQ(base32(view("foob")), "mzxw6yq");
  EXPECT_EQ(base32(view("fooba")), "mzxw6ytb");
  EXPECT_EQ(base32(view("foobar")), "mzxw6ytboi");
}

TEST(Base32, ReadsWhatItWrites) {
  Bytes bytes;
  for (std::size_t size = 0; size < 70; ++size) {
    EXPECT_EQ(from_base32(base32(bytes)), bytes);

    bytes.push_back(static_cast<std::uint8_t>(251 * size + 17));
  }
}

TEST(Base32, TakesNoSpellingButItsOwn) {
  EXPECT_FALSE(from_base32("MZXQ"));
  EXPECT_FALSE(from_base32("mzxq===="));
  EXPECT_FALSE(from_base32("mz xq"));
  EXPECT_FALSE(from_base32("mzx0"));
  EXPECT_FALSE(from_base32("a"));    // No byte at all.
  EXPECT_FALSE(from_base32("aaa"));  // A character too much.
  EXPECT_FALSE(from_base32("mz"));   // Bits left over that are not zero.
}

TEST(Base32, KnowsItsAlphabet) {
  EXPECT_TRUE(is_base32("abcxyz234567"));
  EXPECT_FALSE(is_base32("abc1"));
  EXPECT_FALSE(is_base32("ABC"));
}

}  // namespace
}  // namespace p2pchat
