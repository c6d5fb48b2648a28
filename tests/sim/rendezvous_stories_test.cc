// Stories of a rendezvous that fails or lies: it can delay, and nothing more; see room_stage.h.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "proto/limits.h"
#include "tests/sim/room_stage.h"

namespace p2pchat::sim {
namespace {

using event::Ballot;

TEST(Rendezvous, ThatDiesAfterTheKnockDoesNotStopTheVote) {
  RoomStage stage;
  const auto members = stage.found("choir", {"anna", "bert", "carl"});
  Host& dora = stage.enter("dora");
  stage.joins(dora, "choir");
  for (Host* member : members) {
    EXPECT_TRUE(stage.until([&] { return stage.is_asked(*member, dora); }, 30s));
  }

  stage.rendezvous().is_down = true;
  stage.agree(members, "choir", dora);

  EXPECT_TRUE(stage.is_settled({members[0], members[1], members[2], &dora}, "choir", 2min));
  EXPECT_EQ(stage.says_in(dora, "choir", "no middleman").code, ExitCode::done);
  EXPECT_TRUE(stage.comes_to_all(members, dora, "no middleman"));
}

TEST(Rendezvous, ThatIsDownIsSaidSo) {
  RoomStage stage;
  Host& anna = stage.enter("anna");
  stage.passes(5s);
  stage.rendezvous().is_down = true;

  const Outcome joined = stage.joins(anna, "choir");
  const Outcome created = stage.creates(anna, "choir");

  EXPECT_EQ(joined.code, ExitCode::failed);
  EXPECT_EQ(created.code, ExitCode::failed);
  EXPECT_THAT(joined.error, ::testing::HasSubstr("rendezvous"));
  stage.rendezvous().is_down = false;
  EXPECT_EQ(stage.creates(anna, "choir").code, ExitCode::done);
}

TEST(Rendezvous, ThatDropsEverythingOnlyDelays) {
  RoomStage stage;
  const auto members = stage.found("choir", {"anna", "bert"});
  Host& carl = stage.enter("carl");

  stage.rendezvous().drops = 100;
  EXPECT_EQ(stage.joins(carl, "choir").code, ExitCode::failed);
  EXPECT_EQ(stage.says_in(*members[0], "choir", "we talk on").code, ExitCode::done);
  EXPECT_TRUE(stage.comes(*members[1], "we talk on"));
  stage.rendezvous().drops = 0;
  stage.passes(2min);

  stage.let_in(members, "choir", carl);
}

TEST(Rendezvous, ThatSwallowsEveryObjectOnlyDelays) {
  RoomStage stage;
  const auto members = stage.found("choir", {"anna", "bert"});
  Host& carl = stage.enter("carl");

  stage.rendezvous().swallows = 100;
  EXPECT_EQ(stage.joins(carl, "choir").code, ExitCode::done);
  stage.passes(2h);
  stage.rendezvous().swallows = 0;

  // The knock is repeated, at the latest after kWishBackoffMax.
  EXPECT_TRUE(stage.until([&] { return stage.is_asked(*members[0], carl); }, 2 * kWishBackoffMax));
  stage.agree(members, "choir", carl);
  EXPECT_TRUE(stage.is_settled({members[0], members[1], &carl}, "choir"));
}

TEST(Rendezvous, ThatShowsOneMemberNothingOnlyDelays) {
  RoomStage stage;
  const auto members = stage.found("choir", {"anna", "bert", "carl"});
  Host& dora = stage.enter("dora");

  stage.rendezvous().shuns = {members[1]->index()};
  stage.let_in(members, "choir", dora);

  EXPECT_TRUE(stage.is_in(dora, "choir"));
}

TEST(Rendezvous, ThatShowsEachMemberAnotherHalfOnlyDelays) {
  RoomStage stage;
  auto members = stage.found("choir", {"anna", "bert", "carl"});
  Host& dora = stage.enter("dora");
  EXPECT_EQ(stage.joins(dora, "choir").code, ExitCode::done);
  EXPECT_TRUE(stage.until([&] { return stage.is_asked(*members[1], dora); }, 30s));

  stage.rendezvous().withholds = 50;
  stage.world().distrust_rendezvous();
  stage.agree(members, "choir", dora);
  members.push_back(&dora);

  EXPECT_TRUE(stage.is_settled(members, "choir", 2min));
}

TEST(Rendezvous, ThatNeverTellsACandidateItIsInOnlyDelays) {
  RoomStage stage;
  const auto members = stage.found("choir", {"anna", "bert"});
  Host& carl = stage.enter("carl");
  stage.joins(carl, "choir");

  stage.rendezvous().shuns = {carl.index()};
  stage.agree(members, "choir", carl);

  // A member comes to its door and says so.
  EXPECT_TRUE(stage.is_settled({members[0], members[1], &carl}, "choir", 2min));
}

TEST(Rendezvous, ThatPlaysOldAnswersAgainOnlyDelays) {
  RoomStage stage;
  const auto members = stage.found("choir", {"anna", "bert", "carl"});
  Host& dora = stage.enter("dora");
  stage.joins(dora, "choir");

  stage.rendezvous().replays = 60;
  stage.world().distrust_rendezvous();
  stage.agree(members, "choir", dora);

  EXPECT_TRUE(stage.is_settled({members[0], members[1], members[2], &dora}, "choir", 5min));
}

TEST(Rendezvous, ThatHasForgottenTheRoomKnowsItAgainOnceItsCreatorBegins) {
  RoomStage stage;
  const auto members = stage.found("choir", {"anna", "bert"});
  Host& carl = stage.enter("carl");

  stage.network().rendezvous().lose_state();
  EXPECT_EQ(stage.joins(carl, "choir").code, ExitCode::unknown);
  stage.restarts(*members[0]);
  stage.passes(1min);

  stage.let_in(members, "choir", carl);
}

TEST(Rendezvous, ThatHasForgottenTheRoomCannotStopAVote) {
  RoomStage stage;
  const auto members = stage.found("choir", {"anna", "bert"});
  Host& carl = stage.enter("carl");
  stage.joins(carl, "choir");
  EXPECT_TRUE(stage.until([&] { return stage.is_asked(*members[1], carl); }, 30s));

  stage.network().rendezvous().lose_state();
  stage.agree(members, "choir", carl);

  EXPECT_TRUE(stage.is_settled({members[0], members[1], &carl}, "choir", 2min));
}

}  // namespace
}  // namespace p2pchat::sim
