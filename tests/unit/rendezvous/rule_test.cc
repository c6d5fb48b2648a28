#include "rendezvous/registry/rule.h"

#include <gmock/gmock.h>

#include "proto/limits.h"
#include "tests/unit/rendezvous/registry_fixture.h"

namespace p2pchat::rendezvous {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

class RuleTest : public RegistryFixture {
 protected:
  // 1, 2 and 3 in a room.
  Roster three(std::uint64_t size = 5) { return let_in(let_in(make_room(1, "ops", size), 2), 3); }
  static Eviction eviction_of(std::uint8_t who, const Roster& roster) {
    return {roster.room(), {*roster.seat_of(sample_peer(who))}};
  }
  int join(std::uint8_t who, const Knock& knock) { return put(who, Kind::knock, knock.raw); }
  int vote(std::uint8_t who, const Roster& roster, const ChangeId& change, bool yes) {
    return put(who, Kind::vote, vote_of(who, roster, change, yes).raw);
  }
  std::size_t count(std::uint8_t who, Kind kind) {
    const auto seen = pages_of(registry_, who);
    return static_cast<std::size_t>(
        std::count_if(seen.begin(), seen.end(), [&](const Object& o) { return o.kind == kind; }));
  }
};

// --- Knocks ---

TEST_F(RuleTest, AKnockReachesTheMembersAndItsCandidateWaits) {
  const Roster roster = make_room(1, "ops");
  const Knock knock = knock_of(2, roster.room(), "it is me");

  EXPECT_EQ(join(2, knock), 0);
  EXPECT_TRUE(sees(1, Kind::knock, knock.raw));
  EXPECT_EQ(state(2, roster.room()), State::waiting);
  EXPECT_EQ(join(2, knock), 0) << "the reply may have been lost";
}

TEST_F(RuleTest, AKnockForAnUnknownRoomIsRefused) {
  EXPECT_EQ(join(2, knock_of(2, sample_room(9))), 4);
}

TEST_F(RuleTest, ASecondKnockIsRefusedWhileTheFirstWaits) {
  const Roster roster = make_room(1, "ops");
  join(2, knock_of(2, roster.room()));
  pass(2min);

  EXPECT_EQ(join(2, knock_of(2, roster.room(), "again")), 1);
}

TEST_F(RuleTest, AMemberThatKnocksIsToldAgainThatItIsOne) {
  const Roster roster = let_in(make_room(1, "ops"), 2);
  pass(2min);
  const Cursor cursor = watch(2).cursor;

  EXPECT_EQ(join(2, knock_of(2, roster.room(), "again")), 0);

  const Page news = watch(2, cursor);
  ASSERT_EQ(news.objects.size(), 1U);
  const auto standing = Standing::decode(news.objects[0].raw);
  ASSERT_TRUE(standing);
  EXPECT_EQ(standing->state, State::member);
  EXPECT_EQ(standing->admission, roster.seat_of(sample_peer(2))->admission);
  EXPECT_EQ(join(2, knock_of(2, roster.room(), "again and again")), 9) << "one a minute";
}

TEST_F(RuleTest, ACreatorThatKnocksIsToldThatItIsAMember) {
  const Roster roster = make_room(1, "ops");
  pass(2min);
  const Cursor cursor = watch(1).cursor;

  EXPECT_EQ(join(1, knock_of(1, roster.room(), "again")), 0);

  EXPECT_EQ(watch(1, cursor).objects.size(), 1U);
}

TEST_F(RuleTest, TheKnockThatLetItsCandidateInIsTakenAgain) {
  const Roster roster = make_room(1, "ops");
  const Knock knock = knock_of(2, roster.room());
  ASSERT_EQ(join(2, knock), 0);
  certify(roster, value_of_changes(roster, {knock}));
  pass(2min);

  EXPECT_EQ(join(2, knock), 0) << "it was off when it was let in";
  EXPECT_EQ(state(2, roster.room()), State::member);
}

TEST_F(RuleTest, AKnockMustNameTheHeightAtWhichItsCandidateWent) {
  const Roster roster = three();
  const Knock early = knock_of(3, roster.room(), "again");
  ASSERT_EQ(put(3, Kind::leave, leave_of(3, roster).raw), 0);
  const auto why = [&](std::uint8_t who, const Knock& knock) {
    const Answer answer = ask(who, Put{{Kind::knock, knock.raw}});
    return code_of(answer) == 1 ? std::get<Failure>(answer).text : "";
  };

  EXPECT_THAT(why(3, early), HasSubstr("have not confirmed")) << "no value holds its leave yet";
  certify(roster, value_of_changes(roster, {}, {}, {leave_of(3, roster)}));

  const auto after = [&](std::uint64_t height) {
    return knock_of(3, roster.room(), "", 24h, height);
  };
  pass(1min);
  EXPECT_THAT(why(3, early), HasSubstr("the height")) << "it is from before it went";
  EXPECT_THAT(why(3, after(2)), HasSubstr("the height"));
  EXPECT_THAT(why(3, after(4)), HasSubstr("the height"));
  EXPECT_THAT(why(4, knock_of(4, roster.room(), "", 24h, 3)), HasSubstr("the height"));
  EXPECT_EQ(join(3, after(3)), 0);
}

TEST_F(RuleTest, AKnockAtAFullRoomIsOverALimit) {
  const Roster roster = let_in(make_room(1, "ops", 2), 2);

  EXPECT_EQ(join(3, knock_of(3, roster.room())), 9);
}

TEST_F(RuleTest, ThereIsOneKnockAMinuteAndKey) {
  const Roster ops = make_room(1, "ops");
  const Roster play = make_room(1, "play");
  ASSERT_EQ(join(2, knock_of(2, ops.room())), 0);

  EXPECT_EQ(join(2, knock_of(2, play.room())), 9);
  EXPECT_EQ(join(3, knock_of(3, play.room())), 0);
  pass(1min);
  EXPECT_EQ(join(2, knock_of(2, play.room())), 0);
}

TEST_F(RuleTest, ThirtyTwoMayWaitAtARoom) {
  const Roster roster = make_room(1, "ops", 256);
  std::uint8_t who = 2;
  for (std::size_t i = 0; i < kKnocksPerRoomMax; ++i, ++who) {
    ASSERT_EQ(join(who, knock_of(who, roster.room())), 0);
  }

  EXPECT_EQ(join(who, knock_of(who, roster.room())), 9);
}

TEST_F(RuleTest, AKnockOfAnotherIsTakenFromAMemberOnly) {
  const Roster roster = make_room(1, "ops");
  const Knock knock = knock_of(2, roster.room());

  EXPECT_EQ(join(3, knock), 4);
  EXPECT_EQ(join(1, knock), 0) << "it came to a member's door";
}

TEST_F(RuleTest, AKnockThatExpiresIsToldToItsCandidate) {
  const Roster roster = make_room(1, "ops");
  const Knock knock = knock_of(2, roster.room(), "", 1h);
  join(2, knock);
  pass(1h);

  EXPECT_EQ(state(2, roster.room()), State::expired);
  EXPECT_FALSE(sees(1, Kind::knock, knock.raw));
  EXPECT_EQ(join(2, knock), 10);
  EXPECT_EQ(join(3, knock_of(3, roster.room(), "", -1s)), 10);
}

// --- Votes ---

TEST_F(RuleTest, VotesAreCountedForTheCandidate) {
  const Roster roster = three();
  const Knock knock = knock_of(4, roster.room());
  join(4, knock);

  EXPECT_EQ(vote(1, roster, knock.id, true), 0);
  EXPECT_EQ(vote(2, roster, knock.id, true), 0);
  EXPECT_EQ(vote(2, roster, knock.id, true), 0) << "the reply may have been lost";
  EXPECT_EQ(standing(4, roster.room())->voted, 2U);
  EXPECT_EQ(count(3, Kind::vote), 2U);
}

TEST_F(RuleTest, AVoteOfAStrangerIsRefused) {
  const Roster roster = make_room(1, "ops");
  const Knock knock = knock_of(2, roster.room());
  join(2, knock);

  EXPECT_EQ(vote(2, roster, knock.id, true), 4);
  EXPECT_EQ(vote(7, roster, knock.id, true), 4);
  EXPECT_EQ(put(1, Kind::vote, vote_of(7, roster, knock.id, true).raw), 4) << "brought by a member";
}

TEST_F(RuleTest, ANoEndsAKnockAndIsToldToItsCandidate) {
  const Roster roster = three();
  const Knock knock = knock_of(4, roster.room());
  join(4, knock);
  ASSERT_EQ(vote(1, roster, knock.id, true), 0);

  EXPECT_EQ(vote(2, roster, knock.id, false), 0);
  EXPECT_EQ(state(4, roster.room()), State::refused);
  EXPECT_EQ(vote(3, roster, knock.id, true), 10);
  EXPECT_TRUE(sees(3, Kind::vote, vote_of(2, roster, knock.id, false).raw))
      << "members learn of it";
  EXPECT_EQ(join(4, knock), 10) << "that one is answered";
  pass(1min);
  const Knock anew = knock_of(4, roster.room(), "please");
  EXPECT_EQ(join(4, anew), 0);
  EXPECT_EQ(count(1, Kind::knock), 1U);
  EXPECT_EQ(count(1, Kind::vote), 0U);
}

TEST_F(RuleTest, BothOfTwoDifferentVotesAreKeptAsAProof) {
  const Roster roster = three();
  const Knock knock = knock_of(4, roster.room());
  join(4, knock);

  EXPECT_EQ(vote(2, roster, knock.id, true), 0);
  EXPECT_EQ(vote(2, roster, knock.id, false), 0);
  EXPECT_EQ(count(3, Kind::vote), 2U);
  EXPECT_EQ(standing(4, roster.room())->voted, 1U);
}

TEST_F(RuleTest, AVoteOnNothingIsRefused) {
  const Roster roster = make_room(1, "ops");

  EXPECT_EQ(vote(1, roster, knock_of(2, roster.room()).id, true), 4);
}

// --- Values and certificates ---

TEST_F(RuleTest, ACertifiedValueLetsACandidateIn) {
  const Roster roster = make_room(1, "ops");
  const Knock knock = knock_of(2, roster.room());
  join(2, knock);
  vote(1, roster, knock.id, true);
  const Value value = value_of_changes(roster, {knock});
  ASSERT_EQ(put(1, Kind::value, value.raw), 0);
  ASSERT_EQ(put(1, Kind::pledge, pledge_of(1, roster, value, 1).encode()), 0);
  const Bytes certificate = certificate_of(roster, value).encode();

  EXPECT_EQ(put(1, Kind::certificate, certificate), 0);
  EXPECT_EQ(state(2, roster.room()), State::member);
  EXPECT_EQ(count(1, Kind::knock), 0U);
  EXPECT_EQ(count(1, Kind::vote), 0U);
  EXPECT_EQ(count(1, Kind::pledge), 0U);
  EXPECT_TRUE(sees(2, Kind::value, value.raw));
  EXPECT_TRUE(sees(2, Kind::certificate, certificate));
  EXPECT_EQ(put(2, Kind::certificate, certificate), 0) << "known already";
  EXPECT_EQ(put(2, Kind::value, value.raw), 0);
}

TEST_F(RuleTest, ACertificateThatLacksSomebodyIsRefused) {
  const Roster roster = three();
  const Knock knock = knock_of(4, roster.room());
  join(4, knock);
  const Value value = value_of_changes(roster, {knock});
  Certificate certificate = certificate_of(roster, value);
  certificate.entries[1] = certificate.entries[0];

  EXPECT_EQ(put(1, Kind::certificate, certificate.encode()), 4) << "the value comes first";
  ASSERT_EQ(put(1, Kind::value, value.raw), 0);
  EXPECT_EQ(put(1, Kind::certificate, certificate.encode()), 1);
  EXPECT_EQ(state(4, roster.room()), State::waiting);
}

TEST_F(RuleTest, AValueMustFollowTheNewest) {
  const Roster first = make_room(1, "ops");
  const Knock knock = knock_of(3, first.room());
  const Roster second = let_in(first, 2);
  const Roster third = let_in(second, 3);

  EXPECT_EQ(put(1, Kind::value, value_of_changes(first, {knock_of(4, first.room())}).raw), 1);
  EXPECT_EQ(put(1, Kind::value, value_of_changes(second, {knock_of(4, first.room())}).raw), 0)
      << "beside the newest";
  EXPECT_EQ(put(1, Kind::value, value_of_changes(third, {knock_of(4, first.room())}).raw), 0);
  EXPECT_EQ(put(7, Kind::value, value_of_changes(third, {knock}).raw), 4);
}

TEST_F(RuleTest, OfTwoCertifiedSiblingsTheOneOfTheHigherRoundStands) {
  const Roster roster = three();
  const Knock knock = knock_of(4, roster.room());
  join(4, knock);
  const Value value = value_of_changes(roster, {knock});
  const Value wider = value_of_changes(roster, {knock}, {}, {leave_of(3, roster)});
  certify(roster, value, 1, 2);
  ASSERT_EQ(put(1, Kind::value, wider.raw), 0);

  EXPECT_EQ(put(1, Kind::certificate, certificate_of(roster, wider, 2).encode()), 1);
  EXPECT_EQ(state(3, roster.room()), State::member);
  EXPECT_EQ(put(1, Kind::certificate, certificate_of(roster, wider, 3).encode()), 0);
  EXPECT_EQ(state(3, roster.room()), State::gone);
  EXPECT_EQ(state(4, roster.room()), State::member);
  EXPECT_FALSE(sees(1, Kind::value, value.raw));
  EXPECT_TRUE(sees(1, Kind::value, wider.raw));
  // The room goes on from there.
  EXPECT_EQ(state(5, let_in(roster.after(wider), 5).room()), State::member);
}

TEST_F(RuleTest, ALaterCertificateOfTheSameValueTakesThePlaceOfTheFirst) {
  const Roster roster = make_room(1, "ops");
  const Knock knock = knock_of(2, roster.room());
  join(2, knock);
  const Value value = value_of_changes(roster, {knock});
  certify(roster, value, 1, 1);
  const Bytes later = certificate_of(roster, value, 5).encode();

  EXPECT_EQ(put(2, Kind::certificate, later), 0);
  EXPECT_TRUE(sees(2, Kind::certificate, later));
  EXPECT_EQ(count(2, Kind::certificate), 1U);
  EXPECT_EQ(put(2, Kind::certificate, certificate_of(roster, value, 1).encode()), 0);
  EXPECT_TRUE(sees(2, Kind::certificate, later));
}

TEST_F(RuleTest, PledgesAreTakenFromTheQuorumOnKnownValues) {
  const Roster roster = three();
  const Knock knock = knock_of(4, roster.room());
  join(4, knock);
  const Value value = value_of_changes(roster, {knock});
  Pledge foreign = pledge_of(2, roster, value, 1);
  foreign.seat.peer = sample_peer(7);
  foreign.sign(sample_identity(7));

  EXPECT_EQ(put(2, Kind::pledge, pledge_of(2, roster, value, 1).encode()), 4);
  ASSERT_EQ(put(1, Kind::value, value.raw), 0);
  EXPECT_EQ(put(2, Kind::pledge, pledge_of(2, roster, value, 1).encode()), 0);
  EXPECT_EQ(put(2, Kind::pledge, pledge_of(2, roster, value, 1).encode()), 0);
  EXPECT_EQ(put(2, Kind::pledge, foreign.encode()), 4);
  EXPECT_EQ(count(1, Kind::pledge), 1U);
}

TEST_F(RuleTest, TheLowestOfTooManyPledgesGoes) {
  const Roster roster = three();
  const Knock knock = knock_of(4, roster.room());
  join(4, knock);
  const Value value = value_of_changes(roster, {knock});
  put(1, Kind::value, value.raw);
  for (std::uint64_t round = 2; round < 2 + kPledgesPerSeatMax; ++round) {
    ASSERT_EQ(put(2, Kind::pledge, pledge_of(2, roster, value, round).encode()), 0);
  }

  EXPECT_EQ(put(2, Kind::pledge, pledge_of(2, roster, value, 1).encode()), 9);
  EXPECT_EQ(put(2, Kind::pledge, pledge_of(2, roster, value, 99).encode()), 0);
  EXPECT_EQ(count(1, Kind::pledge), kPledgesPerSeatMax);
  EXPECT_FALSE(sees(1, Kind::pledge, pledge_of(2, roster, value, 2).encode()));
}

TEST_F(RuleTest, WhoPutsMostProposalsLosesTheOldest) {
  const Roster roster = three();
  const Value honest = value_of_changes(roster, {knock_of(4, roster.room())});
  ASSERT_EQ(put(1, Kind::value, honest.raw), 0);
  std::vector<Value> many;
  for (std::size_t i = 0; i < kProposalsMax + 10; ++i) {
    many.push_back(value_of_changes(roster, {knock_of(5, roster.room(), std::to_string(i))}));
    ASSERT_EQ(put(2, Kind::value, many.back().raw), 0);
  }

  EXPECT_TRUE(sees(1, Kind::value, honest.raw));
  EXPECT_FALSE(sees(1, Kind::value, many.front().raw));
  EXPECT_TRUE(sees(1, Kind::value, many.back().raw));
}

// --- Evictions ---

TEST_F(RuleTest, AnEvictionIsVotedOnAndTakesWhomItNamesOut) {
  const Roster roster = three();
  const Eviction eviction = eviction_of(3, roster);

  EXPECT_EQ(put(7, Kind::eviction, eviction.encode()), 4);
  EXPECT_EQ(put(1, Kind::eviction, eviction.encode()), 0);
  EXPECT_EQ(vote(2, roster, eviction.id(), true), 0);
  const Roster after = certify(roster, value_of_changes(roster, {}, {eviction}));
  EXPECT_EQ(state(3, roster.room()), State::gone);
  EXPECT_EQ(count(1, Kind::eviction) + count(1, Kind::vote), 0U);
  // It learns by what it went, and nothing that comes later.
  const Value later = value_of_changes(after, {knock_of(4, roster.room())});
  certify(after, later);
  const auto page = std::get<Page>(ask(3, Fetch{roster.room(), {}}));
  EXPECT_EQ(page.objects.size(), 1 + 2 * 3U);
  EXPECT_THAT(page.objects, Not(Contains(Object{Kind::value, later.raw})));
  EXPECT_EQ(vote(3, roster, eviction.id(), true), 4);
}

TEST_F(RuleTest, AnEvictionThatCouldNotBeIsRefused) {
  const Roster two = let_in(make_room(1, "ops"), 2);

  EXPECT_EQ(put(1, Kind::eviction, eviction_of(2, two).encode()), 1) << "too few stay";
}

// --- Leaving and closing ---

TEST_F(RuleTest, WhoLeavesIsNoMemberFromThenOn) {
  const Roster roster = three();
  const Leave leave = leave_of(3, roster);

  EXPECT_EQ(put(3, Kind::leave, leave.raw), 0);
  EXPECT_EQ(put(3, Kind::leave, leave.raw), 0) << "the reply may have been lost";
  EXPECT_EQ(state(3, roster.room()), State::gone);
  EXPECT_TRUE(sees(1, Kind::leave, leave.raw));
  const Knock knock = knock_of(4, roster.room());
  join(4, knock);
  EXPECT_FALSE(sees(3, Kind::knock, knock.raw));
  EXPECT_EQ(vote(3, roster, knock.id, true), 4);
  EXPECT_EQ(put(3, Kind::leave, leave_of(7, roster).raw), 4);

  certify(roster, value_of_changes(roster, {knock}, {}, {leave}));
  EXPECT_FALSE(sees(1, Kind::leave, leave.raw)) << "it is in the value";
  EXPECT_EQ(state(4, roster.room()), State::member);
}

TEST_F(RuleTest, WhoHasLeftMayKnockAnewAndMakesRoomForAnother) {
  const Roster roster = three(3);
  put(3, Kind::leave, leave_of(3, roster).raw);

  EXPECT_EQ(join(4, knock_of(4, roster.room())), 0);
  const Roster after = certify(roster, value_of_changes(roster, {}, {}, {leave_of(3, roster)}));
  pass(1min);
  EXPECT_EQ(join(3, knock_of(3, roster.room(), "again", 24h, after.height())), 0);
  EXPECT_EQ(state(3, roster.room()), State::waiting);
}

TEST_F(RuleTest, ARoomThatAllHaveLeftIsClosedAndItsNameIsFree) {
  const Roster roster = make_room(1, "ops");
  join(2, knock_of(2, roster.room()));

  EXPECT_EQ(put(1, Kind::leave, leave_of(1, roster).raw), 0);
  EXPECT_EQ(state(2, roster.room()), State::closed);
  EXPECT_EQ(code(2, Describe{"ops"}), 4);
  make_room(3, "ops");
}

TEST_F(RuleTest, ItsCreatorAloneDeletesARoom) {
  const Roster roster = let_in(make_room(1, "ops"), 2);
  join(3, knock_of(3, roster.room()));
  const Close close = close_of(1, roster);

  EXPECT_EQ(put(2, Kind::close, close_of(2, roster).raw), 1);
  EXPECT_EQ(put(7, Kind::close, close.raw), 4);
  EXPECT_EQ(put(1, Kind::close, close.raw), 0);
  EXPECT_EQ(put(1, Kind::close, close.raw), 0) << "the reply may have been lost";
  EXPECT_TRUE(sees(2, Kind::close, close.raw));
  EXPECT_EQ(state(3, roster.room()), State::closed);
  EXPECT_EQ(join(4, knock_of(4, roster.room())), 4);
  EXPECT_EQ(code(4, Describe{"ops"}), 4);
  make_room(5, "ops");
  pass(kFarewellLifetime);
  EXPECT_FALSE(sees(2, Kind::close, close.raw));
}

TEST_F(RuleTest, ACreatorWhoIsGoneClosesNothing) {
  const Roster roster = three();
  certify(roster, value_of_changes(roster, {}, {eviction_of(1, roster)}), 2);

  EXPECT_EQ(put(2, Kind::close, close_of(1, roster).raw), 4);
}

}  // namespace
}  // namespace p2pchat::rendezvous
