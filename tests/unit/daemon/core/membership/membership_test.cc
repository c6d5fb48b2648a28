#include "daemon/core/membership/membership.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <limits>

#include "tests/unit/daemon/core/membership/circle.h"
#include "tests/unit/fork_sample.h"

namespace p2pchat {
namespace {

using namespace fixture;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Truly;
using ::testing::UnorderedElementsAre;
using What = Membership::News::What;

std::vector<What> what(const std::vector<Membership::News>& news) {
  std::vector<What> all;
  for (const auto& each : news) all.push_back(each.what);
  return all;
}

TEST(Membership, ItsFounderIsInAlone) {
  Circle circle;

  EXPECT_TRUE(circle.of(kAnna).is_in());
  EXPECT_THAT(circle.members_of(kAnna), ElementsAre(kAnna.id()));
}

TEST(Membership, WhomAllHaveAcceptedIsInAtEverybodys) {
  Circle circle;

  circle.admit(kBob);
  circle.admit(kCarl);

  for (const Identity& each : {kAnna, kBob, kCarl}) {
    EXPECT_TRUE(circle.of(each).is_in());
    EXPECT_THAT(circle.members_of(each), UnorderedElementsAre(kAnna.id(), kBob.id(), kCarl.id()));
  }
}

TEST(Membership, PeopleAreToldWhoKnocksAndWhoComes) {
  Circle circle;
  circle.admit(kBob);
  circle.admit(kCarl);

  EXPECT_THAT(what(circle.at(kAnna).news),
              ElementsAre(What::knocked, What::came, What::knocked, What::came));
  EXPECT_THAT(what(circle.at(kBob).news), ElementsAre(What::entered, What::knocked, What::came));
  EXPECT_THAT(what(circle.at(kCarl).news), ElementsAre(What::entered));
}

TEST(Membership, OneNoEndsAKnock) {
  Circle circle;
  circle.admit(kBob);
  const Knock knock = circle.knock_of(kCarl);
  ASSERT_TRUE(circle.of(kAnna).knocked(circle.turn_of(kAnna), knock));
  circle.settle();

  ASSERT_TRUE(circle.of(kBob).vote(circle.turn_of(kBob), kCarl.id(), false, "no"));
  circle.settle();

  EXPECT_EQ(circle.of(kAnna).state_of(knock), State::refused);
  EXPECT_FALSE(circle.of(kAnna).vote(circle.turn_of(kAnna), kCarl.id(), true, ""));
  EXPECT_THAT(circle.members_of(kAnna), UnorderedElementsAre(kAnna.id(), kBob.id()));
}

TEST(Membership, AVoteOnWhatEndsInTheSameTurnIsStoredAllTheSame) {
  Circle circle;
  circle.admit(kBob);
  const Knock knock = circle.knock_of(kCarl);
  ASSERT_TRUE(circle.of(kAnna).knocked(circle.turn_of(kAnna), knock));
  circle.settle();
  circle.of(kAnna).take_posted();
  circle.cut_off(kAnna);
  ASSERT_TRUE(circle.of(kBob).vote(circle.turn_of(kBob), kCarl.id(), false, ""));
  circle.settle();

  ASSERT_TRUE(circle.of(kAnna).vote(circle.turn_of(kAnna), kCarl.id(), true, ""));
  for (const Object& object : circle.stored(kBob).objects) {
    circle.of(kAnna).take(circle.turn_of(kAnna), object, kBob.id());
  }
  circle.settle();

  EXPECT_EQ(circle.of(kAnna).state_of(knock), State::refused);
  const auto is_own = [](const Object& object) {
    const auto vote = Vote::decode(object.raw);
    return vote && vote->seat.peer == kAnna.id();
  };
  EXPECT_THAT(circle.stored(kAnna).objects, Contains(Truly(is_own)));
  EXPECT_THAT(circle.of(kAnna).take_posted(), ElementsAre(Truly(is_own)));
}

TEST(Membership, AVoteIsFinal) {
  Circle circle;
  circle.admit(kBob);
  ASSERT_TRUE(circle.of(kAnna).knocked(circle.turn_of(kAnna), circle.knock_of(kCarl)));
  circle.settle();

  EXPECT_TRUE(circle.of(kAnna).vote(circle.turn_of(kAnna), kCarl.id(), true, ""));
  EXPECT_TRUE(circle.of(kAnna).vote(circle.turn_of(kAnna), kCarl.id(), true, ""));
  EXPECT_FALSE(circle.of(kAnna).vote(circle.turn_of(kAnna), kCarl.id(), false, ""));
}

TEST(Membership, WhoIsEvictedIsOutEverywhere) {
  Circle circle;
  circle.admit(kBob);
  circle.admit(kCarl);

  ASSERT_TRUE(circle.of(kAnna).evict(circle.turn_of(kAnna), {kCarl.id()}, "silent"));
  circle.settle();
  ASSERT_TRUE(circle.of(kBob).evict(circle.turn_of(kBob), {kCarl.id()}, ""));
  circle.settle();

  EXPECT_THAT(circle.members_of(kAnna), UnorderedElementsAre(kAnna.id(), kBob.id()));
  EXPECT_FALSE(circle.of(kCarl).is_in());
  EXPECT_EQ(circle.at(kCarl).news.back().what, What::put_out);
}

TEST(Membership, ARoomOfTwoCannotEvict) {
  Circle circle;
  circle.admit(kBob);

  const auto voted = circle.of(kAnna).evict(circle.turn_of(kAnna), {kBob.id()}, "");

  ASSERT_FALSE(voted);
  EXPECT_EQ(voted.error().text, "of two, neither can evict the other: leave instead");
}

TEST(Membership, WhoLeavesIsOutAndMayComeBackByANewKnock) {
  Circle circle;
  circle.admit(kBob);
  circle.admit(kCarl);

  circle.of(kCarl).leave(circle.turn_of(kCarl), std::nullopt);
  circle.settle();
  EXPECT_FALSE(circle.of(kCarl).is_in());
  EXPECT_TRUE(circle.of(kCarl).is_over());
  EXPECT_THAT(circle.members_of(kAnna), UnorderedElementsAre(kAnna.id(), kBob.id()));

  const auto old = circle.of(kAnna).knocked(circle.turn_of(kAnna), circle.knock_of(kCarl));
  EXPECT_FALSE(old);
  EXPECT_EQ(circle.of(kAnna).roster().gone_at(kCarl.id()), 3U);
  circle.pass(kKnockInterval);
  circle.admit(kCarl);
  EXPECT_TRUE(circle.of(kCarl).is_in());
  EXPECT_FALSE(circle.of(kCarl).record().is_gone);
  EXPECT_TRUE(Membership::restore(circle.stored(kCarl), kCarl.id())->is_in());
  EXPECT_EQ(circle.at(kCarl).news.back().what, What::entered);
}

// What she took for her going need not be what the others have decided.
TEST(Membership, WhoLeavesWithWhatNobodyHoldsIsOutInTheEnd) {
  Circle circle;
  circle.admit(kBob);
  Head last{{kBob.id(), {}}, {7}, {}};
  circle.of(kBob).leave(circle.turn_of(kBob), last);
  circle.settle();
  ASSERT_TRUE(circle.of(kAnna).roster().seat_of(kBob.id()));
  EXPECT_LT(circle.of(kAnna).deadline(), TimePoint::never());

  circle.pass(kGoerPatience);

  EXPECT_FALSE(circle.of(kAnna).roster().seat_of(kBob.id()));
}

TEST(Membership, WhoIsLetInAgainFollowsTheOthersFromTheGenesisOn) {
  Circle circle;
  circle.admit(kBob);
  circle.of(kAnna).leave(circle.turn_of(kAnna), std::nullopt);
  circle.settle();
  ASSERT_TRUE(circle.of(kAnna).is_over());
  const std::size_t heights = circle.of(kBob).chain().size();

  circle.of(kAnna).begin_anew(circle.knock_of(kAnna).id);

  EXPECT_EQ(circle.of(kAnna).roll().height, 0U);
  EXPECT_FALSE(circle.of(kAnna).is_in());
  circle.greet(kAnna.id());
  circle.settle();
  EXPECT_FALSE(circle.of(kAnna).is_in()) << "her first seat is no way in";
  EXPECT_EQ(circle.of(kBob).chain().size(), heights);
}

TEST(Membership, AClosedRoomIsClosedForAll) {
  Circle circle;
  circle.admit(kBob);

  circle.of(kAnna).close(circle.turn_of(kAnna));
  circle.settle();

  EXPECT_FALSE(circle.of(kAnna).is_in());
  EXPECT_FALSE(circle.of(kBob).is_in());
  EXPECT_EQ(circle.at(kBob).news.back().what, What::closed);
}

TEST(Membership, ItGoesOnFromWhatIsStored) {
  Circle circle;
  circle.admit(kBob);
  ASSERT_TRUE(circle.of(kAnna).knocked(circle.turn_of(kAnna), circle.knock_of(kCarl)));
  circle.settle();
  ASSERT_TRUE(circle.of(kAnna).vote(circle.turn_of(kAnna), kCarl.id(), true, ""));
  circle.settle();

  auto restored = Membership::restore(circle.stored(kAnna), kAnna.id());

  ASSERT_TRUE(restored) << restored.error().text;
  EXPECT_TRUE(restored->is_in());
  EXPECT_EQ(restored->roster().value(), circle.of(kBob).roster().value());
  EXPECT_EQ(restored->voted_on(circle.knock_of(kCarl).id), 1U);
}

// Its elders' words are still to come.
TEST(Membership, APledgeIsStoredBeforeItIsTold) {
  Circle circle;
  circle.admit(kBob);
  std::set<ValueId> stored;
  std::set<ValueId> told;

  circle.admit(kCarl);

  for (const Action& action : circle.at(kAnna).actions) {
    const auto* kept = std::get_if<action::StorePledge>(&action);
    if (kept != nullptr) stored.insert(kept->pledge.value);
    const auto* sent = std::get_if<action::SendLink>(&action);
    if (sent == nullptr) continue;
    const auto message = link::decode(sent->frame);
    const auto* page = std::get_if<link::Objects>(&*message);
    if (page == nullptr) continue;
    for (const Object& object : page->objects) {
      if (object.kind != Kind::pledge) continue;
      const auto pledge = Pledge::decode(object.raw);
      if (pledge->seat.peer != kAnna.id()) continue;
      told.insert(pledge->value);
      EXPECT_TRUE(stored.contains(pledge->value));
    }
  }
  EXPECT_FALSE(told.empty());
}

TEST(Membership, WhomItHasPledgedToLetInMayPostAboveThat) {
  Circle circle;
  circle.admit(kBob);
  ASSERT_FALSE(circle.of(kAnna).coming_from());
  const Knock knock = circle.knock_of(kCarl);
  ASSERT_TRUE(circle.of(kAnna).knocked(circle.turn_of(kAnna), knock));
  circle.settle();
  ASSERT_TRUE(circle.of(kBob).vote(circle.turn_of(kBob), kCarl.id(), true, ""));
  circle.settle();

  // Anna has all votes, and nobody hears her.
  circle.cut_off(kAnna);
  ASSERT_TRUE(circle.of(kAnna).vote(circle.turn_of(kAnna), kCarl.id(), true, ""));
  const Actions own = circle.of(kAnna).end_turn(circle.turn_of(kAnna), {}, {});
  const Stamp pledged = circle.at(kAnna).clock.promise({});
  EXPECT_LT(circle.of(kAnna).coming_from().value(), pledged);
  EXPECT_GT(circle.of(kAnna).coming_from().value(),
            circle.of(kAnna).chain().back().certificate.entries.front().stamp);

  circle.at(kAnna).actions.insert(circle.at(kAnna).actions.end(), own.begin(), own.end());
  const auto restored = Membership::restore(circle.stored(kAnna), kAnna.id());
  ASSERT_TRUE(restored);
  EXPECT_EQ(restored->coming_from(),
            circle.of(kAnna).chain().back().certificate.entries.front().stamp);

  circle.bring_back(kAnna);
  circle.pass(kRoundPatience);
  EXPECT_EQ(circle.members_of(kAnna).size(), 3U);
  EXPECT_FALSE(circle.of(kAnna).coming_from());
  EXPECT_FALSE(circle.of(kBob).coming_from());
}

TEST(Membership, ANewcomerRemembersWhatItPledgesBeforeItIsIn) {
  Circle circle;
  circle.admit(kBob);
  circle.add(kCarl);
  circle.cut_off(kCarl);
  const Knock knock = circle.knock_of(kCarl);
  circle.of(kCarl).expect(knock.id);
  ASSERT_TRUE(circle.of(kAnna).knocked(circle.turn_of(kAnna), knock));
  circle.settle();
  ASSERT_TRUE(circle.of(kAnna).vote(circle.turn_of(kAnna), kCarl.id(), true, ""));
  ASSERT_TRUE(circle.of(kBob).vote(circle.turn_of(kBob), kCarl.id(), true, ""));
  circle.settle();
  circle.cut_off(kAnna);
  circle.of(kBob).leave(circle.turn_of(kBob), std::nullopt);
  circle.settle();
  for (const Object& object : circle.of(kBob).objects_for(kCarl.id(), circle.of(kCarl).roll())) {
    if (object.kind == Kind::decided) continue;
    circle.of(kCarl).take(circle.turn_of(kCarl), object, std::nullopt);
  }
  circle.settle();

  const MembershipState stored = circle.stored(kCarl);
  ASSERT_TRUE(stored.pledge);
  EXPECT_TRUE(stored.room.is_gone);
  EXPECT_FALSE(circle.of(kCarl).is_in());
  const auto restored = Membership::restore(stored, kCarl.id());
  ASSERT_TRUE(restored) << restored.error().text;
  EXPECT_EQ(restored->consent().floor(), stored.pledge->pledge.round);
  circle.bring_back(kAnna);
  circle.bring_back(kCarl);
  EXPECT_TRUE(circle.of(kCarl).is_in());
  EXPECT_FALSE(circle.of(kCarl).record().is_gone);
  EXPECT_EQ(circle.at(kCarl).news.front().what, What::entered);
}

TEST(Membership, ACreatorWhoHasLostItsRoomPledgesNothingInItsOldSeat) {
  Circle circle;
  circle.admit(kBob);
  Membership lost(circle.room(), "garden", kAnna.id());

  lost.expect(circle.knock_of(kAnna).id);

  const Seat seat{kAnna.id(), genesis_change(circle.room().room)};
  EXPECT_EQ(lost.consent().forgotten(), seat);
}

TEST(Membership, WhoDoesNotRememberItsKnockPledgesNothing) {
  Circle circle;
  circle.add(kBob);
  ASSERT_TRUE(circle.of(kAnna).knocked(circle.turn_of(kAnna), circle.knock_of(kBob)));
  circle.settle();
  ASSERT_TRUE(circle.of(kAnna).vote(circle.turn_of(kAnna), kBob.id(), true, ""));
  circle.settle();
  circle.greet(kBob.id());
  circle.settle();

  EXPECT_TRUE(circle.of(kBob).is_in());
  EXPECT_TRUE(circle.of(kBob).consent().forgotten());
  EXPECT_TRUE(circle.stored(kBob).room.forgotten);
  EXPECT_EQ(circle.at(kBob).news.back().what, What::forgotten);
}

// Neither before it is in nor in the turn in which it is: Bob leaves, and who stays pledges that.
TEST(Membership, WhoDoesNotRememberItsKnockPledgesNothingThatWaits) {
  for (const bool has_words : {false, true}) {
    Circle circle;
    circle.admit(kBob);
    circle.add(kCarl);
    circle.cut_off(kCarl);
    ASSERT_TRUE(circle.of(kAnna).knocked(circle.turn_of(kAnna), circle.knock_of(kCarl)));
    circle.settle();
    ASSERT_TRUE(circle.of(kAnna).vote(circle.turn_of(kAnna), kCarl.id(), true, ""));
    ASSERT_TRUE(circle.of(kBob).vote(circle.turn_of(kBob), kCarl.id(), true, ""));
    circle.settle();
    circle.of(kBob).leave(circle.turn_of(kBob), std::nullopt);
    circle.settle();

    for (const Object& object : circle.of(kAnna).objects_for(kCarl.id(), circle.of(kCarl).roll())) {
      if (object.kind == Kind::decided && !has_words) continue;
      circle.of(kCarl).take(circle.turn_of(kCarl), object, std::nullopt);
    }
    circle.settle();

    EXPECT_EQ(circle.of(kCarl).is_in(), has_words);
    EXPECT_TRUE(circle.of(kCarl).consent().forgotten());
    EXPECT_FALSE(circle.stored(kCarl).pledge);
  }
}

TEST(Membership, AnOwnNoSurvivesARestart) {
  Circle circle;
  circle.admit(kBob);
  const Knock knock = circle.knock_of(kCarl);
  ASSERT_TRUE(circle.of(kAnna).knocked(circle.turn_of(kAnna), knock));
  circle.settle();
  ASSERT_TRUE(circle.of(kAnna).vote(circle.turn_of(kAnna), kCarl.id(), false, ""));
  circle.settle();

  auto restored = Membership::restore(circle.stored(kAnna), kAnna.id());

  ASSERT_TRUE(restored);
  EXPECT_EQ(restored->state_of(knock), State::refused);
  EXPECT_FALSE(restored->knock_of(kCarl.id()));
}

Object fork_of(Circle& circle, const Identity& author) {
  const auto seat = circle.of(kAnna).roster().seat_of(author.id());
  return {Kind::fork, sample_fork(author, circle.room().room, seat->admission).raw};
}

TEST(Membership, AForkIsStoredToldToAllAndSurvivesARestart) {
  Circle circle;
  circle.admit(kBob);
  circle.admit(kCarl);
  const Object fork = fork_of(circle, kCarl);
  circle.at(kBob).news.clear();

  circle.of(kAnna).take(circle.turn_of(kAnna), fork, std::nullopt);
  circle.settle();

  EXPECT_EQ(circle.of(kBob).consent().forkers(), std::set{kCarl.id()});
  ASSERT_FALSE(circle.at(kBob).news.empty());
  EXPECT_EQ(circle.at(kBob).news.back().what, What::lied);
  const auto restored = Membership::restore(circle.stored(kBob), kBob.id());
  ASSERT_TRUE(restored);
  EXPECT_EQ(restored->consent().forkers(), std::set{kCarl.id()});
  const auto posted = circle.of(kAnna).take_posted();
  EXPECT_TRUE(std::none_of(posted.begin(), posted.end(),
                           [](const Object& object) { return object.kind == Kind::fork; }));
}

TEST(Membership, WhoWasAwayIsToldOfAFork) {
  Circle circle;
  circle.admit(kBob);
  circle.admit(kCarl);
  circle.cut_off(kBob);
  circle.of(kAnna).take(circle.turn_of(kAnna), fork_of(circle, kCarl), std::nullopt);
  circle.settle();
  EXPECT_TRUE(circle.of(kBob).consent().forkers().empty());

  circle.bring_back(kBob);

  EXPECT_EQ(circle.of(kBob).consent().forkers(), std::set{kCarl.id()});
}

TEST(Membership, AForkIsDroppedWithItsSeat) {
  Circle circle;
  circle.admit(kBob);
  circle.admit(kCarl);
  circle.of(kAnna).take(circle.turn_of(kAnna), fork_of(circle, kCarl), std::nullopt);
  circle.settle();
  for (const Identity& who : {kAnna, kBob}) {
    ASSERT_TRUE(circle.of(who).evict(circle.turn_of(who), {kCarl.id()}, ""));
    circle.settle();
  }
  circle.cut_off(kCarl);
  ASSERT_FALSE(circle.members_of(kAnna).contains(kCarl.id()));
  EXPECT_TRUE(circle.of(kAnna).consent().forkers().empty());
  circle.admit(identity(4));

  const MembershipState stored = circle.stored(kAnna);

  EXPECT_TRUE(std::none_of(stored.objects.begin(), stored.objects.end(),
                           [](const Object& object) { return object.kind == Kind::fork; }));
}

TEST(Membership, AKnockForLongerThanIsAllowedIsNotTaken) {
  Circle circle;
  Knock knock = circle.knock_of(kBob);
  for (const std::int64_t expires :
       {std::numeric_limits<std::int64_t>::max(), Circle::kWall + 2 * kKnockLifetimeMax.count()}) {
    knock.expires = {expires};
    knock.sign(kBob);
    EXPECT_FALSE(circle.of(kAnna).knocked(circle.turn_of(kAnna), knock));
  }
}

TEST(Membership, ARoomOfThoseWhoHaveAllLeftIsOver) {
  Circle circle;
  circle.admit(kBob);

  circle.of(kAnna).leave(circle.turn_of(kAnna), std::nullopt);
  circle.of(kBob).leave(circle.turn_of(kBob), std::nullopt);
  circle.settle();

  EXPECT_TRUE(circle.of(kAnna).is_over());
  EXPECT_TRUE(circle.of(kBob).is_over());
}

TEST(Membership, WhoWasAwayIsBroughtUpToDate) {
  Circle circle;
  circle.admit(kBob);
  circle.admit(kCarl);
  circle.cut_off(kCarl);
  ASSERT_TRUE(circle.of(kAnna).knocked(circle.turn_of(kAnna), circle.knock_of(kDora)));
  circle.settle();
  ASSERT_TRUE(circle.of(kAnna).vote(circle.turn_of(kAnna), kDora.id(), true, ""));
  ASSERT_TRUE(circle.of(kBob).vote(circle.turn_of(kBob), kDora.id(), true, ""));
  circle.settle();
  EXPECT_FALSE(circle.of(kCarl).knock_of(kDora.id()));

  circle.bring_back(kCarl);
  ASSERT_TRUE(circle.of(kCarl).vote(circle.turn_of(kCarl), kDora.id(), true, ""));
  circle.add(kDora);
  circle.settle();
  circle.greet(kDora.id());
  circle.settle();

  EXPECT_TRUE(circle.of(kDora).is_in());
  EXPECT_EQ(circle.members_of(kCarl).size(), 4U);
}

}  // namespace
}  // namespace p2pchat
