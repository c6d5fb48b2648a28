// Stories of rooms: how they are made, joined, talked in and left; see room_stage.h.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/sim/room_stage.h"

namespace p2pchat::sim {
namespace {

using event::Ballot;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

void everybody_talks(RoomStage& stage, const std::vector<Host*>& members) {
  for (Host* author : members) {
    const std::string text = "by " + author->name();
    EXPECT_EQ(stage.says_in(*author, "choir", text).code, ExitCode::done);
    EXPECT_TRUE(stage.comes_to_all(members, *author, text)) << text;
  }
}

TEST(Room, OfThreeIsMadeJoinedAndTalkedIn) {
  RoomStage stage;
  const auto members = stage.found("choir", {"anna", "bert", "carl"});

  everybody_talks(stage, members);

  for (const Host* member : members) {
    EXPECT_THAT(stage.members_of(*member, "choir"), ElementsAre("anna", "bert", "carl"));
  }
}

TEST(Room, OfEightIsMadeJoinedAndTalkedIn) {
  RoomStage stage;
  const auto members = stage.found("choir", 8, 8);

  everybody_talks(stage, members);
}

TEST(Room, OfSixteenIsMadeJoinedAndTalkedIn) {
  RoomStage stage;
  const auto members = stage.found("choir", 16, 16);

  everybody_talks(stage, members);
}

TEST(Room, IsJoinedByAMembersDoorWithoutAnyRendezvous) {
  RoomStage stage(Meeting::by_doors);
  Host& anna = stage.enter("anna");
  Host& bert = stage.enter("bert");
  Host& carl = stage.enter("carl");
  EXPECT_EQ(stage.creates(anna, "choir").code, ExitCode::done);

  EXPECT_EQ(stage.joins_via(bert, "choir", anna).code, ExitCode::done);
  stage.agree({&anna}, "choir", bert);
  EXPECT_TRUE(stage.is_settled({&anna, &bert}, "choir"));
  EXPECT_EQ(stage.joins_via(carl, "choir", bert).code, ExitCode::done);
  stage.agree({&anna, &bert}, "choir", carl);

  EXPECT_TRUE(stage.is_settled({&anna, &bert, &carl}, "choir"));
  everybody_talks(stage, {&anna, &bert, &carl});
}

TEST(Room, IsJoinedAtOnceByManyWhoKnockTogether) {
  RoomStage stage;
  std::vector<Host*> members = stage.found("choir", {"anna", "bert"});
  std::vector<Host*> comers{&stage.enter("carl"), &stage.enter("dora"), &stage.enter("emil")};

  for (Host* comer : comers) EXPECT_EQ(stage.joins(*comer, "choir").code, ExitCode::done);
  for (Host* comer : comers) {
    for (Host* member : members) {
      EXPECT_TRUE(stage.until(
          [&] { return stage.is_in(*comer, "choir") || stage.is_asked(*member, *comer); }, 60s));
      stage.votes(*member, "choir", *comer, Ballot::yes);
    }
  }
  // Whoever came meanwhile is asked about those who have not.
  for (Host* comer : comers) {
    stage.passes(10s);
    for (Host* member : comers) {
      if (stage.is_asked(*member, *comer)) stage.votes(*member, "choir", *comer, Ballot::yes);
    }
  }

  members.insert(members.end(), comers.begin(), comers.end());
  EXPECT_TRUE(stage.is_settled(members, "choir"));
}

TEST(Room, NobodyLearnsAnAddressOrConnectsBeforeTheDecision) {
  RoomStage stage;
  const auto members = stage.found("choir", {"anna", "bert"});
  Host& carl = stage.enter("carl");

  stage.joins(carl, "choir");
  stage.passes(2min);

  for (const auto& [id, contact] : carl.disk().contacts()) {
    EXPECT_THAT(contact.places(), IsEmpty()) << "of " << stage.world().name_of(id);
  }
  for (const auto& row : members[0]->node().peer_records(members[0]->moment())) {
    const bool is_carl = row.text("id") == to_text(carl.id());
    EXPECT_FALSE(is_carl && row.flag("linked"));
  }
}

TEST(Room, SaysWhoLetEverybodyIn) {
  RoomStage stage;
  const auto members = stage.found("choir", {"anna", "bert", "carl"});

  const auto rows = members[2]->node().member_records(stage.id_of(*members[2], "choir"));

  ASSERT_EQ(rows.size(), 3U);
  for (const auto& row : rows) {
    if (row.text("id") != to_text(members[2]->id())) continue;
    const auto* value = row.find("accepted_by");
    ASSERT_NE(value, nullptr);
    EXPECT_EQ(std::get<std::vector<std::string>>(*value).size(), 2U);
  }
}

TEST(Room, AMemberThatLeavesAndKnocksAnewIsBack) {
  RoomStage stage;
  const auto members = stage.found("choir", {"anna", "bert", "carl"});
  Host& carl = *members[2];

  EXPECT_EQ(stage.leaves_room(carl, "choir").code, ExitCode::done);
  EXPECT_TRUE(stage.is_settled({members[0], members[1]}, "choir"));
  EXPECT_EQ(stage.says_in(carl, "choir", "from outside").code, ExitCode::unknown);
  stage.passes(2min);
  stage.let_in({members[0], members[1]}, "choir", carl);

  everybody_talks(stage, members);
}

TEST(Room, TheLastOneWhoLeavesLeavesNothingOpen) {
  RoomStage stage;
  const auto members = stage.found("choir", {"anna", "bert"});

  EXPECT_EQ(stage.leaves_room(*members[0], "choir").code, ExitCode::done);
  EXPECT_TRUE(stage.is_settled({members[1]}, "choir"));
  EXPECT_EQ(stage.leaves_room(*members[1], "choir").code, ExitCode::done);
  stage.passes(1min);

  EXPECT_FALSE(stage.is_in(*members[0], "choir"));
  EXPECT_FALSE(stage.is_in(*members[1], "choir"));
  // The name is free again.
  EXPECT_EQ(stage.creates(stage.enter("carl"), "choir").code, ExitCode::done);
}

TEST(Room, ThatIsDeletedIsGoneForAll) {
  RoomStage stage;
  const auto members = stage.found("choir", {"anna", "bert", "carl"});
  Host& dora = stage.enter("dora");
  const RequestId wish = stage.asks_to_join(dora, "choir");
  stage.passes(5s);

  EXPECT_EQ(stage.deletes_room(*members[0], "choir").code, ExitCode::done);

  for (Host* member : members) {
    EXPECT_TRUE(stage.until([&] { return !stage.is_in(*member, "choir"); }, 60s));
    EXPECT_EQ(stage.says_in(*member, "choir", "too late, " + member->name()).code,
              ExitCode::unknown);
  }
  EXPECT_TRUE(stage.has_notice(*members[1], "choir is closed by anna"));
  EXPECT_EQ(stage.answer_to(wish, 60s).code, ExitCode::refused);
}

TEST(Room, ThatWasDeletedIsGoneForOneWhoWasAway) {
  RoomStage stage;
  const auto members = stage.found("choir", {"anna", "bert", "carl"});

  stage.leaves(*members[2]);
  stage.deletes_room(*members[0], "choir");
  stage.passes(30s);
  stage.returns(*members[2]);

  EXPECT_TRUE(stage.until([&] { return !stage.is_in(*members[2], "choir"); }, 2min));
}

TEST(Room, ThatWasDeletedStillGivesWhatWasSaidThere) {
  RoomStage stage;
  const auto members = stage.found("choir", {"anna", "bert", "carl"});
  stage.leaves(*members[2]);
  stage.says_in(*members[1], "choir", "before the end");
  EXPECT_TRUE(stage.comes(*members[0], "before the end"));
  stage.deletes_room(*members[0], "choir");
  stage.passes(60s);
  stage.restarts(*members[0]);
  stage.leaves(*members[1]);

  stage.returns(*members[2]);

  EXPECT_TRUE(stage.comes(*members[2], "before the end", 2min));
  EXPECT_TRUE(stage.until([&] { return !stage.is_in(*members[2], "choir"); }, 2min));
}

TEST(Room, SurvivesARestartOfEverybody) {
  RoomStage stage;
  const auto members = stage.found("choir", {"anna", "bert", "carl"});

  for (Host* member : members) stage.leaves(*member);
  stage.passes(10s);
  for (Host* member : members) stage.returns(*member);
  stage.passes(10s);

  EXPECT_TRUE(stage.is_settled(members, "choir"));
  everybody_talks(stage, members);
}

TEST(Room, AMemberThatWasAwayCatchesUpWithWhoCameAndWithWhatWasSaid) {
  RoomStage stage;
  const auto members = stage.found("choir", {"anna", "bert", "carl"});
  Host& dora = stage.enter("dora");

  EXPECT_EQ(stage.joins(dora, "choir").code, ExitCode::done);
  stage.agree(members, "choir", dora);
  ASSERT_TRUE(stage.is_settled({members[0], members[1], members[2], &dora}, "choir"));
  stage.leaves(*members[2]);
  stage.leaves_room(*members[1], "choir");
  stage.says_in(dora, "choir", "while carl was away");
  stage.passes(20s);
  stage.returns(*members[2]);

  EXPECT_TRUE(stage.is_settled({members[0], members[2], &dora}, "choir", 2min));
  EXPECT_TRUE(stage.comes(*members[2], "while carl was away", 60s));
}

// --- Exit codes -------------------------------------------------------------

TEST(Room, ThatIsFullTakesNobody) {
  RoomStage stage;
  stage.found("choir", {"anna", "bert"}, 2);
  Host& carl = stage.enter("carl");

  const Outcome outcome = stage.joins(carl, "choir");

  EXPECT_EQ(outcome.code, ExitCode::limit);
  EXPECT_THAT(outcome.error, HasSubstr("full"));
}

TEST(Room, ThatIsFullTakesNobodyAtADoor) {
  RoomStage stage;
  const auto members = stage.found("choir", {"anna", "bert"}, 2);
  Host& carl = stage.enter("carl");

  EXPECT_EQ(stage.joins_via(carl, "choir", *members[1]).code, ExitCode::limit);
}

TEST(Room, ThatNobodyKnowsCannotBeJoined) {
  RoomStage stage;
  Host& anna = stage.enter("anna");
  Host& bert = stage.enter("bert");

  EXPECT_EQ(stage.joins(anna, "nowhere").code, ExitCode::unknown);
  EXPECT_EQ(stage.joins_via(anna, "nowhere", bert).code, ExitCode::unknown);
}

TEST(Room, WhoseNameIsTakenCannotBeMade) {
  RoomStage stage;
  Host& anna = stage.enter("anna");
  Host& bert = stage.enter("bert");
  stage.creates(anna, "choir");

  EXPECT_EQ(stage.creates(bert, "choir").code, ExitCode::failed);
  EXPECT_EQ(stage.creates(anna, "choir").code, ExitCode::failed);
  EXPECT_EQ(stage.creates(anna, "no such:name").code, ExitCode::usage);
  EXPECT_EQ(stage.creates(anna, "small", 1).code, ExitCode::usage);
  EXPECT_EQ(stage.creates(bert, "other").code, ExitCode::done);
}

TEST(Room, ASecondKnockWhileTheFirstWaitsIsRefused) {
  RoomStage stage;
  stage.found("choir", {"anna", "bert"});
  Host& carl = stage.enter("carl");

  EXPECT_EQ(stage.joins(carl, "choir").code, ExitCode::done);
  EXPECT_EQ(stage.joins(carl, "choir").code, ExitCode::failed);
}

TEST(Room, AKnockForARoomThatOneIsInIsRefused) {
  RoomStage stage;
  const auto members = stage.found("choir", {"anna", "bert"});

  EXPECT_EQ(stage.joins(*members[1], "choir").code, ExitCode::failed);
  EXPECT_EQ(stage.joins(*members[0], "choir").code, ExitCode::failed);
}

TEST(Room, WhoComesBackGoesOnFromWhatAllAgreedThatItHadSaid) {
  RoomStage stage;
  const auto members = stage.found("choir", {"anna", "bert", "carl"}, 16, History::all);
  const std::vector<Host*> others{members[0], members[1]};
  Host& carl = *members[2];
  EXPECT_EQ(stage.says_in(carl, "choir", "told").code, ExitCode::done);
  EXPECT_TRUE(stage.comes_to_all(others, carl, "told"));
  for (Host* other : others) stage.network().cut(carl.index(), other->index());
  stage.passes(1s);
  EXPECT_EQ(stage.says_in(carl, "choir", "told to nobody").code, ExitCode::done);
  for (Host* other : others) {
    EXPECT_EQ(stage.evicts(*other, "choir", {&carl}).code, ExitCode::done);
  }
  EXPECT_TRUE(stage.is_settled(others, "choir"));
  EXPECT_EQ(stage.says_in(*members[0], "choir", "without him").code, ExitCode::done);
  EXPECT_TRUE(stage.comes_to_all({members[1]}, *members[0], "without him"));

  stage.network().mend_all();
  EXPECT_TRUE(stage.until([&] { return !stage.is_in(carl, "choir"); }, 5min));
  stage.passes(kKnockInterval);
  stage.let_in(others, "choir", carl);
  EXPECT_EQ(stage.says_in(carl, "choir", "back again").code, ExitCode::done);
  EXPECT_TRUE(stage.comes_to_all(others, carl, "back again"));
  EXPECT_TRUE(stage.comes_to_all({&carl}, *members[0], "without him"));
  for (const Host* other : others) EXPECT_FALSE(stage.is_shown(*other, "told to nobody"));
}

TEST(Room, WhoLeavesAndComesBackLosesNothingThatItSaid) {
  RoomStage stage;
  const auto members = stage.found("choir", {"anna", "bert", "carl"});
  const std::vector<Host*> others{members[0], members[1]};
  Host& carl = *members[2];
  stage.leaves(*members[1]);
  EXPECT_EQ(stage.says_in(carl, "choir", "before").code, ExitCode::done);
  EXPECT_EQ(stage.leaves_room(carl, "choir").code, ExitCode::done);
  stage.returns(*members[1]);
  EXPECT_TRUE(stage.is_settled(others, "choir"));
  stage.passes(kKnockInterval);

  stage.let_in(others, "choir", carl);
  EXPECT_EQ(stage.says_in(carl, "choir", "after").code, ExitCode::done);
  EXPECT_TRUE(stage.comes_to_all(others, carl, "after"));
  EXPECT_TRUE(stage.comes_to_all(others, carl, "before"));
}

TEST(Room, IsDeletedByItsCreatorOnly) {
  RoomStage stage;
  const auto members = stage.found("choir", {"anna", "bert"});
  Host& carl = stage.enter("carl");

  EXPECT_EQ(stage.deletes_room(*members[1], "choir").code, ExitCode::failed);
  EXPECT_EQ(stage.deletes_room(carl, "choir").code, ExitCode::unknown);
  EXPECT_TRUE(stage.is_settled(members, "choir"));
}

TEST(Room, AStrangerHasNoVoteAndNoVoice) {
  RoomStage stage;
  stage.found("choir", {"anna", "bert"});
  Host& carl = stage.enter("carl");
  Host& dora = stage.enter("dora");
  stage.joins(dora, "choir");
  stage.passes(5s);

  EXPECT_EQ(stage.votes(carl, "choir", dora, Ballot::yes).code, ExitCode::unknown);
  EXPECT_EQ(stage.votes(dora, "choir", dora, Ballot::yes).code, ExitCode::unknown);
  EXPECT_EQ(stage.leaves_room(carl, "choir").code, ExitCode::unknown);
}

TEST(Room, AVoteAboutNobodyIsRefused) {
  RoomStage stage;
  const auto members = stage.found("choir", {"anna", "bert"});
  Host& carl = stage.enter("carl");

  EXPECT_EQ(stage.votes(*members[0], "choir", carl, Ballot::yes).code, ExitCode::unknown);
  EXPECT_EQ(stage.votes(*members[0], "choir", carl, Ballot::evict).code, ExitCode::unknown);
  EXPECT_EQ(stage.votes(*members[0], "choir", *members[0], Ballot::evict).code, ExitCode::usage);
}

TEST(Room, WithoutAnyRendezvousIsFoundAtADoorOnly) {
  RoomStage stage(Meeting::by_doors);
  Host& anna = stage.enter("anna");
  Host& bert = stage.enter("bert");
  stage.creates(anna, "choir");

  EXPECT_EQ(stage.joins(bert, "choir").code, ExitCode::usage);
  EXPECT_EQ(stage.joins_via(bert, "choir", anna).code, ExitCode::done);
}

TEST(Room, MayBeNamedByItsCreatorWhoIsThenTheOneMeant) {
  RoomStage stage;
  const auto members = stage.found("choir", {"anna", "bert"});
  Host& carl = stage.enter("carl");

  const Outcome wrong = stage.joins(carl, "choir@" + to_text(members[1]->id()));
  const Outcome right = stage.joins(carl, "choir@" + to_text(members[0]->id()));

  EXPECT_EQ(wrong.code, ExitCode::identity);
  EXPECT_EQ(right.code, ExitCode::done);
}

}  // namespace
}  // namespace p2pchat::sim
