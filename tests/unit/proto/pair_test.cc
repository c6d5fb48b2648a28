#include "proto/pair.h"

#include <gtest/gtest.h>

#include "tests/unit/proto/fixtures.h"

namespace p2pchat {
namespace {

using fixture::kAnna;
using fixture::kBob;

const Identity kCarl = fixture::identity(3);

TEST(Pair, BothSidesComputeTheSameRoomAndValue) {
  EXPECT_EQ(pair_room(kAnna.id(), kBob.id()), pair_room(kBob.id(), kAnna.id()));
  EXPECT_EQ(pair_value(kAnna.id(), kBob.id()), pair_value(kBob.id(), kAnna.id()));
}

TEST(Pair, OtherPairsHaveOtherRooms) {
  EXPECT_NE(pair_room(kAnna.id(), kBob.id()), pair_room(kAnna.id(), kCarl.id()));
  EXPECT_NE(pair_value(kAnna.id(), kBob.id()), pair_value(kAnna.id(), kCarl.id()));
}

TEST(Pair, AFoundingHoldsForItsSignerAndThisPairOnly) {
  const Signature founding = sign_founding(kAnna, kBob.id());

  EXPECT_TRUE(verify_founding(kAnna.id(), kBob.id(), founding));
  EXPECT_FALSE(verify_founding(kBob.id(), kAnna.id(), founding));
  EXPECT_FALSE(verify_founding(kAnna.id(), kCarl.id(), founding));
}

}  // namespace
}  // namespace p2pchat
