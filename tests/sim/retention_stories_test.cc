// Stories of texts that some keep no more; see room_stage.h.
#include <algorithm>
#include <gtest/gtest.h>

#include "proto/limits.h"
#include "tests/sim/room_stage.h"

namespace p2pchat::sim {
namespace {

const std::string kRoom = "choir";
constexpr Retention kNothingOld{.age = 30s, .bytes = {}};

class RetentionStory : public testing::Test {
 protected:
  // Everybody has said something, all have it all, and it is old.
  void grow_old(const std::vector<Host*>& members) {
    for (Host* member : members) {
      EXPECT_EQ(stage_.says_in(*member, kRoom, "old words of " + member->name()).code,
                ExitCode::done);
    }
    for (Host* member : members) {
      EXPECT_TRUE(stage_.comes_to_all(members, *member, "old words of " + member->name()));
    }
    stage_.passes(2min);
  }
  void prune(Host& who, std::size_t posts) {
    EXPECT_EQ(stage_.keeps(who, kRoom, kNothingOld).code, ExitCode::done);
    EXPECT_TRUE(stage_.until([&] { return stage_.pruned(who, kRoom) == posts; }, 10s))
        << who.name() << " has pruned " << stage_.pruned(who, kRoom);
    // The others have heard of it.
    stage_.passes(5s);
  }

  RoomStage stage_;
};

TEST_F(RetentionStory, WhoJoinsGetsTheTextsOfWhoeverKeepsThem) {
  auto members = stage_.found(kRoom, {"anna", "bert", "carl"}, 16, History::all);
  grow_old(members);
  prune(*members[0], 3);
  Host& dora = stage_.enter("dora");

  stage_.let_in(members, kRoom, dora);
  members.push_back(&dora);

  for (const char* name : {"anna", "bert", "carl"}) {
    EXPECT_TRUE(stage_.comes(dora, std::string("old words of ") + name, 60s)) << name;
  }
  EXPECT_EQ(stage_.pruned(dora, kRoom), 0U);
  EXPECT_TRUE(stage_.is_all_final(members, kRoom));
}

TEST_F(RetentionStory, WhatAllHaveLetGoIsHeldWithoutItsTextsAndTheRoomGoesOn) {
  auto members = stage_.found(kRoom, {"anna", "bert"}, 16, History::all);
  grow_old(members);
  prune(*members[0], 2);
  prune(*members[1], 2);
  Host& carl = stage_.enter("carl");

  stage_.let_in(members, kRoom, carl);
  members.push_back(&carl);

  EXPECT_TRUE(stage_.until([&] { return stage_.pruned(carl, kRoom) == 2; }, 60s));
  EXPECT_EQ(stage_.says_in(*members[0], kRoom, "new words").code, ExitCode::done);
  EXPECT_TRUE(stage_.comes_to_all(members, *members[0], "new words"));
  EXPECT_TRUE(stage_.is_all_final(members, kRoom));
}

TEST_F(RetentionStory, WhatCameWithoutItsTextsIsCompletedOnceSomebodyHasThem) {
  auto members = stage_.found(kRoom, {"anna", "bert", "carl"}, 16, History::all);
  grow_old(members);
  prune(*members[0], 3);
  prune(*members[1], 3);
  Host& dora = stage_.enter("dora");
  EXPECT_EQ(stage_.joins(dora, kRoom).code, ExitCode::done);
  stage_.agree(members, kRoom, dora);
  Host& carl = *members[2];
  stage_.network().cut(dora.index(), carl.index());
  stage_.network().cut(carl.index(), dora.index());
  EXPECT_TRUE(stage_.until([&] { return stage_.pruned(dora, kRoom) == 3; }, 2min));

  stage_.network().mend_all();

  EXPECT_TRUE(stage_.until([&] { return stage_.pruned(dora, kRoom) == 0; }, 3min));
  EXPECT_TRUE(stage_.is_shown(dora, "old words of carl"));
  members.push_back(&dora);
  EXPECT_TRUE(stage_.is_all_final(members, kRoom));
}

// Anna's hashes count as held, and bert, who has the texts, wants them to go before dora has them.
TEST_F(RetentionStory, TextsStayAsLongAsSomebodyWaitsForThem) {
  auto members = stage_.found(kRoom, {"anna", "bert"}, 16, History::all);
  grow_old(members);
  prune(*members[0], 2);
  Host& bert = *members[1];
  bool gives = false;
  stage_.world().meddle(bert, {[&gives](const Action& order) -> Actions {
                                 const bool is_give = std::holds_alternative<action::Give>(order);
                                 return gives || !is_give ? Actions{order} : Actions{};
                               },
                               {}});
  Host& dora = stage_.enter("dora");
  stage_.let_in(members, kRoom, dora);
  EXPECT_TRUE(stage_.until([&] { return stage_.pruned(dora, kRoom) == 2; }, 2min));

  EXPECT_EQ(stage_.keeps(bert, kRoom, kNothingOld).code, ExitCode::done);
  stage_.passes(2 * kPruneInterval);
  EXPECT_EQ(stage_.pruned(bert, kRoom), 0U);
  gives = true;

  EXPECT_TRUE(stage_.until([&] { return stage_.pruned(dora, kRoom) == 0; }, kPruneInterval));
  EXPECT_TRUE(stage_.until([&] { return stage_.pruned(bert, kRoom) == 2; }, 2 * kPruneInterval));
}

TEST_F(RetentionStory, NothingGoesThatSomebodyWhoIsAwayLacks) {
  auto members = stage_.found(kRoom, {"anna", "bert", "carl"});
  grow_old(members);
  Host& carl = *members[2];
  stage_.leaves(carl);
  EXPECT_EQ(stage_.says_in(*members[0], kRoom, "while you were away").code, ExitCode::done);
  EXPECT_TRUE(stage_.comes(*members[1], "while you were away"));
  stage_.passes(2min);

  prune(*members[0], 3);
  prune(*members[1], 3);
  stage_.leaves(*members[0]);
  stage_.returns(carl);

  EXPECT_TRUE(stage_.comes(carl, "while you were away", 60s));
}

TEST_F(RetentionStory, WhatIsPrunedStaysSoOverARestart) {
  auto members = stage_.found(kRoom, {"anna", "bert"});
  grow_old(members);
  prune(*members[0], 2);

  stage_.restarts(*members[0]);
  stage_.passes(1min);

  EXPECT_EQ(stage_.pruned(*members[0], kRoom), 2U) << "what it let go itself is not asked for";
  EXPECT_EQ(stage_.says_in(*members[1], kRoom, "new words").code, ExitCode::done);
  EXPECT_TRUE(stage_.comes(*members[0], "new words"));
  EXPECT_TRUE(stage_.is_all_final(members, kRoom));
}

// What its Node sends, but without texts, and with beats that say that it has none.
Action without_texts(const Host& host, action::SendLink send) {
  auto message = link::decode(send.frame);
  if (auto* pulse = std::get_if<link::Pulse>(&*message)) {
    auto beat = Beat::decode(pulse->beat);
    beat->kept = beat->stamp;
    beat->sign(host.identity());
    pulse->beat = beat->raw;
  } else if (auto* give = std::get_if<link::Give>(&*message)) {
    for (Bytes& raw : give->batches) {
      const auto batch = Batch::decode(raw);
      if (batch->first != Number{1}) raw = batch->pruned();
    }
  }
  return action::SendLink{send.peer, send.side, link::encode(*message)};
}

TEST_F(RetentionStory, WhoLiesAboutWhatItHasPrunedHidesItOnlyUntilSomebodyElseIsThere) {
  auto members = stage_.found(kRoom, {"anna", "bert", "carl"}, 16, History::all);
  grow_old(members);
  Host& liar = *members[0];
  stage_.world().meddle(liar, {[&liar](const Action& order) -> Actions {
                                 const auto* send = std::get_if<action::SendLink>(&order);
                                 if (send == nullptr) return {order};
                                 return {without_texts(liar, *send)};
                               },
                               {}});
  Host& dora = stage_.enter("dora");
  EXPECT_EQ(stage_.joins(dora, kRoom).code, ExitCode::done);
  stage_.agree(members, kRoom, dora);
  for (Host* honest : {members[1], members[2]}) {
    stage_.network().cut(dora.index(), honest->index());
    stage_.network().cut(honest->index(), dora.index());
  }
  EXPECT_TRUE(stage_.until([&] { return stage_.pruned(dora, kRoom) == 3; }, 2min));

  stage_.network().mend_all();

  for (const char* name : {"anna", "bert", "carl"}) {
    EXPECT_TRUE(stage_.comes(dora, std::string("old words of ") + name, 3min)) << name;
  }
  EXPECT_EQ(stage_.pruned(dora, kRoom), 0U);
}

}  // namespace
}  // namespace p2pchat::sim
