#include "proto/beat.h"

#include <gtest/gtest.h>

#include "proto/limits.h"
#include "tests/unit/proto/fixtures.h"

namespace p2pchat {
namespace {

using fixture::fault_of;
using fixture::head;
using fixture::kAnna;

Bytes body_of(const Beat& beat, std::uint64_t suite = kSuite) {
  Packer packer;
  packer.array(14).integer(suite).fixed(beat.room).fixed(beat.author).integer(beat.counter.value);
  packer.fixed(beat.incarnation).integer(beat.stamp.value);
  if (beat.own) {
    pack(packer, *beat.own);
  } else {
    packer.nil();
  }
  packer.fixed(beat.vector);
  if (beat.common) {
    packer.fixed(*beat.common);
  } else {
    packer.nil();
  }
  packer.array(beat.heads.size());
  for (const Head& each : beat.heads) pack(packer, each);
  packer.bytes(beat.hears).integer(beat.kept.value);
  if (beat.awaits) {
    packer.array(2).integer(beat.awaits->first.value).integer(beat.awaits->last.value);
  } else {
    packer.nil();
  }
  return packer.integer(beat.height).take();
}

Bytes packed_by_hand(const Beat& beat, std::uint64_t suite = kSuite) {
  return fixture::signed_by(kAnna, Purpose::beat, "p2pchat beat", beat.room, body_of(beat, suite));
}

template <class Change>
std::optional<Fault> fault_after(Change change) {
  Beat beat = fixture::beat();
  change(beat);
  return fault_of(Beat::decode(packed_by_hand(beat)));
}

TEST(Beat, DecodesToWhatWasSigned) {
  Beat signed_beat = fixture::beat();
  signed_beat.sign(kAnna);

  const auto beat = Beat::decode(signed_beat.raw);

  ASSERT_TRUE(beat);
  EXPECT_EQ(beat->room, signed_beat.room);
  EXPECT_EQ(beat->author, signed_beat.author);
  EXPECT_EQ(beat->counter, signed_beat.counter);
  EXPECT_EQ(beat->incarnation, signed_beat.incarnation);
  EXPECT_EQ(beat->stamp, signed_beat.stamp);
  EXPECT_EQ(beat->own, signed_beat.own);
  EXPECT_EQ(beat->vector, signed_beat.vector);
  EXPECT_EQ(beat->common, signed_beat.common);
  EXPECT_EQ(beat->heads, signed_beat.heads);
  EXPECT_EQ(beat->hears, signed_beat.hears);
  EXPECT_EQ(beat->kept, signed_beat.kept);
  EXPECT_EQ(beat->awaits, signed_beat.awaits);
  EXPECT_EQ(beat->height, signed_beat.height);
  EXPECT_EQ(beat->raw, signed_beat.raw);
}

TEST(Beat, TellsTwoVectorsIfNotAllIsForAll) {
  Beat signed_beat = fixture::beat();
  signed_beat.common = fixture::filled<Hash>(9);
  signed_beat.sign(kAnna);

  const auto beat = Beat::decode(signed_beat.raw);

  ASSERT_TRUE(beat);
  EXPECT_EQ(beat->common, signed_beat.common);
}

TEST(Beat, HasTheBytesThatTheProtocolDescribes) {
  Beat beat = fixture::beat();
  beat.sign(kAnna);

  EXPECT_EQ(beat.raw, packed_by_hand(beat));
}

TEST(Beat, OfOneWhoHasNotPostedNamesNoHead) {
  Beat silent = fixture::beat();
  silent.own.reset();
  silent.heads.clear();
  silent.hears.clear();
  silent.sign(kAnna);

  const auto beat = Beat::decode(silent.raw);

  ASSERT_TRUE(beat);
  EXPECT_FALSE(beat->own);
  EXPECT_TRUE(beat->heads.empty());
}

TEST(Beat, NamesAtMost64HeadsAndOneBitForEachMember) {
  Beat largest = fixture::beat();
  largest.heads = std::vector<Head>(kBeatHeadsMax, head(kPackIntegerMax));
  largest.hears = Bytes(kMembersMax / 8);
  largest.sign(kAnna);

  EXPECT_TRUE(Beat::decode(largest.raw));
  EXPECT_EQ(
      fault_after([](Beat& beat) { beat.heads = std::vector<Head>(kBeatHeadsMax + 1, head(1)); }),
      Fault::malformed);
  EXPECT_EQ(fault_after([](Beat& beat) { beat.hears = Bytes(kMembersMax / 8 + 1); }),
            Fault::malformed);
}

TEST(Beat, BreakingARuleOfTheFormatIsMalformed) {
  EXPECT_EQ(fault_after([](Beat&) {}), std::nullopt);
  EXPECT_EQ(fault_after([](Beat& beat) { beat.own = head(0); }), Fault::malformed);
  EXPECT_EQ(fault_after([](Beat& beat) { beat.heads[0].number = {0}; }), Fault::malformed);
  EXPECT_EQ(fault_after([](Beat& beat) {
              beat.awaits = StampRange{{61}, {60}};
            }),
            Fault::malformed);
  EXPECT_EQ(fault_after([](Beat& beat) { beat.stamp = {kPackIntegerMax + 1}; }), Fault::malformed);
  EXPECT_EQ(fault_after([](Beat& beat) { beat.own->feed.author = fixture::kBob.id(); }),
            Fault::malformed);
  EXPECT_EQ(fault_of(Beat::decode(packed_by_hand(fixture::beat(), 2))), Fault::malformed);
}

TEST(Beat, OfAnotherAuthorThanItsSignerIsForged) {
  EXPECT_EQ(fault_after([](Beat& beat) {
              beat.author = fixture::kBob.id();
              beat.own.reset();
            }),
            Fault::forged);
}

TEST(Beat, SignedForAnotherRoomIsForged) {
  const Beat beat = fixture::beat();

  const Bytes raw = fixture::signed_by(kAnna, Purpose::beat, "p2pchat beat",
                                       fixture::filled<RoomId>(1), body_of(beat));

  EXPECT_EQ(fault_of(Beat::decode(raw)), Fault::forged);
}

TEST(Beat, ChangedInAnyBitIsRefused) {
  Beat beat = fixture::beat();
  beat.sign(kAnna);

  EXPECT_EQ(fixture::count_taken_mutants(
                beat.raw, [](const Bytes& raw) { return Beat::decode(raw).has_value(); }),
            0U);
}

TEST(VectorHash, DependsOnEveryHead) {
  EXPECT_NE(vector_hash({}), vector_hash({head(1)}));
  EXPECT_NE(vector_hash({head(1)}), vector_hash({head(2)}));
  EXPECT_NE(vector_hash({head(1)}), vector_hash({head(1), head(1)}));
  EXPECT_EQ(vector_hash({head(1)}), vector_hash({head(1)}));
}

}  // namespace
}  // namespace p2pchat
