// Of Room: what it lets go, and what it takes of others who have.
#include <algorithm>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "daemon/core/actions.h"
#include "daemon/core/room/room.h"
#include "proto/limits.h"
#include "tests/unit/daemon/core/turn_fixture.h"

namespace p2pchat {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

constexpr Retention kDay{.age = 24h, .bytes = {}};

// A room of peers 1, 2 and 3, at peer 1, who holds five posts of each of the others and of its own.
class RetentionTest : public testing::Test {
 protected:
  RetentionTest() : RetentionTest(RoomState{sample_room(7), 9000, {}}) {}
  explicit RetentionTest(RoomState state) : room_(facts(), with_feeds(std::move(state)), true) {}

  static RoomFacts facts() {
    Sitting sitting;
    for (const std::uint8_t who : std::initializer_list<std::uint8_t>{1, 2, 3})
      sitting.members.push_back(sample_peer(who));
    std::sort(sitting.members.begin(), sitting.members.end());
    return {sample_room(7), sitting, sample_peer(1), {}, 1 << 20};
  }
  static RoomState with_feeds(RoomState state) {
    for (const std::uint8_t who : std::initializer_list<std::uint8_t>{1, 2, 3}) {
      state.feeds.push_back({feed(who), {5}, {}, {100}, {}, {}});
    }
    return state;
  }
  static FeedId feed(std::uint8_t who) {
    FeedId feed{sample_peer(who), {}};
    feed.incarnation.bytes.fill(who);
    return feed;
  }

  // Member `who` holds so much of each feed, and has texts above `kept`.
  void hear(std::uint8_t who, std::map<std::uint8_t, Number> heads, Stamp kept = {},
            std::optional<StampRange> awaits = {}) {
    Beat beat;
    beat.room = sample_room(7);
    beat.author = sample_peer(who);
    beat.counter = {++beats_};
    beat.incarnation.bytes.fill(who);
    for (const auto& [author, number] : heads) beat.heads.push_back({feed(author), number, {}});
    beat.kept = kept;
    beat.awaits = awaits;
    beat.sign(sample_identity(who));
    note(room_.receive(turn_.at(now_), sample_peer(who), link::Pulse{beat.room, beat.raw}));
  }
  void link(std::uint8_t who) { room_.linked(turn_.at(now_), sample_peer(who)); }
  std::vector<action::Prune> orders() { return only<action::Prune>(room_.prune(turn_.at(now_))); }
  action::Prune keep(const Retention& retention) {
    (void)room_.keep(turn_.at(now_), retention);
    const auto found = orders();
    EXPECT_EQ(found.size(), 1U);
    return found.empty() ? action::Prune{} : found.front();
  }

  // Of the run after the one that is under way.
  action::Prune next_order() {
    room_.pruned(turn_.at(now_), {sample_room(7), 0, {}, 0, false});
    now_ += kPruneInterval;
    const auto found = orders();
    EXPECT_EQ(found.size(), 1U);
    return found.empty() ? action::Prune{} : found.front();
  }

  // --- Asking, and being given ---
  void note(const Actions& actions) {
    for (const auto& send : only<action::SendLink>(actions)) {
      const auto message = link::decode(send.frame);
      if (const auto* want = std::get_if<link::Want>(&*message)) wants_[send.peer] = *want;
    }
    for (const auto& stored : only<action::StoreBatch>(actions)) stored_.push_back(stored.batch);
    for (const auto& lookup : only<action::FindPruned>(actions)) lookups_.push_back(lookup);
  }
  // What its store has found, as it was asked to.
  void found(const std::optional<std::vector<PrunedBatch>>& batches) {
    ASSERT_THAT(lookups_, testing::SizeIs(1));
    const PrunedAt before = lookups_[0].before;
    lookups_.clear();
    note(room_.found_pruned(turn_.at(now_), {sample_room(7), before, batches}));
  }
  // Whom it has asked since the last call.
  std::vector<PeerId> asked() {
    std::vector<PeerId> peers;
    for (const auto& [peer, want] : wants_) peers.push_back(peer);
    return peers;
  }
  void give(std::uint8_t who, const std::vector<Bytes>& batches) {
    const auto want = wants_.extract(sample_peer(who));
    ASSERT_FALSE(want.empty()) << "it was not asked";
    const link::Give give{want.mapped().want, sample_room(7), batches, true};
    note(room_.receive(turn_.at(now_), sample_peer(who), give));
  }
  // What it says of itself now.
  Beat beat() {
    now_ += kFullStateInterval;
    (void)room_.receive(turn_.at(now_), sample_peer(3), link::AskHeads{sample_room(7)});
    const Actions actions = room_.end_turn(turn_.at(now_));
    for (const auto& send : only<action::SendLink>(actions)) {
      const auto message = link::decode(send.frame);
      const auto* pulse = std::get_if<link::Pulse>(&*message);
      if (pulse != nullptr) return *Beat::decode(pulse->beat);
    }
    ADD_FAILURE() << "it says nothing";
    return {};
  }
  std::uint64_t counted(std::string_view name) {
    const auto& values = room_.counters().values();
    return values.contains(name) ? values.at(name) : 0;
  }

  TurnFixture turn_;
  Duration now_ = 1s;
  std::uint64_t beats_ = 0;
  std::map<PeerId, link::Want> wants_;
  std::vector<Batch> stored_;
  std::vector<action::FindPruned> lookups_;
  Room room_;
};

TEST_F(RetentionTest, LetsGoWhatAllAreKnownToHold) {
  hear(2, {{1, {5}}, {2, {5}}, {3, {4}}});
  hear(3, {{1, {3}}, {2, {5}}, {3, {5}}});

  const action::Prune order = keep(kDay);

  EXPECT_THAT(order.bounds,
              testing::UnorderedElementsAre(Pair(feed(1), Number{3}), Pair(feed(2), Number{5}),
                                            Pair(feed(3), Number{4})));
  EXPECT_EQ(order.before.wall().milliseconds,
            turn_.at(now_).now.wall.milliseconds - Duration(24h).count());
  EXPECT_FALSE(order.bytes);
}

TEST_F(RetentionTest, LetsNothingGoThatSomebodyIsNotKnownToHold) {
  hear(2, {{1, {5}}, {2, {5}}, {3, {5}}});

  EXPECT_THAT(keep(kDay).bounds, IsEmpty()) << "nobody knows of peer 3";
}

TEST_F(RetentionTest, SparesWhatAMemberWaitsForTheTextsOf) {
  hear(2, {{1, {5}}, {2, {5}}, {3, {5}}}, {70}, StampRange{{50}, {70}});
  hear(3, {{1, {5}}, {2, {5}}, {3, {5}}}, {90}, StampRange{{40}, {90}});
  EXPECT_THAT(keep(kDay).spared,
              testing::UnorderedElementsAre(StampRange{{50}, {70}}, StampRange{{40}, {90}}));

  hear(3, {}, {90});
  EXPECT_THAT(next_order().spared, ElementsAre(StampRange{{50}, {70}}));
  hear(2, {}, {70});
  EXPECT_THAT(next_order().spared, IsEmpty());
}

TEST_F(RetentionTest, ForgetsWhatAMemberHeldBeforeItsNewRun) {
  hear(2, {{2, {5}}});
  hear(3, {{2, {5}}});
  EXPECT_THAT(keep(kDay).bounds, ElementsAre(Pair(feed(2), Number{5})));
  room_.pruned(turn_.at(now_), {sample_room(7), 0, {}, 0, false});

  Beat beat;
  beat.room = sample_room(7);
  beat.author = sample_peer(3);
  beat.counter = {1};
  beat.sign(sample_identity(3));
  (void)room_.receive(turn_.at(now_), sample_peer(3), link::Pulse{beat.room, beat.raw});

  EXPECT_THAT(keep(kDay).bounds, IsEmpty());
}

TEST_F(RetentionTest, GoesOnAtOnceWhileThereIsMoreAndThenHourly) {
  (void)keep({.age = {}, .bytes = 1 << 20});
  EXPECT_EQ(room_.deadline() == TimePoint{now_}, false) << "a chunk is under way";
  EXPECT_THAT(orders(), testing::SizeIs(0));

  room_.pruned(turn_.at(now_), {sample_room(7), 1000, {50}, 77, true});
  const auto next = orders();
  ASSERT_EQ(next.size(), 1U);
  EXPECT_EQ(next[0].after, 77);
  EXPECT_EQ(next[0].bytes, 1U << 20);
  EXPECT_EQ(room_.bytes(), 8000U);

  room_.pruned(turn_.at(now_), {sample_room(7), 0, {}, 99, false});
  EXPECT_THAT(orders(), testing::SizeIs(0));
  now_ += kPruneInterval;
  const auto later = orders();
  ASSERT_EQ(later.size(), 1U);
  EXPECT_EQ(later[0].after, 0);
}

TEST_F(RetentionTest, HashesMayTakeMoreThanTheTextsDid) {
  const std::uint64_t before = room_.bytes();
  (void)keep(kDay);

  room_.pruned(turn_.at(now_), {sample_room(7), -500, {50}, 77, false});

  EXPECT_EQ(room_.bytes(), before + 500);
}

TEST_F(RetentionTest, KeepsAllUnlessItIsTold) {
  EXPECT_THAT(orders(), testing::SizeIs(0));
  now_ += 2 * kPruneInterval;
  EXPECT_THAT(orders(), testing::SizeIs(0));
}

TEST_F(RetentionTest, OfAChangeUnderWayBeginsAnew) {
  (void)keep(kDay);
  (void)room_.keep(turn_.at(now_), {.age = 48h, .bytes = {}});
  EXPECT_THAT(orders(), testing::SizeIs(0));

  room_.pruned(turn_.at(now_), {sample_room(7), 0, {}, 77, true});

  const auto next = orders();
  ASSERT_EQ(next.size(), 1U);
  EXPECT_EQ(next[0].after, 0);
}

// It has been restarted, and lacks the texts of a batch of peer 2.
class RestartedTest : public RetentionTest {
 protected:
  RestartedTest() : RetentionTest(RoomState{sample_room(7), 9000, {}, {}, {60}, {90}}) { link(3); }

  const std::vector<PrunedBatch> lacking_{{feed(2), {2}, {3}, {{90}, 4}, {}}};
};

TEST_F(RestartedTest, GoesOnAskingForTheTextsThatItLacks) {
  hear(3, {{2, {5}}});
  found(lacking_);

  ASSERT_THAT(asked(), ElementsAre(sample_peer(3)));
  EXPECT_EQ(wants_.begin()->second.first, Number{2});
  EXPECT_EQ(wants_.begin()->second.last, Number{3});
}

TEST_F(RestartedTest, LooksForNothingThatItWouldLetGoItself) {
  hear(3, {{2, {5}}});

  EXPECT_THAT(lookups_, ElementsAre(testing::Field(&action::FindPruned::from, Stamp{61})));
}

// Somebody may have given it one post without its text, and still have all others.
TEST_F(RestartedTest, AsksAlsoWhoLacksNewerOnes) {
  hear(3, {{2, {5}}}, {95});
  found(lacking_);

  EXPECT_THAT(asked(), ElementsAre(sample_peer(3)));
}

TEST_F(RestartedTest, DoesNotAskWhoIsNotKnownToHoldTheBatch) {
  hear(3, {{2, {2}}});
  found(lacking_);

  EXPECT_THAT(asked(), IsEmpty());
}

TEST_F(RestartedTest, AwaitsTextsUntilAllWereAsked) {
  const StampRange all{{61}, {90}};
  EXPECT_EQ(beat().awaits, all);
  hear(3, {{2, {5}}});
  found(lacking_);
  give(3, {});
  EXPECT_EQ(beat().awaits, all) << "peer 2 is not there yet";

  link(2);
  hear(2, {{2, {5}}});
  found(lacking_);
  give(2, {});
  EXPECT_EQ(beat().awaits, std::nullopt);
  EXPECT_EQ(beat().kept, Stamp{90});
}

// As it takes in what it lacks, it may get there.
TEST_F(RestartedTest, WhoDoesNotHoldTheBatchYetIsAskedLater) {
  hear(3, {{2, {2}}});
  found(lacking_);
  link(2);
  hear(2, {{2, {5}}});
  found(lacking_);
  give(2, {});
  EXPECT_TRUE(beat().awaits);

  hear(3, {{2, {5}}});
  now_ += kTextsPatience;
  hear(3, {{2, {5}}});
  found(lacking_);
  EXPECT_THAT(asked(), ElementsAre(sample_peer(3)));
}

TEST_F(RestartedTest, SaysThatItHasAllOnceNothingIsFoundToBeLacking) {
  hear(3, {{2, {5}}});
  found(std::vector<PrunedBatch>());

  EXPECT_EQ(beat().kept, Stamp{60});
  EXPECT_EQ(beat().awaits, std::nullopt);
}

TEST_F(RestartedTest, SaysWhatTheNewestIsThatItLacks) {
  hear(3, {{2, {5}}});
  found(std::vector<PrunedBatch>{{feed(2), {2}, {3}, {{75}, 4}, {}}});
  give(3, {});

  EXPECT_EQ(beat().kept, Stamp{75});
}

TEST_F(RestartedTest, WhoHasGivenNothingIsAskedAgainOnceItIsStartedAnewOrHasMore) {
  hear(3, {{2, {5}}}, {80});
  found(lacking_);
  give(3, {});
  now_ += kTextsPatience;
  hear(3, {{2, {5}}}, {80});
  EXPECT_THAT(lookups_, IsEmpty());

  hear(3, {{2, {5}}}, {70});
  now_ += kTextsPatience;
  hear(3, {{2, {5}}}, {70});
  EXPECT_THAT(lookups_, testing::SizeIs(1));
}

TEST_F(RestartedTest, WhereItsOwnDiskCannotBeReadItDoesNotSayThatItHasAll) {
  hear(3, {{2, {5}}});
  found(std::nullopt);

  EXPECT_EQ(beat().kept, Stamp{90});
  hear(3, {{2, {5}}});
  EXPECT_THAT(lookups_, IsEmpty());
}

TEST_F(RestartedTest, AnotherIsAskedWhereOneFallsSilent) {
  link(2);
  hear(2, {{2, {5}}}, {80});
  found(lacking_);
  ASSERT_THAT(asked(), ElementsAre(sample_peer(2)));
  hear(3, {{2, {5}}}, {80});
  wants_.clear();

  now_ += kWantTimeout;
  note(room_.timer(turn_.at(now_)));
  found(lacking_);

  EXPECT_THAT(asked(), ElementsAre(sample_peer(3)));
}

// It always has something else to give.
TEST_F(RestartedTest, AnotherIsAskedWhereOneGivesNoTextsForLong) {
  hear(3, {{2, {5}}}, {80});
  link(2);
  hear(2, {{2, {5}}}, {80});
  ASSERT_THAT(lookups_, testing::SizeIs(1));
  lookups_.clear();

  now_ += kTextsPatience;
  hear(3, {{2, {5}}}, {80});
  found(lacking_);

  EXPECT_THAT(asked(), ElementsAre(sample_peer(2)));
}

TEST_F(RestartedTest, AwaitsNothingThatItWouldLetGoItself) {
  (void)keep({.age = 1h, .bytes = {}});

  EXPECT_EQ(beat().awaits, std::nullopt);
}

TEST_F(RestartedTest, LetsNothingGoAsLongAsSomebodyHasNotTold) {
  const link::Heads heads{sample_room(7), {{feed(1), {5}, {}}, {feed(2), {5}, {}}}};
  for (const std::uint8_t who : std::initializer_list<std::uint8_t>{2, 3}) {
    note(room_.receive(turn_.at(now_), sample_peer(who), heads));
  }

  EXPECT_THAT(keep(kDay).bounds, IsEmpty()) << "it may wait for their texts";
}

// Feed 9 of peer 3, of which nothing is held yet.
class GivenTest : public RetentionTest {
 protected:
  GivenTest() : RetentionTest(RoomState{sample_room(7), 9000, {}}) {
    link(2);
    link(3);
  }
  // What member `who` claims of it.
  void claim(std::uint8_t who, Stamp kept) {
    const link::Heads heads{sample_room(7), {{feed_.id(), talk_.last(), talk_.head}}};
    hear(who, {}, kept);
    note(room_.receive(turn_.at(now_), sample_peer(who), heads));
  }
  PrunedBatch lacking() const {
    return {talk_.feed, talk_.first, talk_.last(), {{1002}, 7}, hash_of_pruned(talk_.pruned())};
  }
  std::size_t pruned_stored() const {
    return static_cast<std::size_t>(std::count_if(
        stored_.begin(), stored_.end(), [](const Batch& batch) { return batch.is_pruned(); }));
  }

  SampleFeed feed_{3, sample_room(7), 9};
  Batch opening_ = feed_.open(1000);
  Batch talk_ = feed_.say(1001, {"one", "two"});
};

TEST_F(GivenTest, APrunedBatchIsTakenOfWhoHasSaidThatItHasPruned) {
  claim(2, {1002});
  give(2, {opening_.raw});
  give(2, {talk_.pruned()});

  EXPECT_EQ(pruned_stored(), 1U);
  EXPECT_EQ(room_.feeds().state(feed_.id()).have, talk_.last());
  EXPECT_EQ(room_.feeds().state(feed_.id()).head, talk_.head);
}

TEST_F(GivenTest, APrunedBatchIsRefusedOfWhoHasNotSaidSo) {
  claim(2, {1001});
  give(2, {opening_.raw});
  give(2, {talk_.pruned()});

  EXPECT_EQ(pruned_stored(), 0U);
  EXPECT_EQ(counted("prunings_refused"), 1U);
}

TEST_F(GivenTest, APrunedBatchIsRefusedThatWasNotAskedFor) {
  claim(2, {1002});
  give(2, {opening_.raw});

  note(room_.receive(turn_.at(now_), sample_peer(2), link::Posts{sample_room(7), talk_.pruned()}));

  EXPECT_EQ(pruned_stored(), 0U);
  EXPECT_EQ(counted("prunings_refused"), 1U);
}

TEST_F(GivenTest, WhoHasPrunedLessIsAskedFirst) {
  hear(2, {}, {2000});
  hear(3, {}, {1000});
  const link::Heads heads{sample_room(7), {{feed_.id(), talk_.last(), talk_.head}}};
  note(room_.receive(turn_.at(now_), sample_peer(3), heads));
  give(3, {opening_.raw});
  ASSERT_THAT(asked(), ElementsAre(sample_peer(3)));

  // Peer 2 claims it, too, and waits until peer 3 has nothing to say.
  note(room_.receive(turn_.at(now_), sample_peer(2), heads));
  EXPECT_THAT(asked(), ElementsAre(sample_peer(3)));
  give(3, {});

  EXPECT_THAT(asked(), ElementsAre(sample_peer(2)));
}

TEST_F(GivenTest, TextsThatAreMissingAreAskedForOfWhoHasThem) {
  claim(2, {1002});
  give(2, {opening_.raw});
  give(2, {talk_.pruned()});
  found(std::vector{lacking()});
  EXPECT_THAT(asked(), IsEmpty()) << "nobody is known to have them";
  stored_.clear();
  const std::uint64_t bytes = room_.bytes();

  claim(3, {1001});
  found(std::vector{lacking()});
  ASSERT_THAT(asked(), ElementsAre(sample_peer(3)));
  give(3, {talk_.raw});

  ASSERT_EQ(stored_.size(), 1U);
  EXPECT_EQ(stored_[0].raw, talk_.raw);
  EXPECT_EQ(room_.bytes(), bytes + talk_.raw.size() - talk_.pruned().size());
  EXPECT_EQ(beat().kept, Stamp{});
  EXPECT_EQ(beat().awaits, std::nullopt);
}

TEST_F(GivenTest, WhoSaysThatItHasTextsAndDoesNotGiveThemIsAskedOnce) {
  claim(2, {1002});
  give(2, {opening_.raw});
  give(2, {talk_.pruned()});
  found(std::vector{lacking()});
  stored_.clear();

  claim(3, {});
  found(std::vector{lacking()});
  give(3, {talk_.pruned()});
  claim(3, {});

  EXPECT_THAT(stored_, IsEmpty());
  EXPECT_THAT(asked(), IsEmpty());
  EXPECT_EQ(beat().kept, Stamp{1002});
}

// It would take the place of the one that is held.
TEST_F(GivenTest, OtherPostsUnderItsNumbersAreNotTakenForIt) {
  claim(2, {1002});
  give(2, {opening_.raw});
  give(2, {talk_.pruned()});
  found(std::vector{lacking()});
  SampleFeed other{3, sample_room(7), 9};
  (void)other.open(1000);
  const Batch shorter = other.say(1001, {"uno"});
  stored_.clear();
  claim(3, {});
  found(std::vector{lacking()});

  give(3, {shorter.raw});

  EXPECT_THAT(stored_, IsEmpty());
}

TEST_F(GivenTest, WhatItWouldNotHaveKeptItselfIsNotAskedForAgain) {
  (void)keep({.age = 1h, .bytes = {}});
  claim(2, {1002});
  give(2, {opening_.raw});
  give(2, {talk_.pruned()});

  claim(3, {});

  EXPECT_EQ(pruned_stored(), 1U);
  EXPECT_THAT(lookups_, IsEmpty());
}

TEST_F(GivenTest, WhatItLacksItTells) {
  claim(2, {1002});
  give(2, {opening_.raw});
  give(2, {talk_.pruned()});

  EXPECT_EQ(beat().kept, Stamp{1002});
  EXPECT_EQ(beat().awaits, (StampRange{{1}, {1002}}));
}

}  // namespace
}  // namespace p2pchat
