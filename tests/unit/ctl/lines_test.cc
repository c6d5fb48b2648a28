#include "ctl/lines.h"

#include <gtest/gtest.h>

namespace p2pchat::ctl {
namespace {

TEST(Lines, AnswersWholeLinesHoweverTheyCome) {
  Lines lines(100);

  lines.add("first\nsec");
  EXPECT_EQ(lines.next(), "first");
  EXPECT_EQ(lines.next(), std::nullopt);
  lines.add("ond\n\nthird");
  EXPECT_EQ(lines.next(), "second");
  EXPECT_EQ(lines.next(), "");
  EXPECT_EQ(lines.next(), std::nullopt);
  EXPECT_EQ(lines.number(), 3U);
}

TEST(Lines, WhatIsLeftAtTheEndIsTheLastLine) {
  Lines lines(100);
  lines.add("first\nlast");
  lines.end();

  EXPECT_EQ(lines.next(), "first");
  EXPECT_FALSE(lines.is_done());
  EXPECT_EQ(lines.next(), "last");
  EXPECT_TRUE(lines.is_done());
  EXPECT_EQ(lines.next(), std::nullopt);
}

TEST(Lines, ANewlineAtTheEndBeginsNoLine) {
  Lines lines(100);
  lines.add("only\n");
  lines.end();

  EXPECT_EQ(lines.next(), "only");
  EXPECT_TRUE(lines.is_done());
}

TEST(Lines, NothingIsNoLine) {
  Lines lines(100);
  lines.end();

  EXPECT_TRUE(lines.is_done());
  EXPECT_EQ(lines.next(), std::nullopt);
}

TEST(Lines, ALineThatIsTooLongIsKnownBeforeItsEnd) {
  Lines lines(4);

  lines.add("1234\n");
  EXPECT_FALSE(lines.is_too_long());
  lines.add("12345");
  EXPECT_EQ(lines.next(), "1234");
  EXPECT_TRUE(lines.is_too_long());
  EXPECT_EQ(lines.next(), std::nullopt);
}

TEST(Lines, CarriageReturnsBelongToTheLine) {
  Lines lines(100);
  lines.add("dos\r\n");

  EXPECT_EQ(lines.next(), "dos\r");
}

}  // namespace
}  // namespace p2pchat::ctl
