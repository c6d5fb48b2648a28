#include "daemon/core/room/texts.h"

#include <gtest/gtest.h>

#include "proto/limits.h"
#include "tests/unit/samples.h"

namespace p2pchat {
namespace {

class TextsTest : public testing::Test {
 protected:
  TextsTest() { texts_.begin(sample_peer(2), now_); }

  // Batches of one post each, from one number to another.
  void list(Number first, Number last, Stamp stamp = {50}) {
    ASSERT_TRUE(texts_.look_up());
    for (Number each = first; each <= last; each = each.next()) {
      texts_.add(row(each, stamp));
    }
    texts_.listed({stamp, 1}, false);
  }
  void expect_asked(Number first, Number last) {
    const auto asked = texts_.ask();
    ASSERT_TRUE(asked);
    EXPECT_EQ(asked->feed, feed_);
    EXPECT_EQ(asked->first, first);
    EXPECT_EQ(asked->last, last);
  }
  PrunedBatch row(Number number, Stamp stamp = {50}) {
    const Batch said = batch(number);
    return {feed_, number, number, {stamp, 1}, hash_of_pruned(said.pruned())};
  }
  // The post with this number; 1 is the opening.
  Batch batch(Number number) {
    while (said_.size() < number.value) {
      said_.push_back(said_.empty() ? author_.open(20) : author_.say(50, {"words"}));
    }
    return said_[number.value - 1];
  }

  TimePoint now_ = TimePoint{} + 1s;
  SampleFeed author_{4, sample_room(7), 9};
  FeedId feed_ = author_.id();
  std::vector<Batch> said_;
  Texts texts_;
};

TEST_F(TextsTest, WhatFollowsIsAskedForTogether) {
  list({2}, {4});

  expect_asked({2}, {4});
}

TEST_F(TextsTest, BehindAGapItIsAskedForNext) {
  ASSERT_TRUE(texts_.look_up());
  texts_.add(row({2}));
  texts_.add(row({4}));
  texts_.listed({{50}, 2}, false);

  expect_asked({2}, {2});
  texts_.ended();
  expect_asked({4}, {4});
}

TEST_F(TextsTest, IsLookedUpFromTheNewestOnAChunkAfterTheOther) {
  const auto all = texts_.look_up();
  ASSERT_TRUE(all);
  EXPECT_GT(all->stamp, (Stamp{1ULL << 62U}));
  EXPECT_FALSE(texts_.look_up()) << "it is under way";
  texts_.listed({{70}, 7}, true);

  EXPECT_EQ(texts_.look_up(), (PrunedAt{{70}, 7}));
  EXPECT_TRUE(texts_.is_looking({{70}, 7}));
  EXPECT_FALSE(texts_.is_looking({{70}, 6}));
}

TEST_F(TextsTest, WhatHasAllComeLeavesNothing) {
  list({2}, {3});
  (void)texts_.ask();
  for (const Number number : {Number{2}, Number{3}}) {
    ASSERT_TRUE(texts_.lacks(batch(number)));
    texts_.reached(feed_, number);
    texts_.take(batch(number), now_);
  }
  texts_.ended();

  EXPECT_TRUE(texts_.is_over());
  EXPECT_EQ(texts_.left(), Stamp{});
}

TEST_F(TextsTest, WhatTheGiverDoesNotGiveIsLeft) {
  list({2}, {2}, {50});
  (void)texts_.ask();
  texts_.ended();

  EXPECT_TRUE(texts_.is_over());
  EXPECT_EQ(texts_.left(), Stamp{50});
}

TEST_F(TextsTest, WhatTheGiverCannotHaveIsLeft) {
  ASSERT_TRUE(texts_.look_up());
  texts_.leave({60});
  texts_.listed({{60}, 1}, false);

  EXPECT_TRUE(texts_.is_over());
  EXPECT_EQ(texts_.left(), Stamp{60});
}

TEST_F(TextsTest, WhereTheGiverHasNoneItIsAskedBehindThat) {
  list({2}, {9});
  (void)texts_.ask();
  texts_.reached(feed_, {4});
  texts_.ended();

  expect_asked({5}, {9});
}

TEST_F(TextsTest, WhereNothingCameTheFirstIsLeft) {
  list({2}, {9});
  (void)texts_.ask();
  texts_.ended();

  expect_asked({3}, {9});
}

TEST_F(TextsTest, OnlyTheVeryBatchIsLacked) {
  list({2}, {3});
  SampleFeed other(4, sample_room(7), 9);
  (void)other.open(20);

  EXPECT_TRUE(texts_.lacks(batch({2})));
  EXPECT_FALSE(texts_.lacks(batch({4})));
  EXPECT_FALSE(texts_.lacks(other.say(50, {"other words"})));
}

TEST_F(TextsTest, WhoGivesNothingAtAllIsLeftAloneAfterAWhile) {
  list({2}, {99}, {70});
  for (std::size_t i = 0; i < Texts::kDenialsMax; ++i) {
    ASSERT_TRUE(texts_.ask());
    texts_.ended();
  }

  EXPECT_TRUE(texts_.is_over());
  EXPECT_FALSE(texts_.ask());
  EXPECT_EQ(texts_.left(), Stamp{70});
}

TEST_F(TextsTest, WhoGivesNoTextForLongOrIsAtItForLongIsSlow) {
  list({2}, {99});
  const TimePoint end = now_ + kTextsPassMax;
  Number next{2};
  for (TimePoint now = now_; now < end; now = now + kTextsPatience / 2, next = next.next()) {
    EXPECT_FALSE(texts_.is_slow(now));
    texts_.take(batch(next), now);
  }
  EXPECT_TRUE(texts_.is_slow(end));

  texts_.begin(sample_peer(2), now_);
  EXPECT_FALSE(texts_.is_slow(now_ + kTextsPatience / 2));
  EXPECT_TRUE(texts_.is_slow(now_ + kTextsPatience));
}

}  // namespace
}  // namespace p2pchat
