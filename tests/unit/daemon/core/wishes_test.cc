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
    return wishes.knocked(room(), wire::Done{});
  }
  // Up to the knock that the rendezvous has not answered yet.
  void knock_under_way(bool waits = false) {
    const event::JoinRequested event{{7}, "garden", "please", "", waits};
    EXPECT_THAT(wishes.join(at(), rendezvous, event), IsEmpty());
    EXPECT_THAT(
        only<action::Answer>(wishes.described(at(), rendezvous, card_of(kBob, "bob"), event,
                                              wire::Description{room(), kAnna.id(), 8, 0, 0})),
        IsEmpty());
  }
  // At Anna's door, up to the knock there; answers the visit.
  VisitId knock_at_door(bool waits = false) {
    const event::JoinRequested event{{7}, "garden", "", "door.example:7473", waits};
    const auto asked = only<action::VisitDoor>(wishes.join(at(), rendezvous, event));
    EXPECT_THAT(asked, SizeIs(1));
    const door::Outline outline{room(), kAnna.id(), 8, 0, card_of(kAnna, "anna")};
    const auto knocked = only<action::VisitDoor>(
        wishes.answered(at(), card_of(kBob, "bob"), {asked[0].visit, door::encode(outline)}));
    EXPECT_THAT(knocked, SizeIs(1));
    return knocked[0].visit;
  }
  Actions answer_at_door(VisitId visit, const door::Answer& answer) {
    return wishes.answered(at(), card_of(kBob, "bob"), {visit, door::encode(answer)});
  }
  void wait_too() {
    EXPECT_THAT(wishes.join(at(), rendezvous, event::JoinRequested{{8}, "garden", "", "", true}),
                IsEmpty());
  }
  static door::Invitation invitation_of(const Identity& host, const RoomId& to_room = room(),
                                        const PeerId& to = kBob.id()) {
    return door::Invitation::make(host, to_room, card_of(host, "host"), to);
  }
  static Identity stranger(std::size_t number) {
    return identity(static_cast<std::uint8_t>(50 + number));
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

TEST_F(Wishing, AMarkNamesEightCharactersAtLeast) {
  for (const std::string& mark : {std::string(), to_text(kAnna.id()).substr(0, 7)}) {
    const event::JoinRequested event{{7}, "garden@" + mark, "", "", false};
    EXPECT_EQ(only_answer(wishes.join(at(), rendezvous, event)).code, ExitCode::usage);
  }

  const event::JoinRequested event{
      {7}, "garden@" + to_text(kAnna.id()).substr(0, 8), "", "", false};
  EXPECT_THAT(wishes.join(at(), rendezvous, event), IsEmpty());
}

TEST_F(Wishing, AnotherCreatorThanTheOneThatWasToldEndsItAsAnothersRoom) {
  knock_at_rendezvous(true);

  const Actions actions = wishes.mismatched(at(), room());

  EXPECT_EQ(only_answer(actions).code, ExitCode::identity);
  EXPECT_THAT(only<action::StoreNotice>(actions), SizeIs(1));
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

TEST_F(Wishing, WhatTheRendezvousSaysToAKnockOfBeforeARestartEndsNothing) {
  knock_at_rendezvous();
  Wishes again(kBob.id(), {wishes.find(room())->record});
  again.resume(at(), rendezvous);

  const Actions actions =
      again.knocked(room(), wire::Failure{ExitCode::failed, "it is a member already"});

  EXPECT_THAT(actions, IsEmpty());
  Actions told;
  const Standing standing{room(), again.find(room())->knock.id, State::member, 0};
  EXPECT_EQ(again.told(at(), standing, told), room());
}

// --- Who waits is answered, once ---

TEST_F(Wishing, GivingItUpAnswersWhoWaitsForTheKnockToBeTaken) {
  knock_under_way();

  const Actions given_up = wishes.give_up(room());

  EXPECT_EQ(only_answer(given_up).code, ExitCode::refused);
  EXPECT_THAT(only<action::DropWish>(given_up), SizeIs(1));
  EXPECT_THAT(wishes.knocked(room(), wire::Done{}), IsEmpty());
}

TEST_F(Wishing, ANoThatComesBeforeTheKnockIsAnsweredAnswersWhoAsked) {
  knock_under_way();

  Actions told;
  wishes.told(at(), standing(State::refused), told);

  EXPECT_EQ(only_answer(told).code, ExitCode::refused);
  EXPECT_THAT(wishes.knocked(room(), wire::Done{}), IsEmpty());
}

TEST_F(Wishing, AStandingThatComesFirstShowsThatTheKnockWasTaken) {
  knock_under_way();

  Actions told;
  wishes.told(at(), standing(State::waiting), told);

  EXPECT_EQ(only_answer(told).code, ExitCode::done);
  EXPECT_THAT(wishes.knocked(room(), wire::Failure{ExitCode::limit, "full"}), IsEmpty());
  EXPECT_NE(wishes.find(room()), nullptr);
}

TEST_F(Wishing, AKnockThatIsRefusedAnswersAllWhoWait) {
  knock_under_way();
  wait_too();

  const auto answers = only<action::Answer>(
      wishes.knocked(room(), wire::Failure{ExitCode::limit, "the room is full"}));

  ASSERT_THAT(answers, SizeIs(2));
  EXPECT_EQ(answers[0].code, ExitCode::limit);
  EXPECT_EQ(answers[1].code, ExitCode::limit);
  EXPECT_EQ(wishes.find(room()), nullptr);
}

TEST_F(Wishing, WithoutTheRendezvousWhoWaitsForTheKnockToBeTakenIsTold) {
  knock_under_way();

  const Actions actions = wishes.unreached(rendezvous, room(), "it is gone");

  EXPECT_EQ(only_answer(actions).code, ExitCode::failed);
  EXPECT_EQ(wishes.find(room()), nullptr);
}

TEST_F(Wishing, WithoutTheRendezvousItIsKeptForWhoWaitsForItsEnd) {
  knock_under_way();
  wait_too();

  const Actions actions = wishes.unreached(rendezvous, room(), "it is gone");

  EXPECT_EQ(only_answer(actions).request, RequestId{7});
  EXPECT_NE(wishes.find(room()), nullptr);
  EXPECT_EQ(only_answer(wishes.entered(room(), {})).request, RequestId{8});
}

TEST_F(Wishing, AFailureIsNotForWhoWaitsForTheEndOfAKnockThatWasTaken) {
  knock_at_rendezvous(true);

  EXPECT_THAT(wishes.knocked(room(), wire::Failure{ExitCode::failed, "no"}), IsEmpty());

  EXPECT_EQ(only_answer(wishes.entered(room(), {})).code, ExitCode::done);
}

TEST_F(Wishing, ADoorThatAcknowledgesAKnockHasNotTakenIt) {
  const door::Ack ack{Code::unregistered, "its disk takes no writes now", true, {}, {}};

  const auto answer = only_answer(answer_at_door(knock_at_door(), ack));

  EXPECT_EQ(answer.code, ExitCode::failed);
  EXPECT_THAT(answer.error, HasSubstr("its disk takes no writes now"));
  EXPECT_EQ(wishes.find(room()), nullptr);
}

TEST_F(Wishing, ADoorThatTalksNonsenseHasNotTakenAKnock) {
  const door::Introduction nonsense{card_of(kAnna, "anna")};

  EXPECT_EQ(only_answer(answer_at_door(knock_at_door(), nonsense)).code, ExitCode::failed);
}

TEST_F(Wishing, AKnockAtADoorIsRepeatedForWhoWaitsForItsEnd) {
  const VisitId visit = knock_at_door(true);

  EXPECT_THAT(wishes.failed({visit, "no answer"}), IsEmpty());

  EXPECT_THAT(only<action::VisitDoor>(wishes.timer(at(kWishBackoffMin), rendezvous)), SizeIs(1));
}

TEST_F(Wishing, WhatADoorSaysToAnEarlierKnockIsNotForThisOne) {
  const VisitId earlier = knock_at_door();
  wishes.give_up(room());
  const event::JoinRequested event{{9}, "garden", "once more", "", false};
  wishes.join(at(), rendezvous, event);
  (void)wishes.described(at(1s), rendezvous, card_of(kBob, "bob"), event,
                         wire::Description{room(), kAnna.id(), 8, 0, 0});

  EXPECT_THAT(answer_at_door(earlier, door::Refused{ExitCode::limit, "full"}), IsEmpty());

  EXPECT_NE(wishes.find(room()), nullptr);
}

TEST_F(Wishing, WhenTooManyQuestionsWaitItIsOverALimit) {
  while (rendezvous.ask(wire::List{}, Rendezvous::ForList{{1}, {}})) continue;

  const event::JoinRequested event{{7}, "garden", "", "", false};

  EXPECT_EQ(only_answer(wishes.join(at(), rendezvous, event)).code, ExitCode::limit);
}

// --- Entering ---

TEST_F(Wishing, WhatWasNotToldOfTheRoomIsAskedForAgainByTheNextStanding) {
  knock_at_rendezvous();
  Actions told;
  ASSERT_EQ(wishes.told(at(), standing(State::member), told), room());
  ASSERT_EQ(wishes.told(at(), standing(State::member), told), std::nullopt);

  wishes.not_entered(room());

  EXPECT_EQ(wishes.told(at(), standing(State::member), told), room());
}

TEST_F(Wishing, WhatWasNotToldOfTheRoomIsAskedForAgainInAWhile) {
  knock_at_rendezvous();
  Actions told;
  wishes.told(at(), standing(State::member), told);
  wishes.not_entered(room());
  Rendezvous asked(true);

  wishes.timer(at(kWishBackoffMin), asked);
  wishes.timer(at(4 * kWishBackoffMin), asked);

  const auto orders = only<action::AskRendezvous>(asked.end_turn(at(4 * kWishBackoffMin)));
  ASSERT_THAT(orders, SizeIs(2)) << "one of them at the watch desk";
  const auto question = wire::decode_request(orders[0].question)->question;
  EXPECT_EQ(std::get<wire::Fetch>(question).room, room());
}

TEST_F(Wishing, ItExpiresByMyOwnClock) {
  knock_at_rendezvous(true);

  const Actions actions = wishes.timer(at(kKnockLifetime), rendezvous);

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

  EXPECT_TRUE(wishes.invited(invitation_of(kAnna), actions));
  EXPECT_FALSE(wishes.invited(invitation_of(kCarl, other_room()), actions));
  EXPECT_FALSE(wishes.invited(invitation_of(kCarl, room(), kDora.id()), actions)) << "not for me";

  EXPECT_TRUE(wishes.is_host(kAnna.id()));
  EXPECT_FALSE(wishes.is_host(kCarl.id()));
}

TEST_F(Wishing, HostsAreBounded) {
  knock_at_rendezvous();
  Actions actions;

  for (std::size_t i = 0; i < 2 * Wishes::kHostsMax; ++i) {
    wishes.invited(invitation_of(stranger(i)), actions);
  }

  EXPECT_THAT(wishes.find(room())->record.hosts, SizeIs(Wishes::kHostsMax));
}

TEST_F(Wishing, WhoInvitesTakesThePlaceOfTheOldestThatOnlyInvited) {
  knock_at_rendezvous();
  Actions actions;
  wishes.add_host(room(), card_of(kCarl, "carl"), actions);
  for (std::size_t i = 1; i < Wishes::kHostsMax; ++i) {
    wishes.invited(invitation_of(stranger(i)), actions);
  }

  EXPECT_TRUE(wishes.invited(invitation_of(kAnna), actions));

  EXPECT_TRUE(wishes.is_host(kCarl.id())) << "the rendezvous has named it";
  EXPECT_FALSE(wishes.is_host(stranger(1).id()));
  EXPECT_TRUE(wishes.is_host(stranger(2).id()));
}

TEST_F(Wishing, WhoInvitesTakesNoPlaceOfThoseThatWereNamed) {
  knock_at_rendezvous();
  Actions actions;
  for (std::size_t i = 0; i < Wishes::kHostsMax; ++i) {
    wishes.add_host(room(), card_of(stranger(i), "host"), actions);
  }

  EXPECT_FALSE(wishes.invited(invitation_of(kAnna), actions));
}

}  // namespace
}  // namespace p2pchat
