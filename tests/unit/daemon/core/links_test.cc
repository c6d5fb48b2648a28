#include "daemon/core/links.h"

#include <gtest/gtest.h>

#include "tests/unit/daemon/core/turn_fixture.h"

namespace p2pchat {
namespace {

const std::vector<Place> kTwoPlaces{{"10.0.0.1", 1, 2, 3}, {"10.0.0.2", 1, 2, 3}};

class LinksTest : public testing::Test {
 protected:
  void fail_dial(Duration when) {
    links_.closed(turn_.at(when), {peer_, LinkSide::dialled, "refused"});
  }
  Actions open(Duration when, LinkSide side) {
    return links_.opened(turn_.at(when), {peer_, side, "10.0.0.1"}, own_);
  }

  TurnFixture turn_;
  link::Registration own_{sample_card(1, "me"), {}};
  Links links_;
  PeerId peer_ = sample_peer(2);
};

TEST_F(LinksTest, APeerThatIsKeptIsDialledAtOnce) {
  links_.keep(turn_.at(0s), peer_, kTwoPlaces);

  const auto dials = only<action::Dial>(links_.timer(turn_.at(0s)));

  ASSERT_EQ(dials.size(), 1U);
  EXPECT_EQ(dials[0].host, "10.0.0.1");
  EXPECT_EQ(dials[0].port, 2);
}

TEST_F(LinksTest, AFailureMovesOnToTheNextPlaceAfterAWait) {
  links_.keep(turn_.at(0s), peer_, kTwoPlaces);
  (void)links_.timer(turn_.at(0s));
  fail_dial(0s);

  EXPECT_TRUE(links_.timer(turn_.at(1ms)).empty());
  const auto dials = only<action::Dial>(links_.timer(turn_.at(kDialBackoffMin)));

  ASSERT_EQ(dials.size(), 1U);
  EXPECT_EQ(dials[0].host, "10.0.0.2");
  EXPECT_EQ(links_.last_failure(peer_), "refused");
}

TEST_F(LinksTest, TheWaitNeverExceedsItsBound) {
  links_.keep(turn_.at(0s), peer_, kTwoPlaces);
  Duration now = 0s;
  for (int attempt = 0; attempt < 20; ++attempt) {
    now = links_.deadline().since_epoch;
    (void)links_.timer(turn_.at(now));
    fail_dial(now);
  }

  EXPECT_LE(links_.deadline() - TimePoint{now}, kDialBackoffMax);
  EXPECT_GE(links_.deadline() - TimePoint{now}, kDialBackoffMax / 2);
}

TEST_F(LinksTest, ALinkIsReadyOnlyWhenItsRegistrationIsAcknowledged) {
  links_.keep(turn_.at(0s), peer_, kTwoPlaces);
  (void)links_.timer(turn_.at(0s));

  const auto sent = only<action::SendLink>(open(1s, LinkSide::dialled));
  EXPECT_FALSE(links_.is_ready(peer_));

  ASSERT_EQ(sent.size(), 1U);
  EXPECT_TRUE(std::holds_alternative<link::Registration>(*link::decode(sent[0].frame)));
  EXPECT_TRUE(links_.acknowledged(peer_, LinkSide::dialled));
  EXPECT_TRUE(links_.is_ready(peer_));
}

TEST_F(LinksTest, OfTwoLinksTheOneDialledByTheSmallerIdIsUsed) {
  links_.keep(turn_.at(0s), peer_, kTwoPlaces);
  (void)links_.timer(turn_.at(0s));
  (void)open(1s, LinkSide::dialled);
  (void)open(1s, LinkSide::accepted);
  links_.acknowledged(peer_, LinkSide::dialled);
  links_.acknowledged(peer_, LinkSide::accepted);
  PeerId smaller;
  PeerId greater;
  greater.bytes.fill(255);

  EXPECT_EQ(links_.side_to(smaller, peer_), LinkSide::dialled);
  EXPECT_EQ(links_.side_to(greater, peer_), LinkSide::accepted);
}

TEST_F(LinksTest, TheOtherLinkServesWhenOneCloses) {
  links_.keep(turn_.at(0s), peer_, kTwoPlaces);
  (void)links_.timer(turn_.at(0s));
  (void)open(1s, LinkSide::dialled);
  (void)open(1s, LinkSide::accepted);
  links_.acknowledged(peer_, LinkSide::dialled);
  links_.acknowledged(peer_, LinkSide::accepted);

  const auto closed = links_.closed(turn_.at(2s), {peer_, LinkSide::dialled, "closed"});

  EXPECT_FALSE(closed.lost_last);
  EXPECT_EQ(links_.side_to({}, peer_), LinkSide::accepted);
}

TEST_F(LinksTest, AConnectionThatStaysSilentIsHungUpAndDialledAgain) {
  links_.keep(turn_.at(0s), peer_, kTwoPlaces);
  (void)links_.timer(turn_.at(0s));
  (void)open(1s, LinkSide::dialled);

  const auto hung_up = only<action::HangUp>(links_.timer(turn_.at(1s + kDialTimeout)));

  ASSERT_EQ(hung_up.size(), 1U);
  EXPECT_LE(links_.deadline() - TimePoint{1s + kDialTimeout}, kDialBackoffMax);
}

TEST_F(LinksTest, WhoRegistersInAnotherRunOnAStandingLinkIsGreetedAnew) {
  links_.keep(turn_.at(0s), peer_, kTwoPlaces);
  (void)open(1s, LinkSide::accepted);
  const auto register_in = [&](std::uint8_t run) {
    Incarnation incarnation;
    incarnation.bytes.fill(run);
    return only<action::SendLink>(links_.registered(peer_, LinkSide::accepted, incarnation, own_));
  };

  EXPECT_TRUE(register_in(1).empty());
  EXPECT_TRUE(links_.acknowledged(peer_, LinkSide::accepted));
  EXPECT_TRUE(register_in(1).empty());
  EXPECT_FALSE(links_.acknowledged(peer_, LinkSide::accepted));

  EXPECT_EQ(register_in(2).size(), 1U);
  EXPECT_TRUE(links_.acknowledged(peer_, LinkSide::accepted));
  EXPECT_FALSE(links_.acknowledged(peer_, LinkSide::accepted));
}

TEST_F(LinksTest, AStrangersConnectionIsHungUp) {
  const auto hung_up = only<action::HangUp>(open(0s, LinkSide::accepted));

  ASSERT_EQ(hung_up.size(), 1U);
}

}  // namespace
}  // namespace p2pchat
