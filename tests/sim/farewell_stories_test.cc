// Stories of what remains of those who go; see room_stage.h.
#include <algorithm>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "proto/limits.h"
#include "tests/sim/room_stage.h"

namespace p2pchat::sim {
namespace {

using ::testing::SizeIs;

// Nobody of these hears it, nor it them, until all is mended; the links have noticed.
void cut_off(RoomStage& stage, const Host& who, const std::vector<Host*>& others) {
  for (const Host* other : others) {
    stage.network().cut(who.index(), other->index());
    stage.network().cut(other->index(), who.index());
  }
  stage.passes(60s);
}

TEST(Farewell, WhatWasSaidToNobodyReachesAllAfterItsAuthorHasLeft) {
  RoomStage stage;
  const auto members = stage.found("choir", {"anna", "bert", "carl"});
  Host& carl = *members[2];
  cut_off(stage, carl, {members[0], members[1]});
  stage.says_in(carl, "choir", "to whom it may concern");

  stage.leaves_room(carl, "choir");
  stage.passes(60s);
  stage.network().mend_all();

  EXPECT_TRUE(stage.is_settled({members[0], members[1]}, "choir", 120s));
  for (const Host* other : {members[0], members[1]}) {
    EXPECT_TRUE(stage.is_shown(*other, "to whom it may concern"));
  }
  EXPECT_TRUE(stage.is_all_final({members[0], members[1]}, "choir"));
}

TEST(Farewell, WhoeverLeftGoesOnServingAfterARestart) {
  RoomStage stage;
  const auto members = stage.found("choir", {"anna", "bert", "carl"});
  Host& carl = *members[2];
  cut_off(stage, carl, {members[0], members[1]});
  stage.says_in(carl, "choir", "to whom it may concern");
  stage.leaves_room(carl, "choir");

  stage.restarts(carl);
  stage.network().mend_all();

  EXPECT_TRUE(stage.is_settled({members[0], members[1]}, "choir", 120s));
  EXPECT_TRUE(stage.comes_to_all({members[0], members[1]}, carl, "to whom it may concern"));
}

TEST(Farewell, WhoHasLeftIsToldNothingMore) {
  RoomStage stage;
  const auto members = stage.found("choir", {"anna", "bert", "carl"});
  Host& carl = *members[2];
  // Bert holds up what the leave needs, so that it stays open.
  stage.leaves(*members[1]);
  stage.leaves_room(carl, "choir");
  EXPECT_EQ(stage.says_in(carl, "choir", "one more thing").code, ExitCode::unknown);

  stage.says_in(*members[0], "choir", "behind its back");
  stage.passes(60s);
  EXPECT_FALSE(stage.is_shown(carl, "behind its back"));
  stage.returns(*members[1]);

  EXPECT_TRUE(stage.is_settled({members[0], members[1]}, "choir"));
  EXPECT_TRUE(stage.comes(*members[1], "behind its back"));
  EXPECT_FALSE(stage.is_shown(carl, "behind its back"));
}

TEST(Farewell, WhoLeftAndIsGoneWithItsLastWordsCanBeEvicted) {
  RoomStage stage;
  const auto members = stage.found("choir", {"anna", "bert", "carl"});
  Host& carl = *members[2];
  cut_off(stage, carl, {members[0], members[1]});
  stage.says_in(carl, "choir", "nobody hears this");
  stage.leaves_room(carl, "choir");
  // Its leave is known, by the rendezvous, but its disk is lost.
  stage.passes(5s);
  stage.leaves(carl);
  stage.passes(60s);
  EXPECT_THAT(stage.members_of(*members[0], "choir"), SizeIs(3));

  for (Host* other : {members[0], members[1]}) {
    stage.evicts(*other, "choir", {&carl});
  }

  EXPECT_TRUE(stage.is_settled({members[0], members[1]}, "choir"));
  EXPECT_TRUE(stage.is_all_final({members[0], members[1]}, "choir"));
}

TEST(Farewell, WhoIsGoneWithItsLastWordsIsNotWaitedForForEver) {
  RoomStage stage;
  const auto members = stage.found("choir", {"anna", "bert"});
  Host& anna = *members[0];
  Host& bert = *members[1];
  cut_off(stage, anna, {&bert});
  stage.says_in(bert, "choir", "nobody hears this");
  stage.leaves_room(bert, "choir");
  stage.passes(5s);
  stage.leaves(bert);
  stage.passes(kGoerPatience / 2);
  EXPECT_THAT(stage.members_of(anna, "choir"), SizeIs(2));

  EXPECT_TRUE(stage.is_settled({&anna}, "choir", kGoerPatience));
  Host& carl = stage.enter("carl");
  stage.let_in({&anna}, "choir", carl);
  stage.says_in(anna, "choir", "welcome");
  EXPECT_TRUE(stage.comes(carl, "welcome"));
}

// Dora's last words reach carl alone; then she is no more. Whoever proposes that she goes does not
// hold them.
TEST(Farewell, WhatOneHoldsOfWhoIsEvictedCountsForAll) {
  RoomStage stage;
  const auto members = stage.found("choir", {"anna", "bert", "carl", "dora"});
  Host& dora = *members[3];
  for (const std::size_t i : {0U, 1U}) cut_off(stage, *members[i], {&dora, members[2]});
  stage.says_in(dora, "choir", "my last words");
  EXPECT_TRUE(stage.comes(*members[2], "my last words"));
  stage.leaves(dora);

  for (const std::size_t i : {0U, 1U, 2U}) {
    stage.evicts(*members[i], "choir", {&dora});
  }
  stage.passes(120s);
  stage.network().mend_all();

  const std::vector<Host*> staying{members[0], members[1], members[2]};
  EXPECT_TRUE(stage.is_settled(staying, "choir", 120s));
  EXPECT_TRUE(stage.comes_to_all(staying, dora, "my last words"));
  EXPECT_TRUE(stage.is_all_final(staying, "choir"));
}

}  // namespace
}  // namespace p2pchat::sim
