// Stories of how what is missing is found and fetched; see room_stage.h.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "proto/link.h"
#include "tests/sim/room_stage.h"

namespace p2pchat::sim {
namespace {

// From now on it gives nothing that it is asked for.
void hold_all_back(RoomStage& stage, Host& host) {
  stage.world().meddle(host, {[](const Action& order) -> Actions {
                                if (std::holds_alternative<action::Give>(order)) return {};
                                return {order};
                              },
                              nullptr});
}

// Nothing of what it publishes or sends unasked arrives, but its beats.
bool is_talk(const Action& order) {
  const auto* send = std::get_if<action::SendLink>(&order);
  const auto message =
      send == nullptr ? std::nullopt : std::optional(link::decode(send->frame).value());
  return std::holds_alternative<action::Publish>(order) ||
         (message && std::holds_alternative<link::Posts>(*message));
}

TEST(Repair, GoesRoundAMemberThatGivesNothing) {
  RoomStage stage;
  const auto members = stage.found("choir", {"anna", "bert", "carl", "dora"});
  stage.leaves(*members[3]);
  for (int i = 0; i < 20; ++i) {
    stage.says_in(*members[0], "choir", "line " + std::to_string(i));
  }
  EXPECT_TRUE(stage.comes_to_all({members[1], members[2]}, *members[0], "line 19"));
  stage.leaves(*members[0]);
  hold_all_back(stage, *members[1]);

  stage.returns(*members[3]);

  EXPECT_TRUE(stage.comes(*members[3], "line 19", 40s)) << "it comes from carl";
}

bool hears(const Host& who, const Host& author) {
  for (const control::Record& row : who.node().peer_records(who.moment())) {
    if (row.text("id") == to_text(author.id())) return row.flag("hears");
  }
  return false;
}

TEST(LiveRoad, IsAskedForAKeyThatWasLost) {
  Stage stage;
  Host& anna = stage.enter("anna");
  Host& bert = stage.enter("bert");
  bool is_lost = true;
  stage.world().meddle(anna, {[&](const Action& order) -> Actions {
                                const auto* send = std::get_if<action::SendLink>(&order);
                                if (send == nullptr || !is_lost) return {order};
                                const auto message = link::decode(send->frame);
                                if (std::holds_alternative<link::Handover>(*message)) return {};
                                return {order};
                              },
                              nullptr});
  stage.befriend(anna, bert);
  stage.passes(10s);
  EXPECT_FALSE(hears(bert, anna));

  is_lost = false;

  EXPECT_TRUE(stage.until([&] { return hears(bert, anna); }, 4 * kBeatInterval));
}

TEST(Repair, FindsALostTailWithinOneBeat) {
  RoomStage stage;
  const auto members = stage.found("choir", {"anna", "bert", "carl"});
  stage.says_in(*members[0], "choir", "heard");
  EXPECT_TRUE(stage.comes_to_all(members, *members[0], "heard"));
  stage.passes(1min);
  bool is_lost = true;
  stage.world().meddle(*members[0], {[&](const Action& order) -> Actions {
                                       if (is_lost && is_talk(order)) return {};
                                       return {order};
                                     },
                                     nullptr});

  stage.says_in(*members[0], "choir", "lost");
  is_lost = false;

  EXPECT_TRUE(stage.comes_to_all(members, *members[0], "lost", kBeatInterval));
}

}  // namespace
}  // namespace p2pchat::sim
