#include "daemon/core/room/feeds.h"

#include <gtest/gtest.h>

#include "proto/limits.h"
#include "tests/unit/samples.h"

namespace p2pchat {
namespace {

using Verdict = Feeds::Verdict;

const RoomId kRoom = sample_room(7);

// A feed whose opening names the newest post of another incarnation.
Batch opening_after(std::uint8_t who, std::uint8_t incarnation, const SampleFeed& before,
                    std::uint64_t stamp) {
  Post post = sample_post(stamp, "");
  post.kind = PostKind::opening;
  post.body = Opening{before.id().incarnation, before.have(), before.head()}.encode();
  SampleFeed feed(who, kRoom, incarnation);
  return feed.sign({post});
}

// A first batch that depends on nothing.
Batch opened(SampleFeed& feed, std::uint64_t stamp) {
  Post post = sample_post(stamp, "");
  post.kind = PostKind::opening;
  post.body = Opening{}.encode();
  return feed.sign({post});
}

class FeedsTest : public testing::Test {
 protected:
  Verdict take(const Batch& batch) { return feeds_.take(batch, ready_); }
  std::vector<Number> firsts() const {
    std::vector<Number> all;
    for (const Batch& batch : ready_) all.push_back(batch.first);
    return all;
  }

  Feeds feeds_{sample_peer(1), {}};
  std::vector<Batch> ready_;
  SampleFeed bob_{2, kRoom};
  PeerId peer_ = sample_peer(2);
};

TEST_F(FeedsTest, BatchesThatFollowAreTakenInOrder) {
  EXPECT_EQ(take(opened(bob_, 1)), Verdict::taken);
  EXPECT_EQ(take(bob_.say(2, {"a", "b"})), Verdict::taken);

  EXPECT_EQ(feeds_.state(bob_.id()).have, Number{3});
  EXPECT_EQ(feeds_.state(bob_.id()).head, bob_.head());
}

TEST_F(FeedsTest, WhatIsHeldAlreadyIsKnown) {
  const Batch first = opened(bob_, 1);
  take(first);

  EXPECT_EQ(take(first), Verdict::known);
  EXPECT_EQ(ready_.size(), 1U);
}

TEST_F(FeedsTest, WhatWaitsOfWhoHasGoneIsLetGo) {
  SampleFeed carl(3, kRoom);
  for (SampleFeed* feed : {&bob_, &carl}) {
    take(opened(*feed, 1));
    (void)feed->say(2, {"a"});
    EXPECT_EQ(take(feed->say(3, {"b"})), Verdict::waiting);
  }

  feeds_.let_go([&](const FeedId& feed) { return feed == bob_.id(); });

  EXPECT_EQ(feeds_.held_back(), 1U);
}

TEST_F(FeedsTest, BeyondAGapNothingIsShownUntilTheGapCloses) {
  const Batch one = opened(bob_, 1);
  const Batch two = bob_.say(2, {"a"});
  const Batch three = bob_.say(3, {"b"});

  EXPECT_EQ(take(three), Verdict::waiting);
  EXPECT_EQ(take(one), Verdict::taken);
  EXPECT_EQ(firsts(), (std::vector{Number{1}}));
  EXPECT_EQ(take(two), Verdict::taken);

  EXPECT_EQ(firsts(), (std::vector{Number{1}, Number{2}, Number{3}}));
  EXPECT_EQ(feeds_.held_back(), 0U);
}

TEST_F(FeedsTest, APreviousHashThatDoesNotFitIsBroken) {
  take(opened(bob_, 1));
  const Batch forged = sample_batch(sample_identity(2), kRoom, bob_.id().incarnation, {2}, Hash{},
                                    {sample_post(5, "forged parent")});

  EXPECT_EQ(take(forged), Verdict::broken);
  EXPECT_EQ(feeds_.state(bob_.id()).have, Number{1});
}

TEST_F(FeedsTest, AnotherBatchAtTheSameNumberIsBroken) {
  take(opened(bob_, 1));
  const Hash before = bob_.head();
  take(bob_.say(2, {"one truth"}));
  const Batch fork = sample_batch(sample_identity(2), kRoom, bob_.id().incarnation, {2}, before,
                                  {sample_post(2, "another")});

  EXPECT_EQ(take(fork), Verdict::broken);
}

TEST_F(FeedsTest, AStampThatFallsIsBroken) {
  take(opened(bob_, 100));

  EXPECT_EQ(take(bob_.say(100, {"not later"})), Verdict::broken);
}

TEST_F(FeedsTest, AnIncarnationWaitsForTheOneBeforeIt) {
  const Batch first_run = opened(bob_, 1);
  const Batch second_run = opening_after(2, 2, bob_, 10);

  EXPECT_EQ(take(second_run), Verdict::waiting);
  ASSERT_TRUE(feeds_.missing(peer_));
  EXPECT_EQ(feeds_.missing(peer_)->feed, bob_.id());
  EXPECT_EQ(take(first_run), Verdict::taken);

  ASSERT_EQ(ready_.size(), 2U);
  EXPECT_EQ(ready_[1].feed, second_run.feed);
}

TEST_F(FeedsTest, AnIncarnationThatNamesAnotherHashThanIsHeldIsBroken) {
  take(opened(bob_, 1));
  SampleFeed liar(2, kRoom, 1);
  opened(liar, 55);

  EXPECT_EQ(take(opening_after(2, 2, liar, 60)), Verdict::broken);
}

TEST_F(FeedsTest, WhatIsHeldBackIsBounded) {
  opened(bob_, 1);
  std::size_t waiting = 0;
  std::uint64_t stamp = 2;
  for (std::size_t i = 0; i < kHeldPostsMax + 10; ++i) {
    const Batch batch = bob_.say(stamp++, {"x"});
    waiting += take(batch) == Verdict::waiting ? 1 : 0;
  }

  EXPECT_EQ(waiting, kHeldPostsMax);
  EXPECT_EQ(feeds_.held_back(), kHeldPostsMax);
}

TEST_F(FeedsTest, AClaimAboveWhatIsHeldIsMissing) {
  take(opened(bob_, 1));

  feeds_.claim(peer_, bob_.id(), {5});

  const auto missing = feeds_.missing(peer_);
  ASSERT_TRUE(missing);
  EXPECT_EQ(missing->first, Number{2});
  EXPECT_EQ(missing->last, Number{5});
  EXPECT_EQ(feeds_.posts_missing(), 4U);
}

TEST_F(FeedsTest, WhatWaitsAlreadyIsNotMissing) {
  take(opened(bob_, 1));
  bob_.say(2, {"lost"});
  take(bob_.say(3, {"waits"}));

  feeds_.claim(peer_, bob_.id(), {3});

  const auto missing = feeds_.missing(peer_);
  ASSERT_TRUE(missing);
  EXPECT_EQ(missing->first, Number{2});
  EXPECT_EQ(missing->last, Number{2});
}

TEST_F(FeedsTest, OfAnUnknownFeedOnlyTheFirstPostIsMissing) {
  feeds_.claim(peer_, bob_.id(), {500});

  ASSERT_TRUE(feeds_.missing(peer_));
  EXPECT_EQ(feeds_.missing(peer_)->last, Number{1});
}

TEST_F(FeedsTest, AVoidClaimIsForgotten) {
  feeds_.claim(peer_, bob_.id(), {500});

  feeds_.void_claims(peer_);

  EXPECT_FALSE(feeds_.missing(peer_));
  EXPECT_TRUE(feeds_.heads().empty());
}

TEST_F(FeedsTest, AStoredStateIsWhereItGoesOn) {
  const Batch first = opened(bob_, 1);
  Feeds restored(sample_peer(1), {{bob_.id(), first.last(), first.head, first.posts.back().stamp}});

  EXPECT_EQ(restored.take(bob_.say(2, {"next"}), ready_), Verdict::taken);
}

ReaderMark mark(std::uint8_t byte) {
  ReaderMark mark;
  mark.bytes.fill(byte);
  return mark;
}

// An opening for these readers only.
Batch opened_for(SampleFeed& feed, std::uint64_t stamp, Readers readers) {
  Post post = sample_post(stamp, "");
  post.kind = PostKind::opening;
  post.body = Opening{{}, {}, {}, std::move(readers)}.encode();
  return feed.sign({post});
}

TEST_F(FeedsTest, OfAFeedThatIsNotForMeOnlyTheOpeningIsTaken) {
  feeds_.sit(mark(1));
  const Batch opening = opened_for(bob_, 1, {mark(2)});
  const Batch secret = bob_.say(2, {"secret"});
  EXPECT_EQ(take(secret), Verdict::waiting);
  feeds_.claim(peer_, bob_.id(), {2});

  EXPECT_EQ(take(opening), Verdict::taken);

  EXPECT_EQ(ready_.size(), 1U);
  EXPECT_EQ(feeds_.held_back(), 0U);
  EXPECT_EQ(take(secret), Verdict::closed);
  feeds_.claim(peer_, bob_.id(), {2});
  EXPECT_FALSE(feeds_.missing(peer_));
  EXPECT_EQ(feeds_.posts_missing(), 0U);
}

TEST_F(FeedsTest, WhatNamesAClosedFeedAsItsPastIsTaken) {
  feeds_.sit(mark(1));
  take(opened_for(bob_, 1, {mark(2)}));
  bob_.say(2, {"secret"});

  EXPECT_EQ(take(opening_after(2, 2, bob_, 10)), Verdict::taken);
}

TEST_F(FeedsTest, AFeedIsForThoseWhomItNames) {
  feeds_.sit(mark(1));
  take(opened_for(bob_, 1, {mark(1), mark(2)}));

  EXPECT_EQ(take(bob_.say(2, {"for two"})), Verdict::taken);
  EXPECT_TRUE(feeds_.may_read(bob_.id(), mark(2)));
  EXPECT_FALSE(feeds_.may_read(bob_.id(), mark(3)));
}

TEST_F(FeedsTest, WhoMayReadIsRememberedInTheStore) {
  const Batch first = opened_for(bob_, 1, {mark(2)});
  Feeds restored(sample_peer(1), {{bob_.id(),
                                   first.last(),
                                   first.head,
                                   first.posts.back().stamp,
                                   first.head,
                                   {{}, {}, {}, {mark(2)}}}});
  restored.sit(mark(1));

  EXPECT_TRUE(restored.is_closed(bob_.id()));
  EXPECT_EQ(restored.take(bob_.say(2, {"secret"}), ready_), Verdict::closed);
}

// As many feeds of one author as are kept.
std::vector<FeedState> all_feeds_of(const PeerId& author) {
  std::vector<FeedState> feeds;
  for (std::size_t i = 0; i < kFeedsMax; ++i) {
    FeedState state;
    state.feed.author = author;
    state.feed.incarnation.bytes = {static_cast<std::uint8_t>(i), static_cast<std::uint8_t>(i >> 8),
                                    0xff};
    state.have = {1};
    feeds.push_back(state);
  }
  return feeds;
}

TEST_F(FeedsTest, AnAuthorWithTooManyFeedsIsNoTroubleToOthers) {
  feeds_ = Feeds(sample_peer(1), all_feeds_of(peer_));
  SampleFeed carol(3, kRoom);

  EXPECT_EQ(take(opened(bob_, 1)), Verdict::dropped);
  EXPECT_EQ(take(opened(carol, 1)), Verdict::taken);
}

TEST_F(FeedsTest, MyOwnFeedsAreNotBounded) {
  feeds_ = Feeds(peer_, all_feeds_of(peer_));

  EXPECT_EQ(take(opened(bob_, 1)), Verdict::taken);
}

TEST_F(FeedsTest, ClaimsAreBoundedForEachWhoClaims) {
  const PeerId liar = sample_peer(3);
  for (std::uint64_t i = 0; i < kClaimsMax + 9; ++i) {
    FeedId feed{liar, {}};
    feed.incarnation.bytes = {static_cast<std::uint8_t>(i), static_cast<std::uint8_t>(i >> 8)};
    feeds_.claim(liar, feed, {1});
  }
  feeds_.claim(peer_, bob_.id(), {1});

  EXPECT_EQ(feeds_.posts_missing(), kClaimsMax + 1);
  EXPECT_EQ(feeds_.missing(peer_)->feed, bob_.id());
}

TEST_F(FeedsTest, OfAForkedFeedItIsKnown) {
  take(opened(bob_, 1));
  SampleFeed other = bob_;
  take(bob_.say(2, {"yes"}));
  EXPECT_FALSE(feeds_.is_broken(bob_.id()));
  const Batch no = other.say(2, {"no"});
  const auto shared = feeds_.shared_with(no);

  EXPECT_EQ(take(no), Verdict::broken);

  EXPECT_TRUE(feeds_.is_broken(bob_.id()));
  ASSERT_TRUE(shared);
  EXPECT_EQ(shared->feed, bob_.id());
  EXPECT_EQ(shared->first, Number{2});
  EXPECT_EQ(shared->last, Number{2});
}

TEST_F(FeedsTest, AForkThatWaitedIsKnownOnceTheGapCloses) {
  take(opened(bob_, 1));
  SampleFeed other = bob_;
  (void)other.say(2, {"no"});
  EXPECT_EQ(take(other.say(3, {"and so on"})), Verdict::waiting);

  EXPECT_EQ(take(bob_.say(2, {"yes"})), Verdict::taken);

  EXPECT_TRUE(feeds_.is_broken(bob_.id()));
  EXPECT_EQ(feeds_.held_back(), 0U);
}

TEST_F(FeedsTest, OfWhatIsNotHeldNothingIsShared) {
  const Batch opening = opened(bob_, 1);
  const Batch first = bob_.say(2, {"a"});
  EXPECT_FALSE(feeds_.shared_with(opening));
  EXPECT_FALSE(feeds_.shared_with(first));
  take(opening);

  EXPECT_EQ(feeds_.shared_with(first)->first, Number{1});
  EXPECT_FALSE(feeds_.shared_with(bob_.say(3, {"b"})));
}

TEST_F(FeedsTest, WhatAMemberHoldsOfAnotherBranchIsNotMissingUntilItsLinkIsNew) {
  take(opened(bob_, 1));
  feeds_.claim(peer_, bob_.id(), {5});
  feeds_.ignore_claims(peer_, bob_.id());
  feeds_.claim(peer_, bob_.id(), {6});
  EXPECT_FALSE(feeds_.missing(peer_));
  EXPECT_EQ(feeds_.posts_missing(), 0U);

  feeds_.void_claims(peer_);
  feeds_.claim(peer_, bob_.id(), {6});

  EXPECT_TRUE(feeds_.missing(peer_));
}

}  // namespace
}  // namespace p2pchat
