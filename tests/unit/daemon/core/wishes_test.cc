#include "daemon/core/wishes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "proto/limits.h"
#include "tests/unit/daemon/core/turn_fixture.h"
#include "tests/unit/proto/consent_fixtures.h"

namespace p2pchat {
namespace {

using namespace fixture;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
namespace wire = p2pchat::rendezvous;

// Bob wishes to be let into Anna's garden.
struct Wishing : testing::Test {
  Turn at(Duration when = 0s) {
    return {{TimePoint{when}, {1'700'000'000'000 + when.count()}}, clock, entropy, kBob};
  }
  action::Answer only_answer(const Actions& actions) {
    const auto answers = only<action::Answer>(actions);
    EXPECT_THAT(answers, SizeIs(1));
    return answers.empty() ? action::Answer{} : answers[0];
  }
  // By way of the rendezvous, up to the knock that it has taken.
  Actions knock_at_rendezvous(bool waits = false) {
    const event::JoinRequested event{{7}, "garden", "please", "", waits};
    EXPECT_THAT(wishes.join(at(), rendezvous, event), IsEmpty());
    Actions actions = wishes.described(at(), rendezvous, card_of(kBob, "bob"), event,
                                       wire::Description{room(), kAnna.id(), 8, 0, 0});
    EXPECT_THAT(only<action::StoreWish>(actions), SizeIs(1));
    return wishes.knocked(at(), room(), wire::Done{});
  }
  Standing standing(State state) { return {room(), wishes.find(room())->knock.id, state, 1}; }

  Clock clock{Stamp{}};
  Entropy entropy{Seed{}};
  Rendezvous rendezvous{true};
  Wishes wishes{kBob.id(), {}};
};

TEST_F(Wishing, AKnockThatIsTakenIsAnsweredWithWhoseRoomItIs) {
  const action::Answer answer = only_answer(knock_at_rendezvous());

  EXPECT_EQ(answer.code, ExitCode::done);
  EXPECT_EQ(answer.row.text("creator"), to_text(kAnna.id()));
  EXPECT_EQ(answer.row.text("state"), "waiting");
  EXPECT_EQ(wishes.find(room())->knock.note, "please");
}

TEST_F(Wishing, WhoWaitsIsAnsweredWhenItIsIn) {
  EXPECT_THAT(knock_at_rendezvous(true), IsEmpty());

  Actions told;
  EXPECT_EQ(wishes.told(at(), standing(State::member), told), room());
  EXPECT_THAT(told, IsEmpty());
  const action::Answer answer = only_answer(wishes.entered(room(), {}));

  EXPECT_EQ(answer.code, ExitCode::done);
  EXPECT_EQ(wishes.find(room()), nullptr);
}

TEST_F(Wishing, ANoEndsItWithTenAndANotice) {
  knock_at_rendezvous(true);

  Actions actions;
  wishes.told(at(), standing(State::refused), actions);

  EXPECT_EQ(only_answer(actions).code, ExitCode::refused);
  ASSERT_THAT(only<action::StoreNotice>(actions), SizeIs(1));
  EXPECT_THAT(only<action::StoreNotice>(actions)[0].text, HasSubstr("said no"));
  EXPECT_EQ(wishes.find(room()), nullptr);
  EXPECT_TRUE(wishes.over().contains(room()));
}

TEST_F(Wishing, WhatIsSaidOfAnotherKnockIsNotOfThisOne) {
  knock_at_rendezvous();
  Standing other = standing(State::refused);
  other.admission.bytes[0] ^= 1;

  Actions actions;
  wishes.told(at(), other, actions);

  EXPECT_THAT(actions, IsEmpty());
  EXPECT_NE(wishes.find(room()), nullptr);
}

TEST_F(Wishing, AnotherCreatorThanTheOneThatIsNamedIsRefused) {
  const event::JoinRequested event{{7}, "garden@" + to_text(kCarl.id()), "", "", false};
  wishes.join(at(), rendezvous, event);

  const Actions actions = wishes.described(at(), rendezvous, card_of(kBob, "bob"), event,
                                           wire::Description{room(), kAnna.id(), 8, 0, 0});

  EXPECT_EQ(only_answer(actions).code, ExitCode::identity);
  EXPECT_EQ(wishes.find(room()), nullptr);
}

TEST_F(Wishing, ASecondKnockIsRefused) {
  knock_at_rendezvous();

  const auto answer = only_answer(
      wishes.join(at(), rendezvous, event::JoinRequested{{8}, "garden", "", "", false}));

  EXPECT_EQ(answer.code, ExitCode::failed);
  EXPECT_THAT(answer.error, HasSubstr("already"));
}

TEST_F(Wishing, WhoComesToWaitForAWishOfOldIsAnsweredToo) {
  knock_at_rendezvous();

  EXPECT_THAT(wishes.join(at(), rendezvous, event::JoinRequested{{8}, "garden", "", "", true}),
              IsEmpty());

  EXPECT_EQ(only_answer(wishes.entered(room(), {})).request, RequestId{8});
}

TEST_F(Wishing, ItIsKnockedForAgainAfterARestart) {
  knock_at_rendezvous();
  Wishes again(kBob.id(), {wishes.find(room())->record});

  again.resume(at(), rendezvous);

  EXPECT_THAT(only<action::AskRendezvous>(rendezvous.end_turn(at())), testing::Not(IsEmpty()));
  EXPECT_NE(again.find(room()), nullptr);
}

TEST_F(Wishing, ItExpiresByMyOwnClock) {
  knock_at_rendezvous(true);

  const Actions actions = wishes.timer(at(kKnockLifetime));

  EXPECT_EQ(only_answer(actions).code, ExitCode::refused);
  EXPECT_EQ(wishes.find(room()), nullptr);
}

TEST_F(Wishing, AtADoorItAsksFirstAndThenKnocks) {
  const event::JoinRequested event{{7}, "garden", "", "door.example:7473", false};

  const auto asked = only<action::VisitDoor>(wishes.join(at(), rendezvous, event));
  ASSERT_THAT(asked, SizeIs(1));
  const door::Outline outline{room(), kAnna.id(), 8, 3, card_of(kAnna, "anna")};
  const Actions knocked =
      wishes.answered(at(), card_of(kBob, "bob"), {asked[0].visit, door::encode(outline)});
  ASSERT_THAT(only<action::VisitDoor>(knocked), SizeIs(1));
  EXPECT_THAT(only<action::StoreWish>(knocked), SizeIs(1));
  EXPECT_EQ(wishes.find(room())->knock.after, 3U);
  const door::Answered waiting{State::waiting, 1, card_of(kAnna, "anna")};
  const Actions taken =
      wishes.answered(at(), card_of(kBob, "bob"),
                      {only<action::VisitDoor>(knocked)[0].visit, door::encode(waiting)});

  EXPECT_EQ(only_answer(taken).code, ExitCode::done);
}

TEST_F(Wishing, OnlyForARoomThatIsWishedForIsAnInvitationTaken) {
  knock_at_rendezvous();
  Actions actions;

  EXPECT_TRUE(wishes.invited({room(), card_of(kAnna, "anna")}, actions));
  EXPECT_FALSE(wishes.invited({other_room(), card_of(kCarl, "carl")}, actions));

  EXPECT_TRUE(wishes.is_host(kAnna.id()));
  EXPECT_FALSE(wishes.is_host(kCarl.id()));
}

TEST_F(Wishing, HostsAreBounded) {
  knock_at_rendezvous();
  Actions actions;

  for (std::uint8_t i = 0; i < 2 * Wishes::kHostsMax; ++i) {
    const Identity host = identity(static_cast<std::uint8_t>(50 + i));
    wishes.invited({room(), card_of(host, "host")}, actions);
  }

  EXPECT_THAT(wishes.find(room())->record.hosts, SizeIs(Wishes::kHostsMax));
}

}  // namespace
}  // namespace p2pchat
