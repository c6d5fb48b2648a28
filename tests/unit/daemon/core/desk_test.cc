#include <gmock/gmock.h>

#include "daemon/core/node.h"
#include "proto/limits.h"
#include "tests/unit/daemon/core/membership/circle.h"
#include "tests/unit/daemon/core/turn_fixture.h"
#include "tests/unit/proto/consent_fixtures.h"

namespace p2pchat {
namespace {

using namespace fixture;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
namespace wire = p2pchat::rendezvous;

Settings settings() {
  Settings settings;
  settings.name = "bob";
  settings.places = {{"127.0.0.1", 1, 2, 3}};
  settings.has_rendezvous = true;
  return settings;
}

// Bob, and a rendezvous that says what the test wants.
class DeskTest : public testing::Test {
 protected:
  DeskTest() { begin({}); }
  // Up to the listing that has been answered.
  void begin(const Snapshot& snapshot, const std::string& trouble = {}) {
    node_.emplace(settings(), kBob, Seed{}, snapshot, trouble);
    asked_.clear();
    note(node_->start(now_));
    note(node_->step(now_, event::TimerFired{}));
    note(node_->step(now_, event::TurnEnded{}));
    if (trouble.empty()) answer(wire::Done{});
    asked_.clear();
  }
  Actions step(const Event& event) {
    Actions actions = node_->step(now_, event);
    for (Action& action : node_->step(now_, event::TurnEnded{})) {
      actions.push_back(std::move(action));
    }
    note(actions);
    return actions;
  }
  Actions answer(const wire::Answer& given, Desk desk = Desk::ask) {
    return step(event::RendezvousAnswered{desk, wire::encode(given)});
  }
  void note(const Actions& actions) {
    for (const auto& order : only<action::AskRendezvous>(actions)) {
      if (order.desk == Desk::ask) asked_.push_back(wire::decode_request(order.question)->question);
    }
  }
  // News, at the watch desk.
  void tell(const Standing& standing) {
    now_.steady = now_.steady + kAskBackoffMin;
    answer(wire::Page{{++cursor_}, {{Kind::standing, standing.encode()}}, false}, Desk::watch);
  }
  std::size_t count_fetches() const {
    std::size_t count = 0;
    for (const auto& question : asked_) {
      if (std::holds_alternative<wire::Fetch>(question)) ++count;
    }
    return count;
  }
  static action::Answer only_answer(const Actions& actions) {
    const auto answers = only<action::Answer>(actions);
    EXPECT_THAT(answers, SizeIs(1));
    return answers.empty() ? action::Answer{} : answers[0];
  }
  // A wish of Bob's for Anna's garden; answers its knock.
  Knock wish() {
    WishRecord record;
    record.room = room();
    record.name = "garden";
    record.creator = kAnna.id();
    Knock knock;
    knock.room = room();
    knock.card = card_of(kBob, "bob");
    knock.expires = {now_.wall.milliseconds + kKnockLifetime.count()};
    knock.sign(kBob);
    record.knock = knock.raw;
    Snapshot snapshot;
    snapshot.wishes = {record};
    begin(snapshot);
    return knock;
  }

  Moment now_{TimePoint{1000s}, WallTime{1'700'000'000'000}};
  std::optional<Node> node_;
  std::vector<wire::Question> asked_;
  std::uint64_t cursor_ = 0;
};

TEST_F(DeskTest, WhoIsListedIsShownWhileTheDiskIsFull) {
  begin({}, "the disk is full");
  step(event::ListRequested{{2}});

  const auto listed = only_answer(answer(wire::Cards{{card_of(kCarl, "carl")}, false}));

  EXPECT_EQ(listed.code, ExitCode::done);
  EXPECT_THAT(listed.rows, SizeIs(1));
}

TEST_F(DeskTest, AListGoesOnAsLongAsItsIdsRise) {
  std::vector<Card> cards = {card_of(kAnna), card_of(kCarl), card_of(kDora)};
  std::sort(cards.begin(), cards.end(), [](const Card& a, const Card& b) { return a.id < b.id; });
  step(event::ListRequested{{2}});

  EXPECT_THAT(only<action::Answer>(answer(wire::Cards{{cards[0], cards[1]}, true})), IsEmpty());
  EXPECT_EQ(std::get<wire::List>(asked_.back()).after, cards[1].id);
  EXPECT_THAT(only_answer(answer(wire::Cards{{cards[2]}, false})).rows, SizeIs(3));
}

TEST_F(DeskTest, ARendezvousThatRepeatsItselfIsNotAskedOn) {
  const wire::Cards same{{card_of(kCarl, "carl")}, true};
  step(event::ListRequested{{2}});
  EXPECT_THAT(only<action::Answer>(answer(same)), IsEmpty());
  EXPECT_EQ(only_answer(answer(same)).code, ExitCode::done);

  asked_.clear();
  step(event::MeetRequested{{3}, "nobodyhere"});
  for (int i = 0; i < 5; ++i) answer(same);

  EXPECT_THAT(asked_, SizeIs(2));
}

TEST_F(DeskTest, OfAListSoManyPagesAreAskedForAtMost) {
  std::vector<Card> cards;
  for (std::size_t i = 0; i < Rendezvous::kPagesMax + 5; ++i) {
    cards.push_back(card_of(identity(static_cast<std::uint8_t>(10 + i)), "host"));
  }
  std::sort(cards.begin(), cards.end(), [](const Card& a, const Card& b) { return a.id < b.id; });
  step(event::MeetRequested{{3}, "nobodyhere"});

  for (const Card& card : cards) answer(wire::Cards{{card}, true});

  EXPECT_THAT(asked_, SizeIs(Rendezvous::kPagesMax));
}

TEST_F(DeskTest, ARoomIsFetchedAsLongAsTheCursorMoves) {
  const Knock knock = wish();
  answer(wire::Done{});  // To the knock.
  tell({room(), knock.id, State::member, 0});
  const Object genesis_object{Kind::genesis, genesis().raw};
  ASSERT_EQ(count_fetches(), 1U);

  answer(wire::Page{{5}, {genesis_object}, true});
  EXPECT_EQ(count_fetches(), 2U);
  answer(wire::Page{{5}, {genesis_object}, true});
  EXPECT_EQ(count_fetches(), 2U) << "the cursor has not moved";

  EXPECT_THAT(node_->room_records(now_), SizeIs(1));
}

TEST_F(DeskTest, AnEmptyPageIsTheLast) {
  const Knock knock = wish();
  answer(wire::Done{});
  tell({room(), knock.id, State::member, 0});

  answer(wire::Page{{5}, {}, true});

  EXPECT_EQ(count_fetches(), 1U);
}

TEST_F(DeskTest, WhatTheRendezvousDidNotGiveIsFetchedByTheNextStanding) {
  const Knock knock = wish();
  answer(wire::Done{});
  tell({room(), knock.id, State::member, 0});
  tell({room(), knock.id, State::member, 0});
  ASSERT_EQ(count_fetches(), 1U);

  answer(wire::Failure{ExitCode::unknown, "no such room"});
  tell({room(), knock.id, State::member, 0});

  EXPECT_EQ(count_fetches(), 2U);
}

TEST_F(DeskTest, WhoIsToldThatItIsOutAsksOnceByWhat) {
  MembershipState garden;
  garden.room.name = "garden";
  garden.room.genesis = genesis();
  garden.room.genesis.creator = kBob.id();
  garden.room.genesis.sign(kBob);
  const RoomId own = garden.room.genesis.room;
  Snapshot snapshot;
  snapshot.memberships = {garden};
  begin(snapshot);
  answer(wire::Done{});  // To the genesis, which is put again.
  const Standing out{own, genesis_change(own), State::gone, 0};
  Standing earlier = out;
  earlier.admission.bytes[0] ^= 1U;

  tell(earlier);
  EXPECT_EQ(count_fetches(), 0U) << "of another admission";
  tell(out);
  answer(wire::Failure{ExitCode::unknown, "no such room"});
  tell(out);

  EXPECT_EQ(count_fetches(), 1U);
  EXPECT_EQ(node_->room_records(now_).at(0).text("state"), "in") << "it is not believed";
}

TEST_F(DeskTest, WhoWasPutOutWhileItWasOffLearnsByWhat) {
  Circle circle;
  circle.admit(kBob);
  circle.admit(kCarl);
  const Seat seat = *circle.of(kBob).roster().seat_of(kBob.id());
  Snapshot snapshot;
  snapshot.memberships = {circle.stored(kBob)};
  circle.cut_off(kBob);
  for (const Identity& each : {kAnna, kCarl}) {
    ASSERT_TRUE(circle.of(each).evict(circle.turn_of(each), {kBob.id()}, ""));
    circle.settle();
  }
  ASSERT_FALSE(circle.of(kAnna).roster().seat_of(kBob.id()));
  const RoomId garden = circle.room().room;
  auto chain = circle.of(kAnna).objects_for(kBob.id(), {garden, 0, genesis_value(garden), {}});
  // A rendezvous has no words of members.
  std::erase_if(chain, [](const Object& object) { return object.kind == Kind::decided; });
  begin(snapshot);
  for (int i = 0; i < 10; ++i) answer(wire::Done{});

  tell({garden, seat.admission, State::gone, 0});
  ASSERT_EQ(count_fetches(), 1U);
  answer(wire::Page{{5}, chain, false});

  EXPECT_EQ(node_->room_records(now_).at(0).text("state"), "gone");
}

TEST_F(DeskTest, WhenTheRendezvousIsGoneWhoJoinsIsTold) {
  step(event::JoinRequested{{2}, "garden", "", "", false});
  answer(wire::Description{room(), kAnna.id(), 8, 0, 0});

  const auto told = only_answer(step(event::RendezvousFailed{Desk::ask, "no answer"}));

  EXPECT_EQ(told.code, ExitCode::failed);
  EXPECT_THAT(told.error, HasSubstr("no answer"));
  now_.steady = now_.steady + kAskBackoffMax;
  EXPECT_THAT(node_->room_records(now_), IsEmpty());
}

TEST_F(DeskTest, ARoomThatCannotBeToldForTooManyQuestionsIsNotMade) {
  for (std::uint64_t i = 0; i < Rendezvous::kQuestionsMax; ++i) {
    (void)node_->step(now_, event::ListRequested{{100 + i}});
  }

  const auto answers =
      only<action::Answer>(node_->step(now_, event::CreateRequested{{2}, "garden", 8}));

  ASSERT_THAT(answers, SizeIs(1));
  EXPECT_EQ(answers[0].code, ExitCode::limit);
  EXPECT_THAT(node_->room_records(now_), IsEmpty());
  EXPECT_EQ(only_answer(node_->step(now_, event::ListRequested{{3}})).code, ExitCode::limit);
}

TEST_F(DeskTest, ARoomWhoseUserIsGoneIsToldNevertheless) {
  (void)node_->step(now_, event::ListRequested{{2}});
  (void)node_->step(now_, event::TurnEnded{});
  (void)node_->step(now_, event::CreateRequested{{3}, "garden", 8});
  (void)node_->step(now_, event::RequestDropped{{3}});

  answer(wire::Cards{{}, false});

  ASSERT_THAT(asked_, testing::Not(IsEmpty()));
  EXPECT_EQ(std::get<wire::Put>(asked_.back()).object.kind, Kind::genesis);
}

TEST_F(DeskTest, AnInvitationForAnotherIsNotWelcome) {
  wish();
  const auto code = [&](const PeerId& to) {
    const auto invitation = door::Invitation::make(kAnna, room(), card_of(kAnna, "anna"), to);
    const auto answered = only<action::AnswerDoor>(
        step(event::DoorAsked{{5}, "127.0.0.1", door::encode(invitation)}));
    return std::get<door::Ack>(*door::decode_answer(answered.at(0).answer)).code;
  };

  EXPECT_EQ(code(kCarl.id()), Code::unregistered);
  EXPECT_EQ(code(kBob.id()), Code::success);
}

}  // namespace
}  // namespace p2pchat
