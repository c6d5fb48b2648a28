#include "daemon/core/consent/consent.h"

#include <gmock/gmock.h>

#include "tests/unit/daemon/core/consent/table.h"

namespace p2pchat {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

TEST(Consent, NobodyComesInWithoutEverybodysYes) {
  Table table(3);
  table.knocks(knock_of(table.room(), 9), {1, 2});

  table.talk({1, 2, 3}, 3);

  for (const std::uint8_t who : List{1, 2, 3}) EXPECT_THAT(table.decided(who), IsEmpty());
}

TEST(Consent, WhomAllSayYesToComesInForAll) {
  Table table(3);
  table.knocks(knock_of(table.room(), 9), {1, 2, 3});

  table.talk({1, 2, 3}, 0);

  for (const std::uint8_t who : List{1, 2, 3}) EXPECT_TRUE(sits(table.at(who), 9));
}

TEST(Consent, ANoEndsAKnock) {
  Table table(2);
  const Knock knock = knock_of(table.room(), 9);
  table.knocks(knock, {1});
  table.tell(table.vote(2, knock.id, false));

  table.talk({1, 2}, 3);

  EXPECT_THAT(table.decided(1), IsEmpty());
}

TEST(Consent, AMemberThatSaysNoAndThenYesYieldsAProofAndNoFork) {
  Table table(3);
  const Knock knock = knock_of(table.room(), 9);
  table.knocks(knock, {1, 2});
  table.at(1).learn(table.vote(3, knock.id, false));
  table.at(2).learn(table.vote(3, knock.id, true));
  table.talk({1, 2}, 3);
  EXPECT_THAT(table.at(1).liars(), IsEmpty());

  table.at(1).learn(table.vote(3, knock.id, true));
  table.at(2).learn(table.vote(3, knock.id, false));
  table.talk({1, 2, 3}, 3);

  for (const std::uint8_t who : List{1, 2}) {
    EXPECT_EQ(table.at(who).liars(), std::set{table.seat(3)});
    EXPECT_THAT(table.decided(who), IsEmpty());
  }
}

TEST(Consent, TwoPledgesInOneRoundAreAProofAndNobodyIsLetInUntilTheLiarIsGone) {
  Table table(3);
  table.at(1).learn(table.pledged(3, {3}, ValueId{{1}}));
  table.at(1).learn(table.pledged(3, {3}, ValueId{{2}}));
  table.at(2).learn(table.pledged(3, {3}, ValueId{{1}}));
  table.at(2).learn(table.pledged(3, {3}, ValueId{{2}}));
  table.knocks(knock_of(table.room(), 9), {1, 2, 3});
  table.talk({1, 2}, 3);
  EXPECT_FALSE(sits(table.at(1), 9));

  table.votes_out({3}, {1, 2});
  table.talk({1, 2}, 3);

  for (const std::uint8_t who : List{1, 2}) {
    EXPECT_FALSE(sits(table.at(who), 3));
    EXPECT_TRUE(sits(table.at(who), 9));
  }
}

TEST(Consent, ASplitVoteConvergesWithinThreeRounds) {
  Table table(3);
  const Knock nine = knock_of(table.room(), 9);
  const Knock ten = knock_of(table.room(), 10);
  for (const std::uint8_t who : List{1, 2, 3}) {
    table.at(who).learn(nine);
    table.at(who).learn(ten);
  }
  // One sees all votes about the one first, another those about the other.
  for (const std::uint8_t voter : List{1, 2, 3}) table.at(1).learn(table.vote(voter, nine.id));
  for (const std::uint8_t voter : List{1, 2, 3}) table.at(2).learn(table.vote(voter, ten.id));
  const auto first = table.advance(1);
  const auto second = table.advance(2);
  ASSERT_TRUE(first && second && first->round == second->round && first->value != second->value);

  table.knocks(nine, {1, 2, 3});
  table.knocks(ten, {1, 2, 3});
  table.talk({1, 2, 3}, 3);

  for (const std::uint8_t who : List{1, 2, 3}) {
    EXPECT_TRUE(sits(table.at(who), 9) && sits(table.at(who), 10));
    EXPECT_LE(table.decided(who).back().certificate.round, Round{first->round.value + 3});
  }
}

TEST(Consent, ALateCompleteCertificateOfALowerRoundChangesNothing) {
  Table table(3);
  const Knock nine = knock_of(table.room(), 9);
  table.knocks(nine, {1, 2, 3});
  const auto low = table.advance(1);
  ASSERT_TRUE(low);
  const Knock ten = knock_of(table.room(), 10);
  table.knocks(ten, {1, 2, 3});
  const auto high = table.advance(1, true);
  ASSERT_TRUE(high && high->round > low->round && high->value != low->value);

  for (const std::uint8_t who : List{2, 3})
    table.hear(1, table.pledged(who, low->round, low->value));
  EXPECT_THAT(table.decided(1), IsEmpty());
  for (const std::uint8_t who : List{2, 3})
    table.hear(1, table.pledged(who, high->round, high->value));

  ASSERT_THAT(table.decided(1), SizeIs(1));
  EXPECT_EQ(table.decided(1)[0].value.id, high->value);
}

TEST(Consent, ADecisionThatCameTooLateForOneIsProposedAgain) {
  Table table(3);
  table.knocks(knock_of(table.room(), 9), {1, 2, 3});
  const auto low = table.advance(1);
  const auto same = table.advance(2);
  const auto third = table.advance(3);
  ASSERT_TRUE(low && same && third && low->value == same->value && low->value == third->value);
  for (const Pledge& pledge : {*same, *third}) table.hear(1, pledge);
  ASSERT_THAT(table.decided(1), SizeIs(1));
  // The other has gone on to a higher round before it saw the certificate.
  table.knocks(knock_of(table.room(), 10), {1, 2, 3});
  const auto high = table.advance(2, true);
  ASSERT_TRUE(high && high->round > low->round);

  table.talk({1, 2, 3}, 4);

  for (const std::uint8_t who : List{1, 2, 3}) {
    EXPECT_TRUE(sits(table.at(who), 9));
    EXPECT_EQ(table.at(who).roster().value(), table.at(1).roster().value());
  }
}

TEST(Consent, WhoVanishesAfterVotingIsEvictedByAWiderValue) {
  Table table(3);
  table.knocks(knock_of(table.room(), 9), {1, 2, 3});
  const auto low = table.advance(1);
  const auto same = table.advance(2);
  ASSERT_TRUE(low && same);
  table.hear(1, *same);
  table.hear(1, table.pledged(3, low->round, low->value));
  table.knocks(knock_of(table.room(), 10), {1, 2, 3});
  ASSERT_TRUE(table.advance(2, true));
  ASSERT_TRUE(sits(table.at(1), 9) && !sits(table.at(2), 9));

  table.votes_out({3}, {1, 2});
  table.talk({1, 2}, 5);

  for (const std::uint8_t who : List{1, 2}) {
    EXPECT_TRUE(sits(table.at(who), 9));
    EXPECT_FALSE(sits(table.at(who), 3));
  }
}

TEST(Consent, TwoVanishedMembersLeaveInOneSet) {
  Table table(5);
  table.votes_out({4, 5}, {1, 2, 3});

  table.talk({1, 2, 3}, 2);

  for (const std::uint8_t who : List{1, 2, 3})
    EXPECT_THAT(table.at(who).roster().members(), SizeIs(3));
}

TEST(Consent, TwoAgainstTwoCannotEvict) {
  Table table(4);
  table.votes_out({3, 4}, {1, 2});

  table.talk({1, 2}, 3);

  EXPECT_THAT(table.at(1).roster().members(), SizeIs(4));
}

TEST(Consent, ARoomOfTwoCannotEvict) {
  Table table(2);
  table.votes_out({2}, {1});

  table.talk({1}, 3);

  EXPECT_THAT(table.at(1).roster().members(), SizeIs(2));
}

TEST(Consent, WhoLeavesIsGoneWithoutAVote) {
  Table table(3);
  for (const std::uint8_t who : List{1, 2}) EXPECT_TRUE(table.at(who).learn(table.leave(3)));

  table.talk({1, 2}, 1);

  for (const std::uint8_t who : List{1, 2}) EXPECT_FALSE(sits(table.at(who), 3));
}

TEST(Consent, AFullRoomTakesInWhomItHasRoomFor) {
  Table table(2, 3);
  table.knocks(knock_of(table.room(), 9), {1, 2});
  table.knocks(knock_of(table.room(), 10), {1, 2});

  table.talk({1, 2}, 3);

  EXPECT_THAT(table.at(1).roster().members(), SizeIs(3));
  EXPECT_NE(sits(table.at(1), 9), sits(table.at(1), 10));
}

TEST(Consent, AKnockOfAnotherRoomIsNone) {
  Table table(2);

  EXPECT_FALSE(table.at(1).learn(knock_of(sample_room(3), 9)));
}

TEST(Consent, AVoteOfAStrangerIsNone) {
  Table table(2);
  const Knock knock = knock_of(table.room(), 9);
  table.at(1).learn(knock);

  EXPECT_FALSE(table.at(1).learn(Vote{table.room(), {sample_peer(7), {}}, knock.id, true, "", {}}));
}

TEST(Consent, OneThatFindsAPledgeItHasForgottenPledgesNothingMore) {
  Table table(2);
  table.at(1).learn(table.pledged(1, {5}, ValueId{{1}}));
  table.knocks(knock_of(table.room(), 9), {1, 2});

  EXPECT_FALSE(table.advance(1, true));
  EXPECT_EQ(table.at(1).forgotten(), table.seat(1));
}

TEST(Consent, AValueThatIHaveNotSaidYesToIsNotPledgedByMe) {
  Table table(2);
  Value value = table.next();
  value.knocks = {knock_of(table.room(), 9)};
  const Value& forged = table.forge(value);

  table.hear(1, table.pledged(2, {3}, forged.id));

  EXPECT_FALSE(table.advance(1, true));
}

TEST(Consent, ALiarCannotUseUpTheRounds) {
  Table table(2);
  table.knocks(knock_of(table.room(), 9), {1, 2});
  table.hear(1, table.pledged(2, {~std::uint64_t{0} >> 1U}, ValueId{{1}}));

  const auto pledge = table.advance(1, true);

  EXPECT_LT(table.at(1).pledges().back().round.value, 1000000U);
  EXPECT_FALSE(pledge && pledge->round.value > 1000000U);
}

TEST(Consent, APledgeAsHighAsMayBeStopsNobody) {
  Table table(3);
  for (const std::uint8_t who : List{1, 2}) {
    table.hear(who, table.pledged(3, {kRoundLeapMax}, ValueId{{1}}));
  }
  table.votes_out({3}, {1, 2});

  table.talk({1, 2}, 3);

  EXPECT_FALSE(sits(table.at(1), 3));
}

TEST(Consent, WhoWasEvictedDoesNotStopTheNext) {
  Table table(3);
  table.votes_out({3}, {1, 2});
  table.talk({1, 2}, 1);
  for (const std::uint8_t who : List{1, 2}) {
    table.hear(who, table.pledged(3, {kRoundLeapMax}, ValueId{{1}}));
  }

  table.knocks(knock_of(table.room(), 9), {1, 2});
  table.talk({1, 2}, 3);

  EXPECT_TRUE(sits(table.at(1), 9));
}

TEST(Consent, MyOwnOldPledgesToldAgainAreNotForgotten) {
  Table table(2);
  table.knocks(knock_of(table.room(), 9), {1, 2});
  const auto low = table.advance(1);
  table.knocks(knock_of(table.room(), 10), {1, 2});
  const auto high = table.advance(1, true);
  ASSERT_TRUE(low && high);
  table.hear(1, table.pledged(2, high->round, high->value));
  ASSERT_TRUE(sits(table.at(1), 10));

  EXPECT_FALSE(table.at(1).learn(*low));
  EXPECT_FALSE(table.at(1).forgotten());
}

TEST(Consent, ASecondVoteBothWaysIsANoEverywhereToo) {
  Table table(5);
  table.votes_out({4}, {1, 2, 5});
  table.votes_out({5}, {1, 2});
  const ChangeId four = Eviction{table.room(), {table.seat(4)}}.id();
  const ChangeId five = Eviction{table.room(), {table.seat(5)}}.id();
  for (const bool yes : {true, false}) table.tell(table.vote(3, four, yes));

  EXPECT_TRUE(table.at(1).learn(table.vote(3, five, true)));
  EXPECT_TRUE(table.at(2).learn(table.vote(3, five, false)));
  EXPECT_TRUE(table.at(1).learn(table.vote(3, five, false))) << "others may hold the yes alone";
  EXPECT_TRUE(table.at(2).learn(table.vote(3, five, true))) << "both together are the proof";
  EXPECT_FALSE(table.at(2).learn(table.vote(3, five, true)));

  EXPECT_EQ(table.at(1).votes(five), table.at(2).votes(five));
}

TEST(Consent, MyOwnProposalHasRoomHoweverMuchIsLoose) {
  Table table(2);
  for (std::uint8_t i = 0; i < 2 * Consent::kLooseValuesMax; ++i) {
    Value value = table.next();
    value.previous = ValueId{{i}};
    table.at(1).learn(table.forge(value));
  }
  table.knocks(knock_of(table.room(), 9), {1, 2});

  table.talk({1, 2}, 1);

  EXPECT_TRUE(sits(table.at(1), 9));
}

TEST(Consent, AProofOfLyingIsKeptHoweverMuchComesAfterIt) {
  Table table(3);
  for (const std::uint8_t value : List{1, 2}) {
    table.at(1).learn(table.pledged(3, {3}, ValueId{{value}}));
  }
  for (std::uint64_t round = 4; round < 4 + 2 * Consent::kRoundsKept; ++round) {
    table.at(1).learn(table.pledged(3, {round}, ValueId{{1}}));
  }

  EXPECT_EQ(table.at(1).liars(), std::set{table.seat(3)});
}

}  // namespace
}  // namespace p2pchat
