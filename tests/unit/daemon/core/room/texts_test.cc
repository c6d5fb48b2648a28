#include "daemon/core/room/texts.h"

#include <gtest/gtest.h>

#include "tests/unit/samples.h"

namespace p2pchat {
namespace {

class TextsTest : public testing::Test {
 protected:
  TextsTest() { texts_.begin(sample_peer(2), {10}); }

  // Batches of one post each, from one number to another.
  void list(Number first, Number last, Stamp stamp = {50}) {
    ASSERT_TRUE(texts_.look_up());
    for (Number each = first; each <= last; each = each.next()) {
      texts_.add({feed_, each, each, {stamp, 1}});
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
  // This one post, as its author has said it.
  Batch batch(Number number, Stamp stamp = {50}) const {
    Batch batch;
    batch.feed = feed_;
    batch.first = number;
    batch.posts.resize(1);
    batch.posts[0].stamp = stamp;
    return batch;
  }

  FeedId feed_{sample_peer(4), {}};
  Texts texts_;
};

TEST_F(TextsTest, WhatFollowsIsAskedForTogether) {
  list({2}, {4});

  expect_asked({2}, {4});
}

TEST_F(TextsTest, BehindAGapItIsAskedForNext) {
  ASSERT_TRUE(texts_.look_up());
  texts_.add({feed_, {2}, {2}, {{50}, 1}});
  texts_.add({feed_, {4}, {4}, {{50}, 2}});
  texts_.listed({{50}, 2}, false);

  expect_asked({2}, {2});
  texts_.ended();
  expect_asked({4}, {4});
}

TEST_F(TextsTest, IsLookedUpBehindTheBoundAndThenBehindTheChunk) {
  EXPECT_EQ(texts_.look_up()->stamp, Stamp{10});
  EXPECT_FALSE(texts_.look_up()) << "it is under way";
  texts_.listed({{70}, 7}, true);

  EXPECT_EQ(texts_.look_up(), (PrunedAt{{70}, 7}));
  EXPECT_TRUE(texts_.is_looking({{70}, 7}));
  EXPECT_FALSE(texts_.is_looking({{70}, 6}));
}

TEST_F(TextsTest, WhatHasAllComeLeavesNothingAboveTheBound) {
  list({2}, {3});
  (void)texts_.ask();
  for (const Number number : {Number{2}, Number{3}}) {
    ASSERT_TRUE(texts_.lacks(batch(number)));
    texts_.reached(feed_, number);
    texts_.take(batch(number));
  }
  texts_.ended();

  EXPECT_TRUE(texts_.is_over());
  EXPECT_EQ(texts_.left(), Stamp{10});
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
  texts_.leave({feed_, {2}, {2}, {{60}, 1}});
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

  EXPECT_TRUE(texts_.lacks(batch({2})));
  EXPECT_FALSE(texts_.lacks(batch({4})));
  EXPECT_FALSE(texts_.lacks(batch({2}, {51})));
  Batch longer = batch({2});
  longer.posts.push_back(longer.posts[0]);
  EXPECT_FALSE(texts_.lacks(longer));
}

TEST_F(TextsTest, WhatComesMeanwhileIsNotKnownToBeThere) {
  texts_.spoil();
  list({2}, {1});

  EXPECT_TRUE(texts_.is_over());
  EXPECT_FALSE(texts_.left());
}

TEST_F(TextsTest, WhoGivesNothingAtAllIsLeftAloneAfterAWhile) {
  list({2}, {99});
  for (std::size_t i = 0; i < Texts::kDenialsMax; ++i) {
    ASSERT_TRUE(texts_.ask());
    texts_.ended();
  }

  EXPECT_TRUE(texts_.is_denied());
  EXPECT_TRUE(texts_.is_over());
  EXPECT_FALSE(texts_.ask());
  EXPECT_FALSE(texts_.left()) << "most was not asked for";
}

}  // namespace
}  // namespace p2pchat
