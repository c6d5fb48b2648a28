#include "ctl/format.h"

#include <gtest/gtest.h>

namespace p2pchat::ctl {
namespace {

using control::Record;

Record message() {
  return Record()
      .set("id", "k3zq.42")
      .set("kind", "chat")
      .set("conversation", "ops")
      .set("author", "k3zqk3zq")
      .set("from", "bob")
      .set("seq", std::int64_t{42})
      .set("time", std::int64_t{1795183392123})
      .set("received", std::int64_t{1795183392456})
      .set("text", "hello");
}

TEST(Format, EachLetterStandsForAField) {
  const auto format = Format::parse("%i %t %r %c %f %a %m %n %k");

  ASSERT_TRUE(format);
  EXPECT_EQ(format->apply(message(), {}),
            "k3zq.42 2026-11-20T14:03:12.123Z 2026-11-20T14:03:12.456Z ops bob k3zqk3zq hello 42 "
            "chat");
}

TEST(Format, EscapesAndPercentSignsAreUnderstood) {
  const auto format = Format::parse(R"(100%%\t%m\n\0\\)");

  ASSERT_TRUE(format);
  EXPECT_EQ(format->apply(message(), {}), std::string("100%\thello\n\0\\", 13));
}

TEST(Format, WhatTheTextHoldsIsNoFormat) {
  const auto format = Format::parse("%m");

  ASSERT_TRUE(format);
  EXPECT_EQ(format->apply(message().set("text", R"(%i\n)"), {}), R"(%i\n)");
}

TEST(Format, ATerminalGetsCleanedText) {
  const auto format = Format::parse("%m");

  ASSERT_TRUE(format);
  EXPECT_EQ(format->apply(message().set("text", "\x1b[2J"), {true, false}), "\ufffd[2J");
}

TEST(Format, LettersThatStandForNothingAreWrongUsage) {
  for (const char* text : {"%", "%x", "\\", "\\q", "100%"}) {
    const auto format = Format::parse(text);

    ASSERT_FALSE(format) << text;
    EXPECT_EQ(format.error().code, ExitCode::usage);
  }
}

}  // namespace
}  // namespace p2pchat::ctl
