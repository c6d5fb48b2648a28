#include "proto/batch.h"

#include <algorithm>
#include <gtest/gtest.h>

#include "proto/base32.h"
#include "proto/limits.h"
#include "tests/unit/proto/fixtures.h"

namespace p2pchat {
namespace {

using fixture::fault_of;
using fixture::first_batch;
using fixture::kAnna;
using fixture::later_batch;
using fixture::post;

// What decoding says to `batch`, signed by its author after `change`.
template <class Change>
std::optional<Fault> fault_after(Batch batch, Change change) {
  change(batch);
  return fault_of(Batch::decode(fixture::packed_by_hand(batch)));
}

TEST(Batch, DecodesToWhatWasSigned) {
  Batch signed_batch = later_batch({post(101, "hello"), post(102, "how are you?")});
  signed_batch.sign(kAnna);

  const auto batch = Batch::decode(signed_batch.raw);

  ASSERT_TRUE(batch);
  EXPECT_EQ(batch->room, signed_batch.room);
  EXPECT_EQ(batch->feed, signed_batch.feed);
  EXPECT_EQ(batch->value, signed_batch.value);
  EXPECT_EQ(batch->first, Number{2});
  EXPECT_EQ(batch->last(), Number{3});
  EXPECT_EQ(batch->previous, signed_batch.previous);
  EXPECT_EQ(batch->head, signed_batch.head);
  EXPECT_EQ(batch->raw, signed_batch.raw);
  ASSERT_EQ(batch->posts.size(), 2U);
  EXPECT_EQ(batch->posts[1].stamp, Stamp{102});
  EXPECT_EQ(batch->posts[1].kind, PostKind::chat);
  EXPECT_EQ(batch->posts[1].salt, fixture::filled<Salt>(5));
  EXPECT_EQ(to_string(batch->posts[1].body), "how are you?");
}

TEST(Batch, HasTheBytesThatTheProtocolDescribes) {
  Batch batch = later_batch();
  batch.sign(kAnna);

  EXPECT_EQ(batch.raw, fixture::packed_by_hand(batch));
}

TEST(Batch, ItsHeadIsTheHashOfItsLastPost) {
  Batch batch = later_batch({post(101, "hello"), post(102, "how are you?")});
  batch.sign(kAnna);

  const Hash hello = post_hash(batch.previous, {2}, batch.posts[0]);

  EXPECT_EQ(batch.head, post_hash(hello, {3}, batch.posts[1]));
}

TEST(Batch, HoldsUpTo64Posts) {
  std::vector<Post> posts;
  for (std::uint64_t i = 0; i < kBatchPostsMax; ++i) posts.push_back(post(200 + i, "x"));
  Batch batch = later_batch(posts);
  batch.sign(kAnna);

  EXPECT_TRUE(Batch::decode(batch.raw));
  EXPECT_EQ(
      fault_after(later_batch(posts), [](Batch& each) { each.posts.push_back(post(300, "x")); }),
      Fault::malformed);
  EXPECT_EQ(fault_after(later_batch(posts), [](Batch& each) { each.posts.clear(); }),
            Fault::malformed);
}

TEST(Batch, HoldsOneTextOfTheLargestSizeAndNotTwo) {
  const std::string text(kBodyBytesMax, 'x');
  Batch batch = later_batch({post(200, text)});
  batch.sign(kAnna);

  EXPECT_TRUE(Batch::decode(batch.raw));
  EXPECT_EQ(fault_after(batch, [&](Batch& each) { each.posts.push_back(post(201, text)); }),
            Fault::malformed);
  EXPECT_EQ(fault_after(batch, [](Batch& each) { each.posts[0].body.push_back('x'); }),
            Fault::malformed);
}

TEST(Batch, IsNoLargerThanItsFrameAndItsPostsSay) {
  for (const std::size_t size : {0U, 255U, 256U, 20000U}) {
    Batch batch = later_batch({post(kPackIntegerMax - 1, std::string(size, 'x')),
                               post(kPackIntegerMax, std::string(size, 'y'))});
    batch.first = {kPackIntegerMax - kBatchPostsMax};
    batch.sign(kAnna);

    EXPECT_LE(batch.raw.size(), kBatchFrameBytes + 2 * packed_bytes(size));
  }
}

TEST(Batch, NumbersBeginAtOneAndDoNotOverflow) {
  EXPECT_EQ(fault_after(later_batch(), [](Batch& batch) { batch.first = {0}; }), Fault::malformed);
  EXPECT_EQ(fault_after(later_batch(), [](Batch& batch) { batch.first = {kPackIntegerMax}; }),
            Fault::malformed);
  EXPECT_EQ(fault_after(later_batch(), [](Batch& batch) { batch.first = {~std::uint64_t{0}}; }),
            Fault::malformed);
}

TEST(Batch, StampsRiseStrictly) {
  const auto with_stamps = [](std::uint64_t first, std::uint64_t second) {
    return fault_after(later_batch(), [=](Batch& batch) {
      batch.posts = {post(first, "a"), post(second, "b")};
    });
  };

  EXPECT_EQ(with_stamps(5, 6), std::nullopt);
  EXPECT_EQ(with_stamps(5, 5), Fault::malformed);
  EXPECT_EQ(with_stamps(5, 4), Fault::malformed);
  EXPECT_EQ(with_stamps(5, kPackIntegerMax + 1), Fault::malformed);
}

TEST(Batch, AFeedBeginsWithAnOpeningAloneAndHasNoOther) {
  EXPECT_EQ(fault_after(first_batch(), [](Batch&) {}), std::nullopt);
  EXPECT_EQ(fault_after(first_batch(), [](Batch& batch) { batch.posts = {post(100, "x")}; }),
            Fault::malformed);
  EXPECT_EQ(fault_after(first_batch(), [](Batch& batch) { batch.posts.push_back(post(102, "x")); }),
            Fault::malformed);
  EXPECT_EQ(fault_after(later_batch(), [](Batch& batch) { batch.posts = {fixture::opening(102)}; }),
            Fault::malformed);
}

TEST(Batch, AnOpeningThatDoesNotDecodeIsMalformed) {
  EXPECT_EQ(fault_after(first_batch(), [](Batch& batch) { batch.posts[0].body.push_back(0); }),
            Fault::malformed);
  EXPECT_EQ(fault_after(first_batch(), [](Batch& batch) { batch.posts[0].body.clear(); }),
            Fault::malformed);
}

TEST(Batch, APostOfUnknownKindIsMalformed) {
  EXPECT_EQ(fault_after(later_batch(),
                        [](Batch& batch) { batch.posts[0].kind = static_cast<PostKind>(2); }),
            Fault::malformed);
}

TEST(Batch, TheFirstOneNamesTheRootOfItsFeed) {
  EXPECT_EQ(
      fault_after(first_batch(), [](Batch& batch) { batch.previous = fixture::filled<Hash>(1); }),
      Fault::malformed);
  // In another room the same posts begin another feed.
  EXPECT_EQ(
      fault_after(first_batch(), [](Batch& batch) { batch.room = fixture::filled<RoomId>(1); }),
      Fault::malformed);
}

TEST(Batch, OfAnotherSuiteIsRefused) {
  EXPECT_EQ(fault_of(Batch::decode(fixture::packed_by_hand(later_batch(), 2))), Fault::malformed);
}

TEST(Batch, SignedByAnotherThanItsAuthorIsForged) {
  const Bytes raw = fixture::packed_by_hand(later_batch(), kSuite, fixture::kBob);

  EXPECT_EQ(fault_of(Batch::decode(raw)), Fault::forged);
}

TEST(Batch, MovedToAnotherRoomIsForged) {
  Batch batch = later_batch();
  batch.sign(kAnna);
  Bytes moved = batch.raw;
  const auto room =
      std::search(moved.begin(), moved.end(), batch.room.bytes.begin(), batch.room.bytes.end());
  ASSERT_NE(room, moved.end());

  *room ^= 1U;

  EXPECT_EQ(fault_of(Batch::decode(moved)), Fault::forged);
}

TEST(Batch, ChangedInAnyBitIsRefused) {
  Batch batch = first_batch();
  batch.sign(kAnna);

  EXPECT_EQ(fixture::count_taken_mutants(
                batch.raw, [](const Bytes& raw) { return Batch::decode(raw).has_value(); }),
            0U);
}

TEST(Batch, StillHoldsWhenItsTextsArePruned) {
  Batch batch = later_batch({post(101, "hello"), post(102, "how are you?")});
  batch.sign(kAnna);

  const auto pruned = Batch::decode(batch.pruned());

  ASSERT_TRUE(pruned);
  EXPECT_TRUE(pruned->is_pruned());
  EXPECT_FALSE(batch.is_pruned());
  EXPECT_EQ(pruned->head, batch.head);
  EXPECT_EQ(pruned->last(), Number{3});
  EXPECT_EQ(pruned->posts[1].stamp, Stamp{102});
  EXPECT_TRUE(pruned->posts[1].body.empty());
  EXPECT_EQ(pruned->pruned(), pruned->raw);
}

TEST(Batch, IsPrunedAsAWholeOrNotAtAll) {
  const auto prune = [](Post& post) { post = {post.stamp, post.kind, {}, {}, Hash{}}; };
  const Batch two = later_batch({post(101, "hello"), post(102, "how are you?")});

  EXPECT_EQ(fault_after(two, [&](Batch& batch) { prune(batch.posts[0]); }), Fault::malformed);
  EXPECT_EQ(fault_after(two, [&](Batch& batch) { prune(batch.posts[1]); }), Fault::malformed);
  EXPECT_EQ(fault_after(first_batch(), [&](Batch& batch) { prune(batch.posts[0]); }),
            Fault::malformed);
}

TEST(Batch, PrunedWithAnotherHashIsForged) {
  Batch batch = later_batch({post(101, "hello")});
  batch.sign(kAnna);
  Bytes pruned = batch.pruned();
  const std::size_t inner = pruned.size() - 2 - Signature::kSize - 1;
  pruned[inner] ^= 1;

  EXPECT_EQ(fault_of(Batch::decode(pruned)), Fault::forged);
}

TEST(BatchDeathTest, WhatBreaksOurOwnLimitsIsNotSigned) {
  Batch batch = later_batch();
  batch.posts.clear();

  EXPECT_DEATH(batch.sign(kAnna), "CHECK");
  EXPECT_DEATH(later_batch().sign(fixture::kBob), "CHECK");
}

TEST(PostHash, DependsOnEveryPart) {
  const Hash previous = fixture::filled<Hash>(1);
  const Post plain = post(5, "text");
  const auto changed = [&](auto change) {
    Post other = plain;
    change(other);
    return post_hash(previous, {3}, other);
  };
  const Hash hash = post_hash(previous, {3}, plain);

  EXPECT_EQ(changed([](Post&) {}), hash);
  EXPECT_NE(post_hash(Hash{}, {3}, plain), hash);
  EXPECT_NE(post_hash(previous, {4}, plain), hash);
  EXPECT_NE(changed([](Post& other) { other.stamp = {6}; }), hash);
  EXPECT_NE(changed([](Post& other) { other.kind = PostKind::opening; }), hash);
  EXPECT_NE(changed([](Post& other) { other.salt = {}; }), hash);
  EXPECT_NE(changed([](Post& other) { other.body = to_bytes("texT"); }), hash);
}

TEST(PostHash, CanBeComputedWithoutTheBody) {
  const Hash previous = fixture::filled<Hash>(1);
  const Post plain = post(5, "text");

  const Hash inner = Hasher("p2pchat body").add(plain.salt).add(view("text")).finish();
  Hasher hasher("p2pchat post");
  hasher.add(previous).add(std::uint64_t{3}).add(std::uint64_t{5}).add(std::uint64_t{1}).add(inner);

  EXPECT_EQ(hasher.finish(), post_hash(previous, {3}, plain));
}

TEST(Opening, DecodesToWhatWasEncoded) {
  const Opening made{fixture::filled<Incarnation>(1),
                     {44},
                     fixture::filled<Hash>(2),
                     {fixture::filled<ReaderMark>(3), fixture::filled<ReaderMark>(4)}};

  const auto opening = Opening::decode(made.encode());

  ASSERT_TRUE(opening);
  EXPECT_EQ(opening->incarnation, made.incarnation);
  EXPECT_EQ(opening->number, made.number);
  EXPECT_EQ(opening->hash, made.hash);
  EXPECT_EQ(opening->readers, made.readers);
}

TEST(Opening, NamesItsReadersSortedAndOnce) {
  const auto first = fixture::filled<ReaderMark>(3);
  const auto second = fixture::filled<ReaderMark>(4);
  for (const Readers& readers : {Readers{second, first}, Readers{first, first}}) {
    EXPECT_FALSE(Opening::decode(Opening{{}, {}, {}, readers}.encode()));
  }
  EXPECT_FALSE(decode_readers(Bytes(ReaderMark::kSize + 1)));
}

TEST(Readers, AreWhoeverIsNamedOrEverybody) {
  const auto named = fixture::filled<ReaderMark>(3);
  const auto other = fixture::filled<ReaderMark>(4);

  EXPECT_TRUE(may_read({named}, named));
  EXPECT_FALSE(may_read({named}, other));
  EXPECT_TRUE(may_read({}, other));
}

TEST(Opening, FitsItsLimit) {
  Opening largest{fixture::filled<Incarnation>(1), {kPackIntegerMax}, {}};
  for (std::size_t i = 0; i < kMembersMax; ++i) {
    largest.readers.push_back(fixture::filled<ReaderMark>(static_cast<std::uint8_t>(i)));
  }

  EXPECT_LE(largest.encode().size(), kOpeningBytesMax);
}

TEST(MessageId, ReadsBack) {
  const FeedTag tag = feed_tag(fixture::pair(), fixture::anna_feed());

  const std::string id = message_id(tag, {17});
  const auto ref = parse_message_id(id);

  EXPECT_EQ(id.size(), 16U + 3U);
  ASSERT_TRUE(ref);
  EXPECT_EQ(ref->tag, tag);
  EXPECT_EQ(ref->number, Number{17});
}

TEST(MessageId, NothingElseReadsAsOne) {
  const std::string tag = base32(feed_tag(fixture::pair(), fixture::anna_feed()).view());

  EXPECT_TRUE(parse_message_id(tag + ".9223372036854775807"));
  for (const std::string& text :
       {std::string(), tag, tag + ".", tag + ".0", tag + ".01", tag + ".1x", tag + ".-1",
        tag + ".1.2", tag + ".9223372036854775808", tag + ".99999999999999999999",
        tag.substr(1) + ".1", std::string(".1")}) {
    EXPECT_FALSE(parse_message_id(text)) << text;
  }
}

}  // namespace
}  // namespace p2pchat
