#include "daemon/core/consent/ballots.h"

#include <gmock/gmock.h>

#include "tests/unit/daemon/core/consent/table.h"

namespace p2pchat {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

TEST(Ballots, AnEvictionThatNobodyWantsIsNotOpen) {
  Table table(3);

  EXPECT_FALSE(table.at(1).learn(table.eviction({3})));

  EXPECT_THAT(table.at(1).evictions(), IsEmpty());
  EXPECT_TRUE(table.at(1).eviction(table.eviction({3}).id()));
}

TEST(Ballots, TheFirstYesOpensAnEviction) {
  Table table(3);
  table.at(1).learn(table.eviction({3}));

  EXPECT_TRUE(table.at(1).learn(table.vote(2, table.eviction({3}).id())));

  EXPECT_THAT(table.at(1).evictions(), SizeIs(1));
}

TEST(Ballots, ANoToAnEvictionThatNobodyWantsYetIsKept) {
  Table table(4);
  const ChangeId change = table.eviction({3}).id();
  table.at(1).learn(table.eviction({3}));

  EXPECT_TRUE(table.at(1).learn(table.vote(2, change, false)));
  EXPECT_THAT(table.at(1).evictions(), IsEmpty());
  table.at(1).learn(table.vote(4, change));

  EXPECT_THAT(table.at(1).evictions(), SizeIs(1));
  EXPECT_FALSE(table.at(1).votes(change).at(table.seat(2)));
}

TEST(Ballots, EvictionsThatNobodyWantsDropOutInTheirOrder) {
  Table table(8);
  std::vector<Eviction> sets;
  for (unsigned set = 1; sets.size() <= Ballots::kOfferedMax; ++set) {
    Eviction eviction{table.room(), {}};
    for (std::uint8_t who = 1; who <= 8; ++who) {
      if ((set >> (who - 1U) & 1U) != 0) eviction.seats.push_back(table.seat(who));
    }
    std::sort(eviction.seats.begin(), eviction.seats.end());
    table.at(1).learn(eviction);
    sets.push_back(eviction);
  }

  EXPECT_FALSE(table.at(1).eviction(sets.front().id()));
  EXPECT_TRUE(table.at(1).eviction(sets[1].id()));
}

TEST(Ballots, OneMemberOpensFourEvictionsAndCanStopNoOther) {
  Table table(8);
  for (std::uint8_t who = 1; who <= 7; ++who) table.votes_out({who, 8}, {3});
  EXPECT_THAT(table.at(1).evictions(), SizeIs(Ballots::kEvictionsOfSeatMax));

  table.votes_out({3}, {1, 2, 4, 5, 6, 7, 8});
  table.talk({1, 2, 4, 5, 6, 7, 8}, 2);

  EXPECT_FALSE(sits(table.at(1), 3));
}

TEST(Ballots, ANoIsTheEndOfAKnock) {
  Table table(3);
  const Knock knock = knock_of(table.room(), 9);
  table.knocks(knock, {1, 2});

  EXPECT_TRUE(table.at(1).learn(table.vote(3, knock.id, false)));

  EXPECT_THAT(table.at(1).knocks(), IsEmpty());
  ASSERT_TRUE(table.at(1).refusal(knock.id));
  EXPECT_EQ(table.at(1).refusal(knock.id)->seat, table.seat(3));
  EXPECT_FALSE(table.at(1).learn(knock)) << "it is over";
}

TEST(Ballots, MyOwnNoOutlivesAFloodOfKnocks) {
  Table table(3);
  const Knock mine = knock_of(table.room(), 9);
  table.knocks(mine, {1});
  EXPECT_TRUE(table.at(1).learn(table.vote(1, mine.id, false)));

  for (std::size_t i = 0; i <= Ballots::kRefusedMax; ++i) {
    const Knock other = knock_of(table.room(), static_cast<std::uint8_t>(20 + i));
    table.knocks(other, {1});
    EXPECT_TRUE(table.at(1).learn(table.vote(3, other.id, false)));
  }

  EXPECT_TRUE(table.at(1).refusal(mine.id));
  EXPECT_FALSE(table.at(1).refusal(knock_of(table.room(), 20).id)) << "the oldest of others";
}

TEST(Ballots, MyOwnNoToAKnockThatIDoNotRememberEndsItWhenItComes) {
  Table table(2);
  const Knock knock = knock_of(table.room(), 9);

  EXPECT_TRUE(table.at(1).learn(table.vote(1, knock.id, false)));
  EXPECT_FALSE(table.at(1).learn(table.vote(2, knock.id, false))) << "another's is nothing to me";
  EXPECT_FALSE(table.at(1).learn(knock));

  EXPECT_TRUE(table.at(1).refusal(knock.id));
  EXPECT_THAT(table.at(1).knocks(), IsEmpty());
}

// 3 has refused what I wanted, and goes; the same knock comes again.
TEST(Ballots, MyOwnYesOutlivesTheRefusalOfAnother) {
  Table table(3);
  const Knock knock = knock_of(table.room(), 9);
  table.knocks(knock, {1});
  table.tell(table.vote(3, knock.id, false));
  table.tell(table.leave(3));
  table.talk({1, 2}, 1);
  ASSERT_FALSE(sits(table.at(1), 3));

  EXPECT_TRUE(table.at(1).learn(knock));

  EXPECT_TRUE(table.at(1).votes(knock.id).at(table.seat(1)));
}

TEST(Ballots, MyOwnYesOutlivesAKnockThatHasExpired) {
  Table table(2);
  const Knock knock = knock_of(table.room(), 9);
  table.knocks(knock, {1});
  table.at(1).forget(knock.id);
  EXPECT_FALSE(table.at(1).learn(table.vote(1, knock.id))) << "it is known";

  EXPECT_TRUE(table.at(1).learn(knock));

  EXPECT_TRUE(table.at(1).votes(knock.id).at(table.seat(1)));
}

TEST(Ballots, WhatIHaveSaidOfAnEvictionBeforeIsMyVoteWhenItComes) {
  Table table(3);
  const Eviction eviction = table.eviction({3});

  EXPECT_TRUE(table.at(1).learn(table.vote(1, eviction.id())));
  table.at(1).learn(eviction);

  EXPECT_THAT(table.at(1).evictions(), SizeIs(1));
}

TEST(Ballots, WhoWasRefusedMayKnockAgain) {
  Table table(2);
  const Knock first = knock_of(table.room(), 9, 1000);
  table.knocks(first, {1});
  table.tell(table.vote(2, first.id, false));

  table.knocks(knock_of(table.room(), 9, 2000), {1, 2});
  table.talk({1, 2}, 1);

  EXPECT_TRUE(sits(table.at(1), 9));
}

TEST(Ballots, KnocksThatWereRefusedLeaveRoomForOthers) {
  Table table(2, 60);
  for (std::uint8_t who = 0; who < Ballots::kKnocksMax; ++who) {
    const Knock knock = knock_of(table.room(), static_cast<std::uint8_t>(50 + who));
    table.knocks(knock, {});
    table.tell(table.vote(1, knock.id, false));
  }

  table.knocks(knock_of(table.room(), 9), {1, 2});
  table.talk({1, 2}, 1);

  EXPECT_TRUE(sits(table.at(1), 9));
}

TEST(Ballots, AYesAfterANoIsALie) {
  Table table(3);
  const Knock knock = knock_of(table.room(), 9);
  table.knocks(knock, {1, 2});
  table.at(1).learn(table.vote(3, knock.id, false));

  EXPECT_TRUE(table.at(1).learn(table.vote(3, knock.id, true)));

  EXPECT_EQ(table.at(1).liars(), std::set{table.seat(3)});
}

TEST(Ballots, AKnockThatHasExpiredIsForgotten) {
  Table table(2);
  const Knock knock = knock_of(table.room(), 9);
  table.knocks(knock, {1});

  table.at(1).forget(knock.id);

  EXPECT_THAT(table.at(1).knocks(), IsEmpty());
  EXPECT_THAT(table.at(1).votes(knock.id), IsEmpty());
}

TEST(Ballots, ARefusalEndsWithTheMembershipOfWhoSaidNo) {
  Table table(3);
  const Knock knock = knock_of(table.room(), 9);
  table.knocks(knock, {1, 2});
  table.tell(table.vote(3, knock.id, false));
  table.tell(table.leave(3));

  table.talk({1, 2}, 1);

  EXPECT_FALSE(table.at(1).refusal(knock.id)) << "others may have heard of it too late";
}

TEST(Ballots, OfTwoKnocksOfOneCandidateAllKeepTheSame) {
  Table table(2);
  const Knock one = knock_of(table.room(), 9, 1000);
  const Knock two = knock_of(table.room(), 9, 2000);
  table.at(1).learn(one);
  table.at(1).learn(two);
  table.at(2).learn(two);
  table.at(2).learn(one);

  ASSERT_THAT(table.at(1).knocks(), SizeIs(1));
  EXPECT_EQ(table.at(1).pool(), table.at(2).pool());
}

}  // namespace
}  // namespace p2pchat
