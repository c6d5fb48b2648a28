#include "daemon/shell/lookup.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace p2pchat {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(Lookup, AnswersAnAddressAtOnceAndAsEverybodySpellsIt) {
  Lookup v4("192.0.2.1");
  Lookup v6("2001:DB8:0:0::1");
  Lookup zone("fe80::1%lo");

  EXPECT_THAT(**v4.answer(), ElementsAre("192.0.2.1"));
  EXPECT_THAT(**v6.answer(), ElementsAre("2001:db8::1"));
  EXPECT_THAT(**zone.answer(), ElementsAre("fe80::1%lo"));
}

TEST(Lookup, FindsWhatANameStandsFor) {
  const auto hosts = look_up("localhost");

  ASSERT_TRUE(hosts);
  EXPECT_THAT(hosts->front(), testing::AnyOf("127.0.0.1", "::1"));
}

TEST(Lookup, SaysThatANameIsNotKnown) {
  const auto hosts = look_up("no..such..name");

  ASSERT_FALSE(hosts);
  EXPECT_THAT(hosts.error().text, HasSubstr("the name no..such..name is not known"));
}

TEST(Lookup, CanBeGivenUpWhileItIsUnderWay) {
  for (int i = 0; i < 20; ++i) Lookup lookup("localhost");

  EXPECT_TRUE(look_up("localhost"));
}

}  // namespace
}  // namespace p2pchat
