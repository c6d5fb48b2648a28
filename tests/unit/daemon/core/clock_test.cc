#include "daemon/core/clock.h"

#include <gtest/gtest.h>

namespace p2pchat {
namespace {

constexpr WallTime kNow{1'700'000'000'000};

TEST(Clock, StampsRiseEvenWhenTheWallStandsStill) {
  Clock clock(Stamp{});

  const Stamp first = clock.tick(kNow);
  const Stamp second = clock.tick(kNow);

  EXPECT_EQ(first.wall(), kNow);
  EXPECT_LT(first, second);
}

TEST(Clock, StampsRiseWhenTheWallJumpsBack) {
  Clock clock(Stamp{});

  const Stamp before = clock.tick(kNow);
  const Stamp after = clock.tick({kNow.milliseconds - 3'600'000});

  EXPECT_LT(before, after);
}

TEST(Clock, BeginsAboveWhatTheStoreRemembers) {
  const Stamp remembered = Stamp::at({kNow.milliseconds + 1000});
  Clock clock(remembered);

  EXPECT_GT(clock.tick(kNow), remembered);
}

TEST(Clock, FollowsAPeerThatIsALittleAhead) {
  Clock clock(Stamp{});
  const Stamp seen = Stamp::at({kNow.milliseconds + kClockAheadMax.count()});

  clock.observe(seen, kNow);

  EXPECT_GT(clock.tick(kNow), seen);
}

TEST(Clock, DoesNotFollowALiarIntoTheFuture) {
  Clock clock(Stamp{});

  clock.observe(Stamp::at({kNow.milliseconds + kClockAheadMax.count() + 1}), kNow);

  EXPECT_EQ(clock.tick(kNow), Stamp::at(kNow));
}

TEST(Clock, WhatIsStampedAfterAPromiseIsAboveIt) {
  Clock clock(Stamp{});

  const Stamp promised = clock.promise(kNow);

  EXPECT_EQ(clock.promised(), promised);
  EXPECT_GT(clock.tick(kNow), promised);
}

}  // namespace
}  // namespace p2pchat
