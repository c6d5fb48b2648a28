#include "daemon/core/room/room.h"

#include <algorithm>
#include <gtest/gtest.h>

#include "daemon/core/actions.h"
#include "proto/pair.h"
#include "tests/unit/daemon/core/turn_fixture.h"

namespace p2pchat {
namespace {

// The room of peers 1 and 2, at peer 1.
class RoomTest : public testing::Test {
 protected:
  RoomFacts facts() const {
    std::vector<PeerId> members{sample_peer(1), sample_peer(2)};
    std::sort(members.begin(), members.end());
    return {id_,
            {pair_value(sample_peer(1), sample_peer(2)), 0, members, {}, {}},
            sample_peer(1),
            {},
            kWantBytesMax};
  }
  // What a peer is given when it asks for a feed from `first` on.
  std::vector<action::Give> gives(Room& room, std::uint8_t peer, Number first = {1}) {
    const link::Want want{{1}, id_, feed_, first, {9}, kWantBytesMax};
    Actions actions = room.receive(turn_.at(1s), sample_peer(peer), want);
    append(actions, room.end_turn(turn_.at(1s)));
    return only<action::Give>(actions);
  }
  // How many batches are stored when peer 2 passes this one on.
  std::size_t taken(const Batch& batch) {
    const link::Posts posts{id_, batch.raw};
    return only<action::StoreBatch>(room_.receive(turn_.at(1s), sample_peer(2), posts)).size();
  }

  RoomId id_ = pair_room(sample_peer(1), sample_peer(2));
  FeedId feed_{sample_peer(1), {}};
  TurnFixture turn_;
  Room room_{facts(), RoomState{id_, 0, {}}, true};
};

TEST_F(RoomTest, GivesToItsMembersAlone) {
  EXPECT_EQ(gives(room_, 2).size(), 1U);
  EXPECT_EQ(gives(room_, 3).size(), 0U);
}

TEST_F(RoomTest, GivesOfAFeedThatIsClosedToWhoAsksTheOpeningAlone) {
  RoomFacts many = facts();
  const ChangeId mine{{1}};
  many.sitting.admissions = {{sample_peer(1), mine}, {sample_peer(2), {{2}}}};
  Room closed(many, {id_, 0, {{feed_, {9}, {}, {}, {}, {{}, {}, {}, {reader_mark(mine)}}}}}, true);

  const auto from_the_opening = gives(closed, 2);

  ASSERT_EQ(from_the_opening.size(), 1U);
  EXPECT_EQ(from_the_opening[0].want.last, Number{1});
  EXPECT_EQ(gives(closed, 2, {2}).size(), 0U);
}

TEST_F(RoomTest, TakesNothingOfStrangersThatAMemberPassesOn) {
  EXPECT_EQ(taken(SampleFeed(3, id_).open(1)), 0U);
  EXPECT_EQ(taken(SampleFeed(2, id_).open(1)), 1U);
}

// A room of founded seats, at peer 1; no link stands.
class SeatsTest : public testing::Test {
 protected:
  Sitting sitting(const std::vector<std::pair<std::uint8_t, ChangeId>>& seats) const {
    Sitting sitting;
    for (const auto& [who, admission] : seats) {
      sitting.admissions[sample_peer(who)] = admission;
    }
    for (const auto& [peer, admission] : sitting.admissions) sitting.members.push_back(peer);
    return sitting;
  }
  Room room_at(const Sitting& sitting) const {
    return {{id_, sitting, sample_peer(1), {}, kWantBytesMax, History::none}, {id_, 0, {}}, true};
  }
  // The topic that a member that is linked now is handed.
  Topic topic(Room& room, std::uint8_t who, Duration at) {
    room.linked(turn_.at(at), sample_peer(who));
    for (const auto& send : only<action::SendLink>(room.end_turn(turn_.at(at)))) {
      const auto message = link::decode(send.frame);
      if (const auto* key = std::get_if<link::Handover>(&*message)) return key->topic;
    }
    ADD_FAILURE() << "no key is handed over";
    return {};
  }
  // The openings that are stored when I say something.
  std::vector<Readers> openings(Room& room, Duration at) {
    EXPECT_TRUE(room.post({1}, to_bytes("text")));
    std::vector<Readers> found;
    for (const auto& stored : only<action::StoreBatch>(room.end_turn(turn_.at(at)))) {
      const Post& first = stored.batch.posts.front();
      if (first.kind == PostKind::opening) found.push_back(Opening::decode(first.body)->readers);
    }
    return found;
  }

  RoomId id_ = sample_room(7);
  TurnFixture turn_;
};

TEST_F(SeatsTest, WhoeverComesIsHandedANewKey) {
  Room room = room_at(sitting({{1, {{1}}}, {2, {{2}}}}));
  const Topic before = topic(room, 2, 1s);

  (void)room.change(turn_.at(2s), sitting({{1, {{1}}}, {2, {{2}}}, {3, {{3}}}}));

  EXPECT_NE(topic(room, 3, 5s), before);
}

TEST_F(SeatsTest, WhoWentAndCameBackBetweenTwoLooksIsANewcomer) {
  Room room = room_at(sitting({{1, {{1}}}, {2, {{2}}}}));
  const Topic before = topic(room, 2, 1s);

  (void)room.change(turn_.at(2s), sitting({{1, {{1}}}, {2, {{9}}}}));

  EXPECT_FALSE(room.is_linked(sample_peer(2)));
  EXPECT_NE(topic(room, 2, 5s), before);
}

TEST_F(SeatsTest, AFeedIsBegunAnewForWhoeverComes) {
  Room room = room_at(sitting({{1, {{1}}}, {2, {{2}}}}));
  EXPECT_EQ(openings(room, 1s), (std::vector<Readers>{{reader_mark({{1}}), reader_mark({{2}})}}));
  EXPECT_TRUE(openings(room, 2s).empty());

  (void)room.change(turn_.at(3s), sitting({{1, {{1}}}, {2, {{2}}}, {3, {{3}}}}));

  EXPECT_EQ(openings(room, 4s).size(), 1U);
  EXPECT_TRUE(openings(room, 5s).empty());
}

TEST_F(SeatsTest, WhoCountsMoreMembersThanISettlesNothingYet) {
  Sitting two = sitting({{1, {{1}}}, {2, {{2}}}});
  two.height = 1;
  Room room = room_at(two);
  Beat beat;
  beat.room = id_;
  beat.author = sample_peer(2);
  beat.counter = {1};
  beat.stamp = {100};
  beat.height = 2;
  beat.sign(sample_identity(2));

  (void)room.receive(turn_.at(1s), sample_peer(2), link::Pulse{id_, beat.raw});
  EXPECT_EQ(room.settled_by(sample_peer(2)), Stamp{});
  Sitting three = sitting({{1, {{1}}}, {2, {{2}}}, {3, {{3}}}});
  three.height = 2;
  (void)room.change(turn_.at(2s), three);

  EXPECT_EQ(room.settled_by(sample_peer(2)), Stamp{100});
}

}  // namespace
}  // namespace p2pchat
