// Room: what is done with an author's second history of its feed.
#include <gmock/gmock.h>

#include "daemon/core/room/room.h"
#include "proto/limits.h"
#include "tests/unit/daemon/core/turn_fixture.h"

namespace p2pchat {
namespace {

using Members = std::initializer_list<std::uint8_t>;
using testing::IsEmpty;
using testing::SizeIs;

Batch opened(SampleFeed& feed, std::uint64_t stamp) {
  Post post = sample_post(stamp, "");
  post.kind = PostKind::opening;
  post.body = Opening{}.encode();
  return feed.sign({post});
}

// Peers 1 to 3 are in a room, at peer 1; it holds what the second says first.
class DoubtTest : public testing::Test {
 protected:
  DoubtTest() {
    for (const std::uint8_t who : Members{2, 3}) room_.linked(turn_.at(0s), sample_peer(who));
    (void)passes_on(3, opened(feed_, 1), 1s);
    other_ = feed_;
    (void)passes_on(3, feed_.say(5, {"yes"}), 1s);
  }

  static Sitting sitting() {
    Sitting sitting;
    for (const std::uint8_t who : Members{1, 2, 3}) sitting.members.push_back(sample_peer(who));
    std::sort(sitting.members.begin(), sitting.members.end());
    return sitting;
  }
  Actions passes_on(std::uint8_t who, const Batch& batch, Duration at) {
    return room_.receive(turn_.at(at), sample_peer(who), link::Posts{id_, batch.raw});
  }
  std::vector<action::Compare> compares(std::uint8_t who, const Batch& batch, Duration at) {
    return only<action::Compare>(passes_on(who, batch, at));
  }
  // What is wanted of the third once it says that it holds this.
  std::vector<link::Want> wants(const Head& head, Duration at) {
    const Actions actions = room_.receive(turn_.at(at), sample_peer(3), link::Heads{id_, {head}});
    std::vector<link::Want> wants;
    for (const auto& send : only<action::SendLink>(actions)) {
      const auto message = link::decode(send.frame);
      if (const auto* want = std::get_if<link::Want>(&*message)) wants.push_back(*want);
    }
    return wants;
  }
  Actions gives(const link::Want& want, const Batch& batch, Duration at) {
    return room_.receive(turn_.at(at), sample_peer(3),
                         link::Give{want.want, id_, {batch.raw}, true});
  }
  std::uint64_t count(std::string_view name) const {
    const auto& values = room_.counters().values();
    const auto it = values.find(name);
    return it == values.end() ? 0 : it->second;
  }

  RoomId id_ = sample_room(7);
  TurnFixture turn_;
  Room room_{{id_, sitting(), sample_peer(1), {}, kWantBytesMax}, RoomState{id_, 0, {}}, true};
  SampleFeed feed_{2, id_};
  SampleFeed other_{2, id_};  // The same, but for what is said second.
};

TEST_F(DoubtTest, WhatDoesNotFitIsComparedWithWhatIsHeld) {
  const Batch no = other_.say(5, {"no"});

  const auto compares = this->compares(3, no, 2s);

  ASSERT_THAT(compares, SizeIs(1));
  EXPECT_EQ(compares[0].room, id_);
  EXPECT_EQ(compares[0].suspect, no.raw);
  EXPECT_EQ(compares[0].feed, feed_.id());
  EXPECT_EQ(compares[0].number, Number{2});
}

TEST_F(DoubtTest, WhatFollowsWhatIsNotHeldIsComparedAtItsPast) {
  (void)other_.say(5, {"no"});

  const auto compares = this->compares(3, other_.say(9, {"and so on"}), 2s);

  ASSERT_THAT(compares, SizeIs(1));
  EXPECT_EQ(compares[0].number, Number{2});
}

TEST_F(DoubtTest, AnOpeningIsComparedWithThePostThatItNames) {
  SampleFeed next(2, id_, 9);
  Post post = sample_post(20, "");
  post.kind = PostKind::opening;
  (void)other_.say(5, {"no"});
  post.body = Opening{feed_.id().incarnation, {2}, other_.head()}.encode();

  const auto compares = this->compares(3, next.sign({post}), 2s);

  ASSERT_THAT(compares, SizeIs(1));
  EXPECT_EQ(compares[0].feed, feed_.id());
  EXPECT_EQ(compares[0].number, Number{2});
}

TEST_F(DoubtTest, AnOpeningThatNamesAnOlderPostIsTakenAndCompared) {
  const Hash before = feed_.head();
  (void)passes_on(3, feed_.say(9, {"more"}), 1s);
  SampleFeed next(2, id_, 9);
  Post post = sample_post(20, "");
  post.kind = PostKind::opening;
  post.body = Opening{feed_.id().incarnation, {2}, before}.encode();

  const Actions actions = passes_on(3, next.sign({post}), 2s);

  EXPECT_THAT(only<action::StoreBatch>(actions), SizeIs(1));
  ASSERT_THAT(only<action::Compare>(actions), SizeIs(1));
  EXPECT_EQ(only<action::Compare>(actions)[0].number, Number{2});
}

TEST_F(DoubtTest, OneOfEachGiverIsComparedInAWhile) {
  const Batch no = other_.say(5, {"no"});
  EXPECT_THAT(compares(3, no, 2s), SizeIs(1));

  EXPECT_THAT(compares(3, no, 3s), IsEmpty());
  EXPECT_THAT(compares(2, no, 3s), SizeIs(1));
  EXPECT_THAT(compares(3, no, 2s + kBeatInterval), SizeIs(1));
}

TEST_F(DoubtTest, NothingMoreIsComparedOfWhoIsKnownToLie) {
  room_.convict({sample_peer(2)});

  EXPECT_THAT(compares(3, other_.say(5, {"no"}), 2s), IsEmpty());
  EXPECT_EQ(count("posts_broken"), 1U);
}

TEST_F(DoubtTest, WhatFitsIsTakenFromWhoIsKnownToLie) {
  (void)passes_on(3, other_.say(5, {"no"}), 2s);
  room_.convict({sample_peer(2)});

  EXPECT_THAT(only<action::StoreBatch>(passes_on(2, feed_.say(9, {"more"}), 3s)), SizeIs(1));
}

TEST_F(DoubtTest, AHeadThatDiffersIsAskedFor) {
  const Batch no = other_.say(5, {"no"});

  const auto wants = this->wants({feed_.id(), {2}, no.head}, 2s);

  ASSERT_THAT(wants, SizeIs(1));
  EXPECT_EQ(wants[0].feed, feed_.id());
  EXPECT_EQ(wants[0].first, Number{2});
  EXPECT_EQ(wants[0].last, Number{2});
  EXPECT_THAT(only<action::Compare>(gives(wants[0], no, 3s)), SizeIs(1));
}

TEST_F(DoubtTest, AHeadThatIsTheSameIsNot) {
  EXPECT_THAT(wants({feed_.id(), {2}, feed_.head()}, 2s), IsEmpty());
}

TEST_F(DoubtTest, WhoMerelySaysThatItDiffersIsAskedOnceInAWhile) {
  const Head lie{feed_.id(), {2}, feed_root(id_, feed_.id())};
  const auto first = wants(lie, 2s);
  ASSERT_THAT(first, SizeIs(1));
  (void)room_.receive(turn_.at(3s), sample_peer(3), link::Give{first[0].want, id_, {}, true});

  EXPECT_THAT(wants(lie, 4s), IsEmpty());
  EXPECT_THAT(wants(lie, 2s + kBeatInterval), SizeIs(1));
  EXPECT_EQ(count("forks"), 3U);
}

TEST_F(DoubtTest, ABranchIsNotFetchedAgainFromWhoHoldsIt) {
  (void)other_.say(5, {"no"});
  const Batch more = other_.say(9, {"and so on"});
  const Head claim{other_.id(), {3}, other_.head()};
  const auto first = wants(claim, 2s);
  ASSERT_THAT(first, SizeIs(1));
  (void)gives(first[0], more, 3s);

  EXPECT_THAT(wants(claim, 30s), IsEmpty());

  room_.unlinked(sample_peer(3));
  room_.linked(turn_.at(40s), sample_peer(3));
  EXPECT_THAT(wants(claim, 41s), SizeIs(1));
}

}  // namespace
}  // namespace p2pchat
