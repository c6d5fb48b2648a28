#include "proto/fork.h"

#include <algorithm>
#include <gtest/gtest.h>

#include "proto/limits.h"
#include "tests/unit/proto/fixtures.h"

namespace p2pchat {
namespace {

using fixture::filled;
using fixture::kAnna;
using fixture::kBob;

Batch signed_by_anna(Batch batch) {
  batch.sign(kAnna);
  return batch;
}

Batch opening_of(Incarnation incarnation, const Opening& opening) {
  Batch batch = fixture::first_batch();
  batch.feed.incarnation = incarnation;
  batch.previous = feed_root(batch.room, batch.feed);
  batch.posts = {{{200}, PostKind::opening, filled<Salt>(4), opening.encode()}};
  return signed_by_anna(batch);
}

Batch saying(const std::string& text) {
  return signed_by_anna(fixture::later_batch({fixture::post(101, text)}));
}

// What follows `before` in its feed.
Batch following(const Batch& before, const std::string& text) {
  Batch batch = before;
  batch.first = before.last().next();
  batch.previous = before.head;
  batch.posts = {fixture::post(before.posts.back().stamp.value + 1, text)};
  return signed_by_anna(batch);
}

// As it would be packed by hand, whatever rules it breaks.
Bytes packed(const RoomId& room, const Bytes& one, const Bytes& other) {
  return packed_begin(4, room).bytes(one).bytes(other).take();
}

Bytes sorted(const Batch& a, const Batch& b) {
  const auto both = std::minmax(a.raw, b.raw);
  return packed(a.room, both.first, both.second);
}

std::optional<Fault> fault_of(const Bytes& raw) {
  const auto fork = Fork::decode(raw);
  return fork ? std::nullopt : std::optional(fork.error().fault);
}

void expect_proof(const Batch& a, const Batch& b) {
  const auto fork = Fork::make(a, b);
  const auto mirrored = Fork::make(b, a);
  ASSERT_TRUE(fork && mirrored);
  EXPECT_EQ(fork->raw, mirrored->raw);
  const auto decoded = Fork::decode(fork->raw);
  ASSERT_TRUE(decoded) << decoded.error().text;
  EXPECT_EQ(decoded->raw, fork->raw);
  EXPECT_EQ(decoded->room, a.room);
  EXPECT_EQ(decoded->one, fork->one);
  EXPECT_EQ(decoded->other, fork->other);
}

TEST(Fork, IsTwoTextsUnderOneNumber) { expect_proof(saying("yes"), saying("no")); }

TEST(Fork, IsTwoOpeningsOfOneFeed) {
  const Incarnation run = filled<Incarnation>(7);
  expect_proof(opening_of(run, {}), opening_of(run, {filled<Incarnation>(1), {3}, {}}));
}

TEST(Fork, IsAPostThatIsInTwoBatches) {
  const auto said = [](std::size_t posts) {
    std::vector<Post> all{fixture::post(101, "one"), fixture::post(102, "two")};
    all.resize(posts);
    return signed_by_anna(fixture::later_batch(all));
  };
  const Batch both = said(2);
  const Batch one = said(1);
  Batch two = both;
  two.first = both.last();
  two.previous = one.head;
  two.posts.erase(two.posts.begin());
  expect_proof(both, one);
  expect_proof(both, signed_by_anna(two));
  EXPECT_FALSE(Fork::make(one, signed_by_anna(two))) << "they follow each other";
}

TEST(Fork, IsAPreviousHashThatNeverWas) {
  expect_proof(saying("yes"), following(saying("no"), "and so on"));
}

TEST(Fork, IsAnOpeningThatNamesWhatNeverWas) {
  const Batch said = saying("yes");
  Opening past{said.feed.incarnation, said.last(), saying("no").head};
  expect_proof(said, opening_of(filled<Incarnation>(8), past));
  past.hash = said.head;
  EXPECT_FALSE(Fork::make(said, opening_of(filled<Incarnation>(8), past)));
}

TEST(Fork, IsTwoOpeningsThatNameTwoPasts) {
  const Batch said = saying("yes");
  const Opening past{said.feed.incarnation, said.last(), said.head};
  const Opening other{said.feed.incarnation, said.last(), saying("no").head};
  expect_proof(opening_of(filled<Incarnation>(8), past), opening_of(filled<Incarnation>(9), other));
}

TEST(Fork, IsNotWhatFitsTogether) {
  const Batch said = saying("yes");

  EXPECT_FALSE(Fork::make(said, said));
  EXPECT_FALSE(Fork::make(said, following(said, "more")));
  EXPECT_FALSE(Fork::make(said, following(following(said, "more"), "even more")));
  EXPECT_FALSE(Fork::make(signed_by_anna(fixture::first_batch()), said));
  EXPECT_EQ(fault_of(packed(said.room, said.pruned(), said.pruned())), Fault::malformed);
  EXPECT_EQ(fault_of(packed(said.room, said.pruned(), following(said, "more").pruned())),
            Fault::malformed);
}

TEST(Fork, IsNotOfTwoAuthorsOrRooms) {
  const Batch said = saying("yes");
  Batch bobs = said;
  bobs.feed.author = kBob.id();
  bobs.posts = {fixture::post(101, "no")};
  bobs.sign(kBob);
  Batch elsewhere = said;
  elsewhere.room = filled<RoomId>(3);
  elsewhere.posts = {fixture::post(101, "no")};
  elsewhere.sign(kAnna);

  EXPECT_FALSE(Fork::make(said, bobs));
  EXPECT_FALSE(Fork::make(said, elsewhere));
  const auto fork = Fork::make(said, saying("no"));
  ASSERT_TRUE(fork);
  Bytes moved = fork->raw;
  const auto room =
      std::search(moved.begin(), moved.end(), said.room.bytes.begin(), said.room.bytes.end());
  ++*room;
  EXPECT_EQ(fault_of(moved), Fault::malformed);
}

TEST(Fork, BearsNoTexts) {
  const Batch yes = saying("a secret");
  const Batch no = saying("another");

  const auto fork = Fork::make(yes, no);

  ASSERT_TRUE(fork);
  const Bytes text = to_bytes("a secret");
  EXPECT_EQ(std::search(fork->raw.begin(), fork->raw.end(), text.begin(), text.end()),
            fork->raw.end());
  EXPECT_EQ(fault_of(sorted(yes, no)), Fault::malformed);
}

TEST(Fork, OfWhatIsPrunedAlreadyIsTheSame) {
  const auto yes = Batch::decode(saying("yes").pruned());
  ASSERT_TRUE(yes);

  const auto fork = Fork::make(*yes, saying("no"));

  ASSERT_TRUE(fork);
  EXPECT_EQ(fork->raw, Fork::make(saying("yes"), saying("no"))->raw);
}

TEST(Fork, HasOneSpelling) {
  const Bytes yes = saying("yes").pruned();
  const Bytes no = saying("no").pruned();
  const RoomId room = fixture::pair();

  EXPECT_EQ(fault_of(packed(room, std::min(yes, no), std::max(yes, no))), std::nullopt);
  EXPECT_EQ(fault_of(packed(room, std::max(yes, no), std::min(yes, no))), Fault::malformed);
}

TEST(Fork, HoldsNothingUnsigned) {
  const Batch yes = saying("yes");
  Batch no = yes;
  no.posts = {fixture::post(101, "no")};
  const Batch forged{no.room, no.feed, no.value, no.first, no.previous, no.posts, {}, {}};
  const auto bytes = fixture::packed_by_hand(forged, kSuite, kBob);
  // A signature needs no texts to be checked; the batch is as bare as in a proof.
  Batch bare = forged;
  bare.posts[0] = {bare.posts[0].stamp, PostKind::chat, {}, {}, filled<Hash>(1)};
  const Bytes other = fixture::packed_by_hand(bare, kSuite, kBob);

  EXPECT_EQ(
      fault_of(packed(yes.room, std::min(yes.pruned(), other), std::max(yes.pruned(), other))),
      Fault::forged);
  EXPECT_FALSE(Batch::decode(bytes));
}

TEST(Fork, OfTheLargestBatchesFitsItsLimit) {
  std::vector<Post> posts;
  for (std::size_t i = 0; i < kBatchPostsMax; ++i) {
    posts.push_back(fixture::post(kPackIntegerMax - kBatchPostsMax + i, "text"));
  }
  const Batch yes = signed_by_anna(fixture::later_batch(posts));
  posts.back().body = to_bytes("other");
  const Batch no = signed_by_anna(fixture::later_batch(posts));
  Opening past{yes.feed.incarnation, {9}, filled<Hash>(1)};
  for (std::size_t i = 0; i < kMembersMax; ++i) {
    ReaderMark mark;
    mark.bytes[0] = static_cast<std::uint8_t>(i);
    past.readers.push_back(mark);
  }
  const Batch opening = opening_of(filled<Incarnation>(8), past);
  past.hash = filled<Hash>(2);

  expect_proof(yes, no);
  expect_proof(opening, opening_of(filled<Incarnation>(9), past));
  EXPECT_LE(Fork::make(yes, no)->raw.size(), kForkBytesMax);
}

TEST(Fork, ThatIsTooLongOrCutDoesNotDecode) {
  const Bytes raw = Fork::make(saying("yes"), saying("no"))->raw;

  EXPECT_EQ(fault_of(Bytes(kForkBytesMax + 1)), Fault::malformed);
  EXPECT_EQ(fault_of({raw.begin(), raw.end() - 1}), Fault::malformed);
  EXPECT_EQ(fault_of({}), Fault::malformed);
}

TEST(Fork, IsOfTheSeatsWhoseMarksItsFeedsBear) {
  const ChangeId before = filled<ChangeId>(1);
  const ChangeId now = filled<ChangeId>(2);
  const auto run = [](const ChangeId& seat, std::uint8_t byte) {
    return incarnation_in(seat, filled<Incarnation>(byte));
  };
  const auto fork = Fork::make(opening_of(run(now, 8), {run(before, 7), {9}, filled<Hash>(1)}),
                               opening_of(run(now, 9), {run(before, 7), {9}, filled<Hash>(2)}));

  ASSERT_TRUE(fork);
  EXPECT_TRUE(fork->is_of({kAnna.id(), now}));
  EXPECT_FALSE(fork->is_of({kAnna.id(), before}));
  EXPECT_FALSE(fork->is_of({kBob.id(), now}));
}

}  // namespace
}  // namespace p2pchat
