#include "daemon/core/room/repair.h"

#include <gtest/gtest.h>

#include "proto/limits.h"
#include "tests/unit/daemon/core/turn_fixture.h"

namespace p2pchat {
namespace {

const RoomId kRoom = sample_room(7);

class RepairTest : public testing::Test {
 protected:
  RepairTest() {
    feeds_.claim(bob_, feed_, {9});
    feeds_.claim(carol_, feed_, {9});
  }

  TurnFixture turn_;
  Repair repair_{kRoom};
  PeerId bob_ = sample_peer(2);
  PeerId carol_ = sample_peer(3);
  FeedId feed_{sample_peer(4), {}};
  Feeds feeds_{sample_peer(1), {{feed_, {4}, {}, {}}}};
};

TEST_F(RepairTest, WhatIsMissingIsAskedForWithinTheBudget) {
  const auto want = repair_.ask(turn_.at(0s), bob_, feeds_);

  ASSERT_TRUE(want);
  EXPECT_EQ(want->first, Number{5});
  EXPECT_EQ(want->last, Number{9});
  EXPECT_EQ(want->budget, kWantBytesMax);
  EXPECT_TRUE(repair_.is_asked(bob_, want->want));
}

TEST_F(RepairTest, TwoMembersAreNeverAskedForTheSameFeed) {
  ASSERT_TRUE(repair_.ask(turn_.at(0s), bob_, feeds_));

  EXPECT_FALSE(repair_.ask(turn_.at(0s), carol_, feeds_));
}

TEST_F(RepairTest, WhileOneIsAskedForAFeedAnotherIsAskedForTheNext) {
  const FeedId next{sample_peer(5), {}};
  feeds_.claim(carol_, next, {1});
  ASSERT_TRUE(repair_.ask(turn_.at(0s), bob_, feeds_));

  const auto want = repair_.ask(turn_.at(0s), carol_, feeds_);

  ASSERT_TRUE(want);
  EXPECT_EQ(want->feed, next);
}

TEST_F(RepairTest, TwoMembersAreNeverAskedForTheSameHole) {
  feeds_.void_claims(bob_);
  feeds_.void_claims(carol_);
  repair_.add_hole({feed_, {2}, {3}});
  ASSERT_TRUE(repair_.ask(turn_.at(0s), bob_, feeds_));

  EXPECT_FALSE(repair_.ask(turn_.at(0s), carol_, feeds_));
}

TEST_F(RepairTest, OneWantAtATimeIsOpenTowardsAMember) {
  ASSERT_TRUE(repair_.ask(turn_.at(0s), bob_, feeds_));

  EXPECT_FALSE(repair_.ask(turn_.at(0s), bob_, feeds_));
}

TEST_F(RepairTest, AWantWithoutProgressIsGivenUpForAnotherMember) {
  ASSERT_TRUE(repair_.ask(turn_.at(0s), bob_, feeds_));

  EXPECT_EQ(repair_.give_up_late(turn_.at(kWantTimeout)), std::vector{bob_});

  EXPECT_TRUE(repair_.ask(turn_.at(kWantTimeout), carol_, feeds_));
}

TEST_F(RepairTest, ProgressKeepsAWantOpen) {
  ASSERT_TRUE(repair_.ask(turn_.at(0s), bob_, feeds_));

  repair_.progressed(turn_.at(kWantTimeout - 1s), bob_);

  EXPECT_TRUE(repair_.give_up_late(turn_.at(kWantTimeout)).empty());
  EXPECT_FALSE(repair_.ended(bob_));
}

TEST_F(RepairTest, AClaimThatBroughtNothingIsNamed) {
  ASSERT_TRUE(repair_.ask(turn_.at(0s), bob_, feeds_));

  EXPECT_EQ(repair_.ended(bob_), feed_);
}

TEST_F(RepairTest, ANewLinkVoidsWhatWasOpen) {
  const auto want = repair_.ask(turn_.at(0s), bob_, feeds_);
  ASSERT_TRUE(want);

  repair_.forget(bob_);

  EXPECT_FALSE(repair_.is_asked(bob_, want->want));
}

TEST_F(RepairTest, AHoleIsAskedForOnceOfEveryMember) {
  feeds_.void_claims(bob_);
  repair_.add_hole({feed_, {2}, {3}});

  const auto want = repair_.ask(turn_.at(0s), bob_, feeds_);
  ASSERT_TRUE(want);
  EXPECT_EQ(want->first, Number{2});
  (void)repair_.ended(bob_);

  EXPECT_FALSE(repair_.ask(turn_.at(1s), bob_, feeds_));
  EXPECT_EQ(repair_.holes(), 1U);
}

TEST_F(RepairTest, AHoleThatNobodyCouldFillIsLost) {
  repair_.add_hole({feed_, {2}, {3}});
  const Feeds none(sample_peer(1), {});
  for (const PeerId& each : {bob_, carol_}) {
    EXPECT_FALSE(repair_.lost(feed_.author, 2));
    ASSERT_TRUE(repair_.ask(turn_.at(0s), each, none));
    repair_.ended(each);
  }

  EXPECT_EQ(repair_.lost(feed_.author, 2), feed_);
  EXPECT_FALSE(repair_.lost(bob_, 2));
}

TEST_F(RepairTest, AWantForTextsKeepsNobodyFromGivingWhatIsMissing) {
  feeds_.void_claims(bob_);
  const link::Want old = repair_.ask_for_texts(turn_.at(0s), bob_, {feed_, {2}, {3}});
  EXPECT_EQ(old.last, Number{3});

  EXPECT_TRUE(repair_.ask(turn_.at(0s), carol_, feeds_));
  EXPECT_FALSE(repair_.ended(bob_)) << "no claim is void by it";
}

TEST_F(RepairTest, ADoubtedPostIsAskedForOnceNothingElseIsMissing) {
  repair_.doubt(bob_, {feed_, {3}, {3}});
  const auto first = repair_.ask(turn_.at(0s), bob_, feeds_);
  ASSERT_TRUE(first);
  EXPECT_EQ(first->first, Number{5});
  feeds_.void_claims(bob_);
  (void)repair_.ended(bob_);

  const auto second = repair_.ask(turn_.at(1s), bob_, feeds_);
  ASSERT_TRUE(second);
  EXPECT_EQ(second->first, Number{3});
  EXPECT_EQ(second->last, Number{3});
  (void)repair_.ended(bob_);

  EXPECT_FALSE(repair_.ask(turn_.at(2s), bob_, feeds_));
}

TEST_F(RepairTest, ADoubtEndsWithTheLink) {
  feeds_.void_claims(bob_);
  repair_.doubt(bob_, {feed_, {3}, {3}});

  repair_.forget(bob_);

  EXPECT_FALSE(repair_.ask(turn_.at(1s), bob_, feeds_));
}

}  // namespace
}  // namespace p2pchat
