// Stories of machines that fail beneath two peers; see stage.h.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/sim/stage.h"

namespace p2pchat::sim {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

TEST(Machine, ADiskThatIsFullRefusesPushesAndRecovers) {
  Stage stage;
  Host& anna = stage.enter("anna");
  Host& bert = stage.enter("bert");
  stage.befriend(anna, bert);

  anna.fill_disk();
  const Outcome refused = stage.says(anna, bert, "lost on a full disk");
  EXPECT_EQ(refused.code, ExitCode::failed);
  EXPECT_THAT(refused.error, Not(IsEmpty()));
  EXPECT_EQ(stage.says(anna, bert, "also lost").code, ExitCode::failed);
  EXPECT_EQ(stage.says(bert, anna, "waits until there is room").code, ExitCode::done);
  stage.passes(30s);
  EXPECT_THAT(stage.pull(anna), IsEmpty());
  anna.free_disk();

  EXPECT_TRUE(stage.comes(anna, "waits until there is room", 20s));
  EXPECT_EQ(stage.says(anna, bert, "kept").code, ExitCode::done);
  EXPECT_TRUE(stage.comes(bert, "kept"));
  EXPECT_THAT(stage.pull(bert), ElementsAre("kept"));
}

TEST(Machine, ARestartUnderAFullDiskStillServesWhatIsThere) {
  Stage stage;
  Host& anna = stage.enter("anna");
  Host& bert = stage.enter("bert");
  stage.befriend(anna, bert);
  stage.leaves(bert);
  stage.says(anna, bert, "kept before");

  anna.fill_disk();
  stage.restarts(anna);
  stage.returns(bert);

  EXPECT_TRUE(stage.comes(bert, "kept before", 40s));
}

TEST(Machine, ADamagedBatchIsFetchedAgain) {
  Stage stage;
  Host& anna = stage.enter("anna");
  Host& bert = stage.enter("bert");
  stage.befriend(anna, bert);
  for (const char* text : {"one", "two", "three"}) {
    stage.says(anna, bert, text);
    ASSERT_TRUE(stage.comes(bert, text));
  }

  stage.world().damage(bert, 2);
  ASSERT_THAT(stage.pull(bert), ElementsAre("one", "three"));
  bert.scrub();

  EXPECT_TRUE(stage.comes(bert, "two", 20s));
  EXPECT_THAT(stage.pull(bert), ElementsAre("one", "two", "three"));
}

TEST(Machine, ADamagedBatchOfMyOwnComesBackFromThePeer) {
  Stage stage;
  Host& anna = stage.enter("anna");
  Host& bert = stage.enter("bert");
  stage.befriend(anna, bert);
  stage.says(anna, bert, "mine");
  ASSERT_TRUE(stage.comes(bert, "mine"));

  stage.world().damage(anna, 1);
  ASSERT_THAT(stage.log(anna, bert), IsEmpty());
  anna.scrub();

  EXPECT_TRUE(stage.until([&] { return !stage.log(anna, bert).empty(); }, 40s));
}

TEST(Machine, APeerThatLostItsStateIsRegisteredAgainAndGetsItsMessagesBack) {
  Stage stage;
  Host& anna = stage.enter("anna");
  Host& bert = stage.enter("bert");
  stage.befriend(anna, bert);
  stage.says(anna, bert, "from anna");
  stage.says(bert, anna, "from bert");
  ASSERT_TRUE(stage.comes(bert, "from anna"));
  ASSERT_TRUE(stage.comes(anna, "from bert"));

  stage.world().lose_state(bert);
  stage.passes(5s);
  stage.says(anna, bert, "while bert knew nothing");
  stage.returns(bert);

  EXPECT_TRUE(stage.comes(bert, "while bert knew nothing", 60s));
  EXPECT_TRUE(stage.until([&] { return stage.log(bert, anna) == stage.log(anna, bert); }, 60s));
  EXPECT_EQ(stage.says(bert, anna, "here again").code, ExitCode::done);
  EXPECT_TRUE(stage.comes(anna, "here again"));
  EXPECT_THAT(stage.log(anna, bert),
              ElementsAre("anna: from anna", "bert: from bert", "anna: while bert knew nothing",
                          "bert: here again"));
}

TEST(Machine, ThePolicyOfAPeerThatLostItsStateDoesNotKeepItsContactsOut) {
  for (const Accept policy : {Accept::ask, Accept::known, Accept::nobody}) {
    Stage stage;
    Host& anna = stage.enter("anna");
    Host& bert = stage.enter("bert", policy);
    stage.befriend(bert, anna);
    stage.says(anna, bert, "before");
    ASSERT_TRUE(stage.comes(bert, "before"));

    stage.world().lose_state(bert);
    stage.returns(bert);

    EXPECT_TRUE(stage.comes(bert, "before", 60s));
  }
}

TEST(Machine, APeerThatLostItsStateWithItsClockBehindPostsAboveItsOldPosts) {
  Stage stage;
  Host& anna = stage.enter("anna");
  Host& bert = stage.enter("bert");
  stage.befriend(anna, bert);
  stage.says(bert, anna, "old");
  ASSERT_TRUE(stage.comes(anna, "old"));

  stage.world().lose_state(bert);
  bert.jump_wall(-20min);
  stage.returns(bert);
  ASSERT_TRUE(stage.until([&] { return !stage.log(bert, anna).empty(); }, 60s));
  stage.says(bert, anna, "new");
  ASSERT_TRUE(stage.comes(anna, "new", 60s));

  EXPECT_THAT(stage.log(anna, bert), ElementsAre("bert: old", "bert: new"));
}

TEST(Machine, APeerThatMovedIsFoundAgain) {
  Stage stage;
  Host& anna = stage.enter("anna");
  Host& bert = stage.enter("bert");
  stage.befriend(anna, bert);

  stage.leaves(bert);
  stage.says(anna, bert, "to the new house");
  stage.world().move(bert, "10.9.9.9", 4000);
  stage.returns(bert);

  EXPECT_TRUE(stage.comes(bert, "to the new house", 10s));
  EXPECT_EQ(stage.world().host(0).disk().contacts().size(), 1U);
}

TEST(Machine, APeerThatMovedWhileTheOtherWasAwayIsFoundAgain) {
  Stage stage;
  Host& anna = stage.enter("anna");
  Host& bert = stage.enter("bert");
  stage.befriend(anna, bert);

  stage.leaves(anna);
  stage.leaves(bert);
  stage.world().move(bert, "10.9.9.9", 4000);
  stage.returns(bert);
  stage.says(bert, anna, "my new address");
  stage.passes(10min);
  stage.returns(anna);

  EXPECT_TRUE(stage.comes(anna, "my new address", 40s));
}

TEST(Machine, WhoeverTakesOverAnOldAddressIsNotTakenForThePeer) {
  Stage stage;
  Host& anna = stage.enter("anna");
  Host& bert = stage.enter("bert");
  Host& carl = stage.enter("carl");
  stage.befriend(anna, bert);

  stage.leaves(bert);
  stage.leaves(carl);
  stage.world().move(carl, "10.0.0.2", kDoorPortDefault);
  stage.returns(carl);
  stage.says(anna, bert, "for bert only");
  stage.passes(2min);
  EXPECT_FALSE(stage.knows(anna, carl));
  stage.world().move(bert, "10.9.9.9", 4000);
  stage.returns(bert);

  EXPECT_TRUE(stage.comes(bert, "for bert only", 40s));
  EXPECT_THAT(stage.pull(carl), IsEmpty());
}

TEST(Machine, ARoomThatHasReachedItsLimitPausesAndSaysSo) {
  Stage stage;
  Host& anna = stage.enter("anna");
  Host& bert = stage.enter("bert");
  anna.settings().room_bytes = 5'000;
  stage.restarts(anna);
  stage.befriend(anna, bert);

  Outcome last;
  for (int i = 0; i < 10 && last.code == ExitCode::done; ++i) {
    last = stage.says(anna, bert, std::to_string(i) + std::string(1'000, '.'));
  }
  EXPECT_EQ(last.code, ExitCode::limit);
  EXPECT_THAT(last.error, HasSubstr("limit"));
  stage.says(bert, anna, "no room for this");

  EXPECT_FALSE(stage.comes(anna, "no room for this", 30s));
  EXPECT_EQ(anna.node().room_records(anna.moment()).front().flag("paused"), true);
}

TEST(Machine, AConnectionThatIsCutInTheMiddleLosesNothing) {
  Stage stage;
  Host& anna = stage.enter("anna");
  Host& bert = stage.enter("bert");
  stage.befriend(anna, bert);

  for (int i = 0; i < 10; ++i) {
    stage.says(anna, bert, "from anna " + std::to_string(i));
    stage.network().snap(anna.index(), bert.index());
    stage.says(bert, anna, "from bert " + std::to_string(i));
  }
  ASSERT_TRUE(stage.comes(bert, "from anna 9", 40s));
  ASSERT_TRUE(stage.comes(anna, "from bert 9", 40s));

  EXPECT_EQ(stage.pull(bert).size(), 10U);
  EXPECT_EQ(stage.pull(anna).size(), 10U);
  EXPECT_EQ(stage.log(anna, bert), stage.log(bert, anna));
}

TEST(Machine, AOneWayPartitionHealsAndLosesNothing) {
  Stage stage;
  Host& anna = stage.enter("anna");
  Host& bert = stage.enter("bert");
  stage.befriend(anna, bert);

  stage.network().cut(anna.index(), bert.index());
  stage.says(anna, bert, "into the void");
  stage.says(bert, anna, "against the wind");
  stage.passes(2min);
  EXPECT_FALSE(stage.is_shown(bert, "into the void"));
  stage.network().mend_all();

  EXPECT_TRUE(stage.comes(bert, "into the void", 40s));
  EXPECT_TRUE(stage.comes(anna, "against the wind", 40s));
}

}  // namespace
}  // namespace p2pchat::sim
