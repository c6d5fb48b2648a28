// Stories of members who lie, and of machines that forget what they signed; see room_stage.h.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "proto/rendezvous.h"
#include "tests/sim/room_stage.h"

namespace p2pchat::sim {
namespace {

using event::Ballot;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

// `at` is told this over a link by `by`.
void tell(Host& at, const Host& by, const RoomId& room, std::vector<Object> objects) {
  const link::Objects message{room, std::move(objects)};
  at.hand(event::LinkFrameReceived{by.id(), LinkSide::accepted, link::encode(message)});
}

Object knock_of(const Host& keeper, const std::string& room) {
  for (const auto& [key, object] : keeper.disk().room_called(room)->objects) {
    if (object.kind == Kind::knock) return object;
  }
  ADD_FAILURE() << "nobody has knocked";
  return {};
}

// Neither hears from the other, until the network is mended.
void part(RoomStage& stage, const Host& one, const std::vector<Host*>& others) {
  for (const Host* other : others) {
    stage.network().cut(one.index(), other->index());
    stage.network().cut(other->index(), one.index());
  }
}

TEST(Attack, ALeaveThatIsReplayedAfterItsSignerCameBackIsRefused) {
  RoomStage stage;
  const auto members = stage.found("choir", {"anna", "bert", "carl"});
  Host& carl = *members[2];
  const RoomId room = stage.id_of(carl, "choir");
  stage.leaves_room(carl, "choir");
  EXPECT_TRUE(stage.is_settled({members[0], members[1]}, "choir"));
  const Object leave{
      Kind::leave,
      members[0]->disk().room_called("choir")->decisions.back().value.leaves.front().raw};
  stage.passes(2min);
  stage.let_in({members[0], members[1]}, "choir", carl);

  for (Host* member : members) tell(*member, carl, room, {leave});
  stage.passes(2min);

  EXPECT_TRUE(stage.is_settled(members, "choir"));
}

TEST(Attack, AKnockForOneRoomIsNoneInAnother) {
  RoomStage stage;
  const auto members = stage.found("choir", {"anna", "bert"});
  Host& anna = *members[0];
  Host& carl = stage.enter("carl");
  EXPECT_EQ(stage.creates(anna, "band").code, ExitCode::done);
  stage.passes(2min);
  stage.joins(*members[1], "band");
  stage.agree({&anna}, "band", *members[1]);
  EXPECT_TRUE(stage.is_settled(members, "band"));
  stage.joins(carl, "choir");
  EXPECT_TRUE(stage.until([&] { return stage.is_asked(anna, carl); }, 30s));
  const Object knock = knock_of(anna, "choir");
  const RoomId choir = stage.id_of(anna, "choir");
  const RoomId band = stage.id_of(anna, "band");

  Object moved = knock;
  const auto at =
      std::search(moved.raw.begin(), moved.raw.end(), choir.bytes.begin(), choir.bytes.end());
  ASSERT_NE(at, moved.raw.end());
  std::copy(band.bytes.begin(), band.bytes.end(), at);
  tell(anna, *members[1], band, {knock, moved});
  stage.passes(10s);

  for (const auto& row : anna.node().vote_records()) EXPECT_EQ(row.text("room_name"), "choir");
}

TEST(Attack, AKnockUnderAnothersKeyIsNone) {
  RoomStage stage;
  const auto members = stage.found("choir", {"anna", "bert"});
  Host& carl = stage.enter("carl");
  Knock knock;
  knock.room = stage.id_of(*members[0], "choir");
  knock.card = Card::make(carl.identity(), "carl", {}, false, {7});
  knock.expires = {members[0]->moment().wall.milliseconds + 1'000'000};
  knock.sign(carl.identity());
  // All as carl would write it, but for the key that signs.
  const Signature other = members[1]->identity().sign(Purpose::knock, knock.room, {});
  Bytes ghost = knock.raw;
  std::copy(other.bytes.begin(), other.bytes.end(), ghost.end() - Signature::kSize);

  tell(*members[0], *members[1], knock.room, {{Kind::knock, ghost}});
  stage.passes(10s);

  EXPECT_FALSE(stage.is_asked(*members[0], carl));
}

TEST(Attack, APhantomRoomHasNoVoice) {
  RoomStage stage;
  const auto members = stage.found("choir", {"lily", "bert"});
  Host& lily = *members[0];
  Host& bert = *members[1];
  Host& carl = stage.enter("carl");
  const auto is_hidden = [&](const Object& object) {
    if (object.kind == Kind::certificate || object.kind == Kind::decided) return true;
    const auto pledge = Pledge::decode(object.raw);
    return object.kind == Kind::pledge && pledge && pledge->seat.peer == lily.id();
  };
  bool is_lying = true;
  // Only the candidate is shown that lily has pledged; bert never gets a whole certificate.
  stage.world().meddle(
      lily, {[&](const Action& order) -> Actions {
               const auto* send = std::get_if<action::SendLink>(&order);
               const auto* ask = std::get_if<action::AskRendezvous>(&order);
               if (!is_lying || (send == nullptr && ask == nullptr)) return {order};
               if (ask != nullptr) {
                 const auto request = rendezvous::decode_request(ask->question);
                 const auto* put = std::get_if<rendezvous::Put>(&request->question);
                 return put != nullptr && is_hidden(put->object) ? Actions{} : Actions{order};
               }
               const auto message = link::decode(send->frame);
               const auto* objects = std::get_if<link::Objects>(&*message);
               if (objects == nullptr || send->peer == carl.id()) return {order};
               link::Objects shown = *objects;
               std::erase_if(shown.objects, is_hidden);
               return {action::SendLink{send->peer, send->side, link::encode(shown)}};
             },
             nullptr});

  stage.joins(carl, "choir");
  stage.agree({&lily, &bert}, "choir", carl);
  EXPECT_TRUE(stage.until([&] { return stage.members_of(lily, "choir").size() == 3; }, 60s));
  stage.passes(5min);

  EXPECT_THAT(stage.members_of(bert, "choir"), ElementsAre("bert", "lily"));
  EXPECT_FALSE(stage.is_in(carl, "choir"));
  EXPECT_EQ(stage.says_in(carl, "choir", "boo").code, ExitCode::unknown);
  is_lying = false;
  stage.restarts(lily);
  EXPECT_TRUE(stage.is_settled({&lily, &bert, &carl}, "choir", 5min));
}

TEST(Attack, WhatAnEvictedMemberSaysBeyondItsLastNumberIsRefused) {
  RoomStage stage;
  const auto members = stage.found("choir", {"anna", "bert", "carl", "dora"});
  const std::vector<Host*> staying{members[0], members[1], members[2]};
  Host& dora = *members[3];
  stage.says_in(dora, "choir", "while a member");
  EXPECT_TRUE(stage.comes_to_all(members, dora, "while a member"));
  stage.passes(20s);

  stage.rendezvous().is_down = true;
  part(stage, dora, staying);
  for (Host* member : staying) {
    EXPECT_EQ(stage.evicts(*member, "choir", {&dora}).code, ExitCode::done);
  }
  EXPECT_TRUE(stage.is_settled(staying, "choir"));
  EXPECT_EQ(stage.says_in(dora, "choir", "from beyond").code, ExitCode::done);
  stage.network().mend_all();
  stage.rendezvous().is_down = false;

  EXPECT_TRUE(stage.until([&] { return !stage.is_in(dora, "choir"); }, 5min));
  stage.passes(2min);
  for (const Host* member : staying) {
    EXPECT_FALSE(stage.is_shown(*member, "from beyond")) << member->name();
    EXPECT_TRUE(stage.is_shown(*member, "while a member")) << member->name();
  }
}

TEST(Attack, ACloseByAnEvictedCreatorIsRefused) {
  RoomStage stage;
  const auto members = stage.found("choir", {"anna", "bert", "carl"});
  Host& anna = *members[0];
  const std::vector<Host*> staying{members[1], members[2]};
  stage.rendezvous().is_down = true;
  part(stage, anna, staying);
  for (Host* member : staying) {
    EXPECT_EQ(stage.evicts(*member, "choir", {&anna}).code, ExitCode::done);
  }
  EXPECT_TRUE(stage.is_settled(staying, "choir"));

  EXPECT_EQ(stage.deletes_room(anna, "choir").code, ExitCode::done);
  stage.network().mend_all();
  stage.rendezvous().is_down = false;
  stage.passes(5min);

  EXPECT_TRUE(stage.is_settled(staying, "choir"));
  EXPECT_EQ(stage.says_in(*members[1], "choir", "still here").code, ExitCode::done);
  EXPECT_TRUE(stage.comes(*members[2], "still here"));
}

TEST(Attack, ARestoredDaemonPledgesNothingInItsOldSeatAndReturnsByANewKnock) {
  RoomStage stage;
  const auto members = stage.found("choir", {"anna", "bert", "carl"});
  Host& bert = *members[1];
  const Disk copy = bert.disk();
  Host& dora = stage.enter("dora");
  stage.let_in(members, "choir", dora);
  const auto pledged = bert.disk().room_called("choir")->pledge;

  stage.leaves(bert);
  stage.world().restore(bert, copy);
  stage.returns(bert);
  EXPECT_TRUE(stage.until([&] { return stage.has_notice(bert, "has lost what it signed"); }, 2min));
  EXPECT_TRUE(stage.is_settled({members[0], &bert, members[2], &dora}, "choir"));
  EXPECT_EQ(stage.says_in(bert, "choir", "I post on").code, ExitCode::done);
  EXPECT_TRUE(stage.comes_to_all({members[0], members[2], &dora}, bert, "I post on"));
  Host& emil = stage.enter("emil");
  stage.joins(emil, "choir");
  stage.agree({members[0], &bert, members[2], &dora}, "choir", emil);
  stage.passes(5min);
  EXPECT_FALSE(stage.is_in(emil, "choir"));
  (void)pledged;

  EXPECT_EQ(stage.leaves_room(bert, "choir").code, ExitCode::done);
  EXPECT_TRUE(stage.is_settled({members[0], members[2], &dora, &emil}, "choir", 5min));
  stage.let_in({members[0], members[2], &dora, &emil}, "choir", bert);
  EXPECT_EQ(stage.says_in(bert, "choir", "back for good").code, ExitCode::done);
  EXPECT_TRUE(stage.comes_to_all({members[0], members[2], &dora, &emil}, bert, "back for good"));
}

TEST(Attack, AnEmptiedDaemonComesBackByANewKnock) {
  RoomStage stage;
  const auto members = stage.found("choir", {"anna", "bert", "carl"});
  Host& carl = *members[2];

  stage.world().lose_state(carl);
  stage.returns(carl);
  stage.passes(1min);
  EXPECT_FALSE(stage.is_in(carl, "choir"));
  for (std::size_t i : {0U, 1U}) {
    EXPECT_EQ(stage.evicts(*members[i], "choir", {&carl}).code, ExitCode::done);
  }
  EXPECT_TRUE(stage.is_settled({members[0], members[1]}, "choir"));
  stage.passes(2min);

  stage.let_in({members[0], members[1]}, "choir", carl);
  EXPECT_EQ(stage.says_in(carl, "choir", "new, and the same").code, ExitCode::done);
  EXPECT_TRUE(stage.comes_to_all({members[0], members[1]}, carl, "new, and the same"));
}

TEST(Attack, AnEmptiedDaemonThatKnocksIsShownTheRoomItIsIn) {
  for (const bool is_by_door : {false, true}) {
    RoomStage stage;
    const auto members = stage.found("choir", {"anna", "bert"});
    Host& bert = *members[1];

    stage.world().lose_state(bert);
    stage.returns(bert);
    stage.passes(1min);
    const Outcome knocked =
        is_by_door ? stage.joins_via(bert, "choir", *members[0]) : stage.joins(bert, "choir");
    EXPECT_EQ(knocked.code, ExitCode::done) << knocked.error;

    EXPECT_TRUE(stage.is_settled(members, "choir"));
    EXPECT_TRUE(stage.has_notice(bert, "has lost what it signed"));
    EXPECT_EQ(stage.leaves_room(bert, "choir").code, ExitCode::done);
    EXPECT_TRUE(stage.is_settled({members[0]}, "choir"));
    stage.passes(1min);
    stage.let_in({members[0]}, "choir", bert);
  }
}

TEST(Attack, TwoVotesOfOneKeyAreShownAndNobodyComesUntilItIsSettled) {
  RoomStage stage;
  const auto members = stage.found("choir", {"anna", "bert", "lily"});
  Host& anna = *members[0];
  Host& lily = *members[2];
  Host& dora = stage.enter("dora");
  const RoomId room = stage.id_of(anna, "choir");
  stage.joins(dora, "choir");
  for (Host* member : members) {
    EXPECT_TRUE(stage.until([&] { return stage.is_asked(*member, dora); }, 30s));
  }
  const auto knock = Knock::decode(knock_of(anna, "choir").raw);
  ASSERT_TRUE(knock);
  std::vector<Object> votes;
  for (const bool yes : {true, false}) {
    Vote vote;
    vote.room = room;
    vote.seat = *lily.disk().room_called("choir")->roster().seat_of(lily.id());
    vote.change = knock->id;
    vote.yes = yes;
    vote.sign(lily.identity());
    votes.push_back({Kind::vote, vote.raw});
  }

  stage.world().distrust(lily);
  stage.leaves(lily);
  tell(anna, *members[1], room, votes);
  stage.passes(10s);

  EXPECT_TRUE(stage.has_notice(anna, "lily has signed what contradicts itself"));
  EXPECT_TRUE(stage.has_notice(*members[1], "lily has signed what contradicts itself"));
  EXPECT_FALSE(stage.is_in(dora, "choir"));
  for (std::size_t i : {0U, 1U}) stage.evicts(*members[i], "choir", {&lily});
  EXPECT_TRUE(stage.is_settled({members[0], members[1]}, "choir", 2min));
}

}  // namespace
}  // namespace p2pchat::sim
