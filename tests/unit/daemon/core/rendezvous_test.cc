#include "daemon/core/rendezvous.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "proto/limits.h"
#include "tests/unit/daemon/core/turn_fixture.h"
#include "tests/unit/proto/consent_fixtures.h"

namespace p2pchat {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;
namespace wire = p2pchat::rendezvous;

struct Asking : testing::Test {
  // What is put at a desk when the turn ends.
  std::vector<wire::Question> put(Desk desk, Duration at = 0s) {
    std::vector<wire::Question> questions;
    for (const auto& order : only<action::AskRendezvous>(rendezvous.end_turn(fixture.at(at)))) {
      const auto asked = wire::decode_request(order.question);
      if (order.desk == desk && asked) questions.push_back(asked->question);
    }
    return questions;
  }
  std::optional<Rendezvous::Reply> answer(Desk desk, const wire::Answer& given, Duration at = 0s) {
    return rendezvous.answered(fixture.at(at), {desk, wire::encode(given)});
  }

  TurnFixture fixture;
  Rendezvous rendezvous{true};
  event::JoinRequested join{{7}, "garden", "", "", false};
};

TEST_F(Asking, OneQuestionIsPutAtATime) {
  rendezvous.ask(wire::Describe{"garden"}, Rendezvous::ForJoin{join});
  rendezvous.ask(wire::List{}, Rendezvous::ForList{{8}, {}});

  EXPECT_THAT(put(Desk::ask), SizeIs(1));
  EXPECT_THAT(put(Desk::ask), IsEmpty());
  ASSERT_TRUE(answer(Desk::ask, wire::Cards{}));
  EXPECT_THAT(put(Desk::ask), SizeIs(1));
}

TEST_F(Asking, AnAnswerComesWithWhyItWasAsked) {
  rendezvous.ask(wire::Describe{"garden"}, Rendezvous::ForJoin{join});
  put(Desk::ask);

  const auto reply = answer(Desk::ask, wire::Failure{ExitCode::unknown, "no such room"});

  ASSERT_TRUE(reply);
  EXPECT_EQ(std::get<Rendezvous::ForJoin>(reply->purpose).wish.request, join.request);
  EXPECT_EQ(std::get<wire::Failure>(*reply->answer).code, ExitCode::unknown);
}

TEST_F(Asking, WhoWaitsIsToldThatItCannotBeReached) {
  rendezvous.ask(wire::Put{{Kind::vote, {}}}, Rendezvous::ForMembers{fixture::room()});
  rendezvous.ask(wire::Describe{"garden"}, Rendezvous::ForJoin{join});
  put(Desk::ask);

  const auto replies = rendezvous.failed(fixture.at(0s), {Desk::ask, "no answer"});

  ASSERT_THAT(replies, SizeIs(1));
  EXPECT_FALSE(replies[0].answer);
  EXPECT_EQ(rendezvous.failure(), "no answer");
}

TEST_F(Asking, WhatMembersMayLackIsAskedAgainLater) {
  rendezvous.ask(wire::Put{{Kind::vote, {}}}, Rendezvous::ForMembers{fixture::room()});
  put(Desk::ask);
  rendezvous.failed(fixture.at(0s), {Desk::ask, "no answer"});

  EXPECT_THAT(put(Desk::ask), IsEmpty());
  EXPECT_THAT(put(Desk::ask, kAskBackoffMin), SizeIs(1));
}

TEST_F(Asking, WhoWaitsGoesBeforeWhatCanWait) {
  for (int i = 0; i < 3; ++i) {
    rendezvous.ask(wire::Put{{Kind::vote, {}}}, Rendezvous::ForMembers{fixture::room()});
  }
  rendezvous.ask(wire::Describe{"garden"}, Rendezvous::ForJoin{join});

  const auto questions = put(Desk::ask);

  ASSERT_THAT(questions, SizeIs(1));
  EXPECT_TRUE(std::holds_alternative<wire::Describe>(questions[0]));
}

TEST_F(Asking, WhatIsTooMuchDropsWhatMembersCanDoWithout) {
  for (std::size_t i = 0; i < Rendezvous::kQuestionsMax + 5; ++i) {
    rendezvous.ask(wire::Put{{Kind::vote, {}}}, Rendezvous::ForMembers{fixture::room()});
  }
  rendezvous.ask(wire::Fetch{fixture::room(), {}}, Rendezvous::ForEntry{fixture::room()});

  std::size_t asked = 0;
  bool has_fetched = false;
  for (auto questions = put(Desk::ask); !questions.empty(); questions = put(Desk::ask)) {
    ++asked;
    has_fetched |= std::holds_alternative<wire::Fetch>(questions[0]);
    answer(Desk::ask, wire::Failure{});
  }
  EXPECT_EQ(asked, Rendezvous::kQuestionsMax);
  EXPECT_TRUE(has_fetched);
}

TEST_F(Asking, WhatSomebodyWaitsForIsNotDroppedSilently) {
  for (std::uint64_t i = 0; i < Rendezvous::kQuestionsMax; ++i) {
    EXPECT_TRUE(rendezvous.ask(wire::List{}, Rendezvous::ForList{{i}, {}}));
  }

  EXPECT_FALSE(rendezvous.ask(wire::List{}, Rendezvous::ForList{{9999}, {}}));
  EXPECT_THAT(rendezvous.failed(fixture.at(0s), {Desk::ask, "no answer"}),
              SizeIs(Rendezvous::kQuestionsMax));
}

TEST_F(Asking, OfListingsThatNobodyWaitsForTheNewestIsPut) {
  for (std::uint64_t counter = 1; counter <= 3; ++counter) {
    rendezvous.ask(wire::Add{sample_card(1, "anna", counter), 1h, true}, Rendezvous::ForListing{});
  }

  const auto questions = put(Desk::ask);

  ASSERT_THAT(questions, SizeIs(1));
  EXPECT_EQ(std::get<wire::Add>(questions[0]).card.counter, Counter{3});
  answer(Desk::ask, wire::Done{});
  EXPECT_THAT(put(Desk::ask), IsEmpty());
}

TEST_F(Asking, WhoWaitsForAKnockToBeTakenIsToldThatItCannotBeReached) {
  const RoomId room = fixture::room();
  rendezvous.ask(wire::Put{{Kind::knock, {}}}, Rendezvous::ForKnock{room, RequestId{7}});
  rendezvous.ask(wire::Put{{Kind::knock, {}}}, Rendezvous::ForKnock{room});

  EXPECT_THAT(rendezvous.failed(fixture.at(0s), {Desk::ask, "no answer"}), SizeIs(1));

  EXPECT_THAT(put(Desk::ask, kAskBackoffMin), SizeIs(1)) << "the other is asked again";
}

TEST_F(Asking, AKnockOrARoomWhoseUserIsGoneIsPutNevertheless) {
  const RoomId room = fixture::room();
  rendezvous.ask(wire::Put{{Kind::knock, {}}}, Rendezvous::ForKnock{room, RequestId{7}});
  rendezvous.ask(wire::Put{{Kind::genesis, {}}}, Rendezvous::ForCreation{room, {8}});
  rendezvous.ask(wire::List{}, Rendezvous::ForList{{9}, {}});

  for (const std::uint64_t request : {7U, 8U, 9U}) rendezvous.request_dropped({request});

  EXPECT_THAT(rendezvous.failed(fixture.at(0s), {Desk::ask, "no answer"}), IsEmpty());
  std::size_t puts = 0;
  while (!put(Desk::ask, kAskBackoffMin).empty()) {
    ++puts;
    const auto reply = answer(Desk::ask, wire::Done{});
    EXPECT_FALSE(std::holds_alternative<Rendezvous::ForCreation>(reply->purpose));
  }
  EXPECT_EQ(puts, 2U);
}

TEST_F(Asking, NewsAreAskedForFromWhereTheyEnded) {
  ASSERT_THAT(put(Desk::watch), SizeIs(1));

  ASSERT_TRUE(answer(Desk::watch, wire::Page{{42}, {{Kind::vote, {}}}, false}));

  const auto questions = put(Desk::watch);
  ASSERT_THAT(questions, SizeIs(1));
  EXPECT_EQ(std::get<wire::Watch>(questions[0]).cursor, wire::Cursor{42});
}

TEST_F(Asking, AWatchThatAnswersNothingAtOnceIsNotPutInARage) {
  put(Desk::watch);
  answer(Desk::watch, wire::Page{{42}, {}, false}, 1ms);

  EXPECT_THAT(put(Desk::watch, 2ms), IsEmpty());
  EXPECT_EQ(rendezvous.deadline(), TimePoint{kAskBackoffMin});
  EXPECT_THAT(put(Desk::watch, kAskBackoffMin), SizeIs(1));
}

TEST_F(Asking, WhereThereIsNoneNothingIsAsked) {
  Rendezvous none(false);

  EXPECT_THAT(none.end_turn(fixture.at(0s)), IsEmpty());
  EXPECT_EQ(none.deadline(), TimePoint::never());
}

}  // namespace
}  // namespace p2pchat
