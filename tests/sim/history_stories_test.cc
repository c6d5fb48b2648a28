// Stories of what a newcomer may read of the time before it came; see room_stage.h.
#include <algorithm>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/sim/room_stage.h"

namespace p2pchat::sim {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(History, OfTheTimeBeforeIsNotForNewcomers) {
  RoomStage stage;
  auto members = stage.found("choir", {"anna", "bert"});
  stage.says_in(*members[0], "choir", "between us");
  EXPECT_TRUE(stage.comes(*members[1], "between us"));
  Host& carl = stage.enter("carl");
  stage.let_in(members, "choir", carl);
  members.push_back(&carl);

  stage.says_in(*members[0], "choir", "to all three");

  EXPECT_TRUE(stage.comes_to_all(members, *members[0], "to all three"));
  EXPECT_TRUE(stage.is_all_final(members, "choir"));
  EXPECT_FALSE(stage.is_shown(carl, "between us"));
  EXPECT_TRUE(stage.is_shown(*members[1], "between us"));
}

TEST(History, OfTheTimeBeforeIsForAllWhereTheGenesisSaysSo) {
  RoomStage stage;
  auto members = stage.found("choir", {"anna", "bert"}, 16, History::all);
  stage.says_in(*members[0], "choir", "minutes of May");
  stage.says_in(*members[1], "choir", "minutes of June");
  Host& carl = stage.enter("carl");

  stage.let_in(members, "choir", carl);

  EXPECT_TRUE(stage.comes(carl, "minutes of May", 60s));
  EXPECT_TRUE(stage.comes(carl, "minutes of June", 60s));
}

TEST(History, IsSettledForANewcomerThoughNobodyHasSpokenSince) {
  RoomStage stage;
  auto members = stage.found("choir", {"anna", "bert"});
  stage.says_in(*members[0], "choir", "between us");
  stage.says_in(*members[1], "choir", "indeed");
  Host& carl = stage.enter("carl");

  stage.let_in(members, "choir", carl);
  members.push_back(&carl);

  EXPECT_TRUE(stage.is_all_final(members, "choir"));
  EXPECT_THAT(stage.pull(carl), IsEmpty());
}

TEST(History, OfAnAuthorWhoHasGoneIsNotForNewcomersEither) {
  RoomStage stage;
  auto members = stage.found("choir", {"anna", "bert", "dora"});
  stage.says_in(*members[2], "choir", "my last words");
  EXPECT_TRUE(stage.comes_to_all(members, *members[2], "my last words"));
  EXPECT_EQ(stage.leaves_room(*members[2], "choir").code, ExitCode::done);
  members.pop_back();
  EXPECT_TRUE(stage.is_settled(members, "choir"));
  Host& carl = stage.enter("carl");

  stage.let_in(members, "choir", carl);
  members.push_back(&carl);

  EXPECT_TRUE(stage.is_all_final(members, "choir"));
  EXPECT_THAT(stage.pull(carl), IsEmpty());
}

TEST(History, SinceItsAdmissionComesFromAnybodyToANewcomerThatLostIt) {
  RoomStage stage;
  auto members = stage.found("choir", {"anna", "bert"});
  stage.says_in(*members[0], "choir", "between us");
  Host& carl = stage.enter("carl");
  stage.let_in(members, "choir", carl);
  members.push_back(&carl);
  stage.says_in(*members[0], "choir", "to all three");
  EXPECT_TRUE(stage.comes_to_all(members, *members[0], "to all three"));
  stage.leaves(*members[0]);

  stage.leaves(carl);
  const Disk copy = carl.disk();
  stage.returns(carl);
  stage.says_in(*members[1], "choir", "and later");
  EXPECT_TRUE(stage.comes(carl, "and later"));
  stage.leaves(carl);
  stage.world().restore(carl, copy);
  stage.returns(carl);

  EXPECT_TRUE(stage.comes(carl, "and later", 60s));
  EXPECT_TRUE(stage.is_shown(carl, "to all three"));
  EXPECT_FALSE(stage.is_shown(carl, "between us"));
}

TEST(History, OfOneWhoIsElderStaysWithItWhenItComesBack) {
  RoomStage stage;
  auto members = stage.found("choir", {"anna", "bert", "carl"});
  stage.says_in(*members[0], "choir", "to three");
  EXPECT_TRUE(stage.comes_to_all(members, *members[0], "to three"));
  Host& carl = *members[2];
  EXPECT_EQ(stage.leaves_room(carl, "choir").code, ExitCode::done);
  members.pop_back();
  EXPECT_TRUE(stage.is_settled(members, "choir"));
  stage.says_in(*members[0], "choir", "without him");
  stage.passes(2min);

  stage.let_in(members, "choir", carl);
  members.push_back(&carl);

  EXPECT_TRUE(stage.is_all_final(members, "choir"));
  EXPECT_THAT(stage.pull(carl), ElementsAre("to three"));
}

}  // namespace
}  // namespace p2pchat::sim
