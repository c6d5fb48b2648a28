#include "daemon/shell/store/retention_row.h"

#include <gmock/gmock.h>

#include "daemon/shell/inbox.h"
#include "proto/limits.h"
#include "tests/unit/daemon/shell/store_fixture.h"

namespace p2pchat {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

std::int64_t signed_of(std::uint64_t bytes) { return static_cast<std::int64_t>(bytes); }

constexpr PrunedAt kBehindAll{{1ULL << 62U}, std::numeric_limits<std::int64_t>::max()};

// Three batches of anna's, beside her opening.
class RetentionRowTest : public StoreFixture {
 protected:
  RetentionRowTest() {
    store({opening_, first_, second_, third_});
    set({.age = 24h, .bytes = {}});
  }
  void set(const Retention& retention) {
    EXPECT_TRUE(store_->commit(Actions{action::StoreRetention{room_, retention}}));
  }
  event::Pruned prune(Stamp before, std::optional<std::uint64_t> bytes = {}, Number bound = {9},
                      std::int64_t after = 0, const std::vector<StampRange>& spared = {}) {
    const Actions order{action::Prune{room_, before, bytes, {{anna_.id(), bound}}, spared, after}};
    const auto done = store_->commit(order);
    EXPECT_TRUE(done) << done.error().text;
    const auto told = store_->take_prunings();
    EXPECT_EQ(told.size(), 1U);
    return told.empty() ? event::Pruned{} : told.front();
  }
  // What has no texts, from this stamp on.
  std::vector<PrunedBatch> lacking(Stamp from, PrunedAt before = kBehindAll) {
    const auto found = store_->find_pruned({room_, from, before});
    EXPECT_TRUE(found);
    return found ? *found : std::vector<PrunedBatch>();
  }
  // All that is stored of the feed, as it is given to others.
  std::vector<Bytes> given() {
    std::vector<Bytes> batches;
    EXPECT_TRUE(store_->read_batches(room_, anna_.id(), {1}, {99}, [&](ByteView batch) {
      batches.push_back(to_bytes(batch));
      return true;
    }));
    return batches;
  }
  std::vector<std::string> logged(std::size_t last = 0) {
    Inbox inbox(*store_);
    auto stream = inbox.open_log({room_, {}, LogPlace::end_of(Stamp{~std::uint64_t{0}}), last, {}});
    EXPECT_TRUE(stream);
    return texts_of(*inbox.log(**stream, 100));
  }
  std::vector<std::string> pulled() {
    Inbox inbox(*store_);
    auto cursor = inbox.open_pull({1, "r"}, {room_});
    return texts_of(*inbox.pull(*cursor, 100, sample_peer(9), false));
  }
  static std::vector<std::string> texts_of(const std::vector<Entry>& entries) {
    std::vector<std::string> texts;
    for (const Entry& entry : entries) texts.push_back(to_string(entry.body));
    return texts;
  }

  RoomId room_ = sample_room(7);
  SampleFeed anna_{1, room_};
  Batch opening_ = anna_.open(10);
  Batch first_ = anna_.say(20, {"one", "two"});
  Batch second_ = anna_.say(30, {"three"});
  Batch third_ = anna_.say(40, {"four"});
};

TEST_F(RetentionRowTest, IsKeptAcrossReopening) {
  set({.age = 48h, .bytes = 5 << 20});
  reopen();
  EXPECT_EQ(load_room().retention, (Retention{.age = 48h, .bytes = 5 << 20}));

  set({});
  reopen();
  EXPECT_EQ(load_room().retention, Retention{});
}

TEST_F(RetentionRowTest, OfARoomOfWhichNothingIsStoredIsKept) {
  const RoomId other = sample_room(8);
  ASSERT_TRUE(store_->commit(Actions{action::StoreRetention{other, {.age = 24h, .bytes = {}}}}));
  reopen();

  const auto snapshot = store_->load();

  ASSERT_EQ(snapshot->rooms.size(), 2U);
  for (const RoomState& room : snapshot->rooms) EXPECT_EQ(room.retention.age, Duration(24h));
}

TEST_F(RetentionRowTest, WhatIsOldLosesItsTextsAndNothingElse) {
  const RoomState before = load_room();

  const event::Pruned told = prune({31});

  EXPECT_THAT(given(), ElementsAre(opening_.raw, first_.pruned(), second_.pruned(), third_.raw));
  EXPECT_THAT(logged(), ElementsAre("four"));
  EXPECT_THAT(pulled(), ElementsAre("four"));
  EXPECT_THAT(logged(1), ElementsAre("four"));
  EXPECT_EQ(told.newest, Stamp{30});
  EXPECT_FALSE(told.has_more);
  const RoomState after = load_room();
  EXPECT_LT(told.freed, 0) << "the hashes take more than texts so short";
  EXPECT_EQ(signed_of(after.bytes), signed_of(before.bytes) - told.freed);
  EXPECT_EQ(after.feeds.at(0).have, before.feeds.at(0).have);
  EXPECT_EQ(after.feeds.at(0).head, before.feeds.at(0).head);
  EXPECT_EQ(after.kept, Stamp{30});
  EXPECT_EQ(after.cut, Stamp{30});
  EXPECT_THAT(lacking(after.cut.next()), IsEmpty());
  EXPECT_THAT(store_->take_damages(), IsEmpty());
}

TEST_F(RetentionRowTest, OnlyWhatIsWithinTheBoundsGoes) {
  (void)prune({99}, {}, first_.last());

  EXPECT_THAT(logged(), ElementsAre("three", "four"));
}

TEST_F(RetentionRowTest, WhatCameFirstGoesUntilTheRestIsSmallEnough) {
  const event::Pruned told =
      prune({}, second_.raw.size() + third_.raw.size() + opening_.raw.size());

  EXPECT_THAT(logged(), ElementsAre("three", "four"));
  EXPECT_EQ(told.freed, signed_of(first_.raw.size()) - signed_of(first_.pruned().size()));
  EXPECT_EQ(prune({}, 1 << 20).newest, Stamp{}) << "what is left of it does not count";
}

TEST_F(RetentionRowTest, WhatHasNoTextsIsListedAChunkAfterTheOther) {
  std::vector<Batch> many;
  for (std::size_t i = 0; i <= kTextlessMax; ++i) {
    many.push_back(*Batch::decode(anna_.say(100 + i / 2, {"more"}).pruned()));
  }
  store(many);

  const auto newest = lacking({});
  ASSERT_EQ(newest.size(), kTextlessMax);
  EXPECT_EQ(newest.front().first, many.back().first);
  EXPECT_EQ(newest.front().left, hash_of_pruned(many.back().raw));
  const auto rest = lacking({}, newest.back().at);

  ASSERT_EQ(rest.size(), 1U);
  EXPECT_EQ(rest.front().first, many.front().first);
}

TEST_F(RetentionRowTest, WhatIsPrunedIsRememberedWhenMoreIsStored) {
  const event::Pruned told = prune({31});
  ASSERT_EQ(told.newest, Stamp{30});
  store({anna_.say(50, {"five"})});

  EXPECT_EQ(load_room().kept, Stamp{30});
  EXPECT_EQ(prune({}, 1 << 20).newest, Stamp{}) << "what is left of it does not count";
}

TEST_F(RetentionRowTest, WhatOthersWaitForIsSpared) {
  EXPECT_EQ(prune({99}, {}, {9}, 0, {{{35}, {45}}}).newest, Stamp{30});
  EXPECT_THAT(logged(), ElementsAre("four"));
  EXPECT_EQ(prune({}, 1, {9}, 0, {{{40}, {40}}}).newest, Stamp{});
  EXPECT_THAT(logged(), ElementsAre("four"));
}

TEST_F(RetentionRowTest, GoesOnBehindWhatItHasLookedAt) {
  const event::Pruned all = prune({22});

  EXPECT_EQ(all.reached, 4);
  EXPECT_EQ(prune({99}, {}, {9}, 3).newest, Stamp{40});
  EXPECT_THAT(logged(), ElementsAre("three"));
}

TEST_F(RetentionRowTest, GoesInChunks) {
  std::vector<Batch> many;
  for (std::size_t i = 0; i < kPruneBatchesMax; ++i) many.push_back(anna_.say(100 + i, {"more"}));
  store(many);

  const event::Pruned chunk = prune({10000}, {}, {1000});

  EXPECT_TRUE(chunk.has_more);
  EXPECT_EQ(chunk.reached, static_cast<std::int64_t>(kPruneBatchesMax) + 1);
  EXPECT_THAT(logged(), SizeIs(3));
  EXPECT_FALSE(prune({10000}, {}, {1000}, chunk.reached).has_more);
  EXPECT_THAT(logged(), IsEmpty());
}

TEST_F(RetentionRowTest, WhatIsGoneStandsNowhereInTheFile) {
  const Batch secret = anna_.say(50, {"a very particular secret"});
  store({secret});

  (void)prune({99});

  behind("PRAGMA wal_checkpoint(TRUNCATE)");
  std::ifstream file(file_, std::ios::binary);
  const std::string all((std::istreambuf_iterator<char>(file)), {});
  EXPECT_EQ(all.find("a very particular secret"), std::string::npos);
}

TEST_F(RetentionRowTest, ADamagedRowIsLeftToWhoReadsIt) {
  damage(2);

  (void)prune({99});

  EXPECT_THAT(given(), ElementsAre(opening_.raw));
  EXPECT_THAT(store_->take_damages(), SizeIs(1));
}

TEST_F(RetentionRowTest, APrunedRowIsGuardedByItsChecksum) {
  (void)prune({99});
  behind("UPDATE entries SET last_stamp = 22 WHERE id = 2");

  EXPECT_THAT(given(), ElementsAre(opening_.raw));
  EXPECT_THAT(store_->take_damages(), SizeIs(1));
}

TEST_F(RetentionRowTest, WhatComesWithoutTextsIsStoredAndLooked) {
  const Batch next = anna_.say(50, {"five"});

  store({*Batch::decode(next.pruned())});

  EXPECT_THAT(logged(), ElementsAre("one", "two", "three", "four"));
  const RoomState state = load_room();
  EXPECT_EQ(state.kept, Stamp{50});
  EXPECT_EQ(state.cut, Stamp{});
  const auto found = lacking({});
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].feed, anna_.id());
  EXPECT_EQ(found[0].first, next.first);
  EXPECT_EQ(found[0].last, next.last());
  EXPECT_EQ(found[0].at.stamp, Stamp{50});
  EXPECT_THAT(lacking({51}), IsEmpty());
}

TEST_F(RetentionRowTest, TextsThatComeLaterTakeTheirPlaceAndAreShownAnew) {
  const Batch next = anna_.say(50, {"five"});
  store({*Batch::decode(next.pruned())});

  store({next});

  EXPECT_THAT(given(), ElementsAre(opening_.raw, first_.raw, second_.raw, third_.raw, next.raw));
  EXPECT_THAT(pulled(), ElementsAre("one", "two", "three", "four", "five"));
  const RoomState state = load_room();
  EXPECT_THAT(lacking({}), IsEmpty());
  EXPECT_EQ(state.kept, Stamp{});
  EXPECT_EQ(state.bytes, opening_.raw.size() + first_.raw.size() + second_.raw.size() +
                             third_.raw.size() + next.raw.size());
}

TEST_F(RetentionRowTest, TextsAreNotTakenBack) {
  store({*Batch::decode(third_.pruned())});

  EXPECT_THAT(logged(), ElementsAre("one", "two", "three", "four"));
}

TEST_F(RetentionRowTest, ASearchFindsNothingThatIsGone) {
  Inbox inbox(*store_);
  const auto found = [&](std::string_view words) {
    LogQuery query{
        room_, {}, LogPlace::end_of(Stamp{~std::uint64_t{0}}), 0, parse_search(words).value()};
    auto stream = inbox.open_log(query);
    std::vector<Entry> entries;
    while (!(*stream)->is_at_end()) {
      const auto some = inbox.log(**stream, 100);
      entries.insert(entries.end(), some->begin(), some->end());
    }
    return texts_of(entries);
  };
  EXPECT_THAT(found("three"), ElementsAre("three"));

  (void)prune({31});

  EXPECT_THAT(found("three"), IsEmpty());
  EXPECT_THAT(found("four"), ElementsAre("four"));
  EXPECT_EQ(behind(folder_ / "search.db", "SELECT prunings FROM reached"), "1");
  EXPECT_EQ(behind(folder_ / "search.db", "SELECT count(*) FROM words WHERE words MATCH 'three'"),
            "0");
}

}  // namespace
}  // namespace p2pchat
