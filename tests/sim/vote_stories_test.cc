// Stories of votes: who may come, who has to go, and who is silent; see room_stage.h.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "proto/limits.h"
#include "tests/sim/room_stage.h"

namespace p2pchat::sim {
namespace {

using event::Ballot;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// Everybody's clocks go on by this much.
void days_pass(const std::vector<Host*>& hosts, int days) {
  for (Host* host : hosts) host->sleep(days * 24h);
}

TEST(Vote, OneNoEndsTheKnockAndTheCandidateIsTold) {
  RoomStage stage;
  const auto members = stage.found("choir", {"anna", "bert"});
  Host& carl = stage.enter("carl");

  const RequestId wish = stage.asks_to_join(carl, "choir");
  EXPECT_TRUE(stage.until([&] { return stage.is_asked(*members[1], carl); }, 30s));
  stage.votes(*members[0], "choir", carl, Ballot::yes);
  stage.votes(*members[1], "choir", carl, Ballot::no);
  const Outcome told = stage.answer_to(wish, 60s);

  EXPECT_EQ(told.code, ExitCode::refused);
  EXPECT_THAT(told.error, HasSubstr("no"));
  EXPECT_FALSE(stage.is_in(carl, "choir"));
}

TEST(Vote, WhoWasRefusedMayKnockAgain) {
  RoomStage stage;
  const auto members = stage.found("choir", {"anna", "bert"});
  Host& carl = stage.enter("carl");
  stage.joins(carl, "choir");
  EXPECT_TRUE(stage.until([&] { return stage.is_asked(*members[1], carl); }, 30s));
  stage.votes(*members[1], "choir", carl, Ballot::no);
  EXPECT_TRUE(stage.until([&] { return stage.has_notice(carl, "not let into choir"); }, 60s));
  stage.passes(2min);

  stage.let_in(members, "choir", carl);

  EXPECT_TRUE(stage.is_in(carl, "choir"));
}

TEST(Vote, ANoIsToldAtADoorToo) {
  RoomStage stage(Meeting::by_doors);
  Host& anna = stage.enter("anna");
  Host& bert = stage.enter("bert");
  stage.creates(anna, "choir");
  stage.joins_via(bert, "choir", anna);

  stage.votes(anna, "choir", bert, Ballot::no);

  EXPECT_TRUE(stage.until([&] { return stage.has_notice(bert, "not let into choir"); }, 10min));
}

TEST(Vote, IsFinal) {
  RoomStage stage;
  const auto members = stage.found("choir", {"anna", "bert"});
  Host& carl = stage.enter("carl");
  stage.joins(carl, "choir");
  EXPECT_TRUE(stage.until([&] { return stage.is_asked(*members[0], carl); }, 30s));

  EXPECT_EQ(stage.votes(*members[0], "choir", carl, Ballot::yes).code, ExitCode::done);
  EXPECT_EQ(stage.votes(*members[0], "choir", carl, Ballot::yes).code, ExitCode::done);
  EXPECT_EQ(stage.votes(*members[0], "choir", carl, Ballot::no).code, ExitCode::failed);
}

TEST(Vote, AKnockExpires) {
  RoomStage stage;
  const auto members = stage.found("choir", {"anna", "bert"});
  Host& carl = stage.enter("carl");
  const RequestId wish = stage.asks_to_join(carl, "choir");
  EXPECT_TRUE(stage.until([&] { return stage.is_asked(*members[1], carl); }, 30s));
  stage.votes(*members[0], "choir", carl, Ballot::yes);

  days_pass({members[0], members[1], &carl}, 8);
  const Outcome late = stage.votes(*members[1], "choir", carl, Ballot::yes);
  const Outcome told = stage.answer_to(wish, 2h);

  EXPECT_NE(late.code, ExitCode::done);
  EXPECT_EQ(told.code, ExitCode::refused);
  EXPECT_THAT(told.error, HasSubstr("expired"));
  EXPECT_FALSE(stage.is_in(carl, "choir"));
}

// All but the pledge of one who has gone for long are there.
TEST(Vote, ThatCameToNothingKeepsNothingFromBeingFinal) {
  RoomStage stage;
  const auto members = stage.found("choir", {"anna", "bert", "carl"});
  Host& dora = stage.enter("dora");
  stage.joins(dora, "choir");
  stage.agree({members[2]}, "choir", dora);
  stage.passes(5s);
  stage.leaves(*members[2]);
  stage.agree({members[0], members[1]}, "choir", dora);
  stage.passes(60s);
  EXPECT_FALSE(stage.is_in(dora, "choir"));
  stage.leaves(dora);

  days_pass(members, 8);
  stage.passes(kKnockGrace);
  stage.returns(*members[2]);
  stage.says_in(*members[0], "choir", "where were you?");

  EXPECT_TRUE(stage.comes_to_all(members, *members[0], "where were you?"));
  EXPECT_TRUE(stage.is_all_final(members, "choir"));
  EXPECT_TRUE(stage.is_settled(members, "choir"));
}

TEST(Vote, GoesOnOverARestartOfAnybody) {
  for (std::size_t who = 0; who < 4; ++who) {
    RoomStage stage;
    std::vector<Host*> all = stage.found("choir", {"anna", "bert", "carl"});
    Host& dora = stage.enter("dora");
    const std::vector<Host*> members = all;
    all.push_back(&dora);

    stage.joins(dora, "choir");
    for (Host* member : members) {
      EXPECT_TRUE(stage.until([&] { return stage.is_asked(*member, dora); }, 60s));
      stage.votes(*member, "choir", dora, Ballot::yes);
      stage.restarts(*all[who]);
    }

    EXPECT_TRUE(stage.is_settled(all, "choir", 2min)) << "restart of " << all[who]->name();
  }
}

TEST(Vote, OfAMemberThatWasAwayIsAwaited) {
  RoomStage stage;
  const auto members = stage.found("choir", {"anna", "bert", "carl"});
  Host& dora = stage.enter("dora");
  stage.leaves(*members[2]);
  stage.joins(dora, "choir");
  stage.agree({members[0], members[1]}, "choir", dora);

  stage.passes(10min);
  EXPECT_FALSE(stage.is_in(dora, "choir"));
  stage.returns(*members[2]);
  stage.agree({members[2]}, "choir", dora);

  EXPECT_TRUE(stage.is_settled({members[0], members[1], members[2], &dora}, "choir"));
}

TEST(Vote, ByStandingPolicyNeedsNoPerson) {
  RoomStage stage;
  const auto members = stage.found("choir", {"anna", "bert"});
  Host& carl = stage.enter("carl");
  for (Host* member : members) {
    member->settings().auto_vote.insert(carl.id());
    stage.world().trust(*member);
    stage.restarts(*member);
  }

  EXPECT_EQ(stage.answer_to(stage.asks_to_join(carl, "choir"), 60s).code, ExitCode::done);

  EXPECT_TRUE(stage.is_settled({members[0], members[1], &carl}, "choir"));
}

// --- Those who vanish -------------------------------------------------------

TEST(Eviction, OfOneWhoVanishedAfterVotingComesAfterSevenDaysAndChatNeverStops) {
  RoomStage stage;
  const auto members = stage.found("choir", {"anna", "bert", "carl", "dora"});
  Host& anna = *members[0];
  Host& emil = stage.enter("emil");
  const std::vector<Host*> staying{members[0], members[1], members[2]};
  for (Host* host : {members[1], members[2]}) {
    host->settings().auto_vote.insert(anna.id());
    stage.world().trust(*host);
    stage.restarts(*host);
  }
  stage.passes(10s);

  stage.joins(emil, "choir");
  stage.agree({members[3]}, "choir", emil);
  stage.passes(5s);
  stage.leaves(*members[3]);
  stage.agree(staying, "choir", emil);
  EXPECT_EQ(stage.evicts(anna, "choir", {members[3]}).code, ExitCode::done);
  for (int day = 0; day < 7; ++day) {
    stage.passes(1min);
    EXPECT_THAT(stage.members_of(anna, "choir"), ElementsAre("anna", "bert", "carl", "dora"));
    const std::string text = "day " + std::to_string(day);
    EXPECT_EQ(stage.says_in(anna, "choir", text).code, ExitCode::done);
    EXPECT_TRUE(stage.comes_to_all(staying, anna, text));
    days_pass(staying, 1);
  }

  EXPECT_TRUE(stage.is_settled({members[0], members[1], members[2], &emil}, "choir", 10min));
}

TEST(Eviction, OfTwoWhoVanishedIsOneSet) {
  RoomStage stage;
  const auto members = stage.found("choir", {"anna", "bert", "carl", "dora", "emil"});
  const std::vector<const Host*> gone{members[3], members[4]};
  stage.leaves(*members[3]);
  stage.leaves(*members[4]);

  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(stage.evicts(*members[i], "choir", gone).code, ExitCode::done);
  }

  EXPECT_TRUE(stage.is_settled({members[0], members[1], members[2]}, "choir"));
  EXPECT_EQ(members[0]->disk().room_called("choir")->decisions.back().value.evictions.size(), 1U);
}

TEST(Eviction, OfTwoByTwoIsRefused) {
  RoomStage stage;
  const auto members = stage.found("choir", {"anna", "bert", "carl", "dora"});

  const Outcome outcome = stage.evicts(*members[0], "choir", {members[2], members[3]});

  EXPECT_EQ(outcome.code, ExitCode::failed);
  EXPECT_THAT(outcome.error, HasSubstr("more than half"));
}

TEST(Eviction, InARoomOfTwoIsRefused) {
  RoomStage stage;
  const auto members = stage.found("choir", {"anna", "bert"});

  const Outcome outcome = stage.evicts(*members[0], "choir", {members[1]});

  EXPECT_EQ(outcome.code, ExitCode::failed);
  EXPECT_THAT(outcome.error, HasSubstr("leave"));
}

TEST(Eviction, IsToldToWhoeverHasToGoAndEndsItsVoice) {
  RoomStage stage;
  const auto members = stage.found("choir", {"anna", "bert", "carl"});
  Host& carl = *members[2];

  stage.evicts(*members[0], "choir", {&carl});
  EXPECT_TRUE(stage.until([&] { return stage.has_notice(*members[1], "shall go"); }, 30s));
  stage.evicts(*members[1], "choir", {&carl});

  EXPECT_TRUE(stage.is_settled({members[0], members[1]}, "choir"));
  EXPECT_TRUE(stage.until([&] { return !stage.is_in(carl, "choir"); }, 60s));
  EXPECT_TRUE(stage.has_notice(carl, "you are in choir no more"));
  EXPECT_EQ(stage.says_in(carl, "choir", "let me stay").code, ExitCode::unknown);
  EXPECT_EQ(stage.says_in(*members[0], "choir", "he is gone").code, ExitCode::done);
  EXPECT_TRUE(stage.comes(*members[1], "he is gone"));
  stage.passes(1min);
  EXPECT_FALSE(stage.is_shown(carl, "he is gone"));
}

// The last of three.
void evict_while_away(RoomStage& stage, const std::vector<Host*>& members) {
  stage.leaves(*members[2]);
  for (std::size_t i : {0U, 1U}) stage.evicts(*members[i], "choir", {members[2]});
  EXPECT_TRUE(stage.is_settled({members[0], members[1]}, "choir"));
}

TEST(Eviction, IsToldToOneWhoWasAwayWhenItComesBack) {
  RoomStage stage;
  const auto members = stage.found("choir", {"anna", "bert", "carl"});
  Host& carl = *members[2];
  evict_while_away(stage, members);
  stage.passes(1h);
  stage.returns(carl);

  EXPECT_TRUE(stage.until([&] { return !stage.is_in(carl, "choir"); }, 5min));
}

TEST(Eviction, IsToldToOneWhoWasAwayWithoutAnyRendezvous) {
  RoomStage stage;
  const auto members = stage.found("choir", {"anna", "bert", "carl"});
  Host& carl = *members[2];
  evict_while_away(stage, members);
  Host& dora = stage.enter("dora");
  stage.let_in({members[0], members[1]}, "choir", dora);
  stage.rendezvous().is_down = true;
  stage.passes(1h);
  stage.returns(carl);

  EXPECT_TRUE(stage.until([&] { return !stage.is_in(carl, "choir"); }, 5min));
  EXPECT_TRUE(stage.has_notice(carl, "you are in choir no more"));
}

TEST(Eviction, KeepsAllThatWasSaidBeforeByWhoeverGoes) {
  RoomStage stage;
  const auto members = stage.found("choir", {"anna", "bert", "carl", "dora"});
  Host& dora = *members[3];
  stage.network().cut(members[0]->index(), dora.index());
  stage.network().cut(dora.index(), members[0]->index());
  stage.leaves(*members[0]);
  stage.says_in(dora, "choir", "my last words");
  EXPECT_TRUE(stage.comes(*members[1], "my last words"));
  stage.leaves(dora);
  stage.passes(5s);
  stage.leaves(*members[1]);
  stage.returns(*members[0]);

  for (std::size_t i : {0U, 2U}) stage.evicts(*members[i], "choir", {&dora});
  stage.returns(*members[1]);
  EXPECT_TRUE(stage.until([&] { return stage.has_notice(*members[1], "shall go"); }, 60s));
  stage.evicts(*members[1], "choir", {&dora});

  EXPECT_TRUE(stage.is_settled({members[0], members[1], members[2]}, "choir"));
  EXPECT_TRUE(stage.comes(*members[0], "my last words", 60s));
  EXPECT_TRUE(stage.comes(*members[2], "my last words", 60s));
}

TEST(Eviction, OneNoOfAMemberWhoStaysEndsIt) {
  RoomStage stage;
  const auto members = stage.found("choir", {"anna", "bert", "carl", "dora"});

  stage.evicts(*members[0], "choir", {members[3]});
  EXPECT_TRUE(stage.until([&] { return stage.has_notice(*members[1], "shall go"); }, 30s));
  EXPECT_EQ(stage.votes(*members[1], "choir", *members[3], Ballot::no).code, ExitCode::done);
  stage.passes(20s);
  stage.evicts(*members[2], "choir", {members[3]});
  stage.passes(2min);

  EXPECT_TRUE(stage.is_settled(members, "choir"));
}

}  // namespace
}  // namespace p2pchat::sim
