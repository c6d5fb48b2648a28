#include "daemon/core/room/progress.h"

#include <gtest/gtest.h>

#include "tests/unit/daemon/core/turn_fixture.h"

namespace p2pchat {
namespace {

TEST(Progress, IsAsFastAsPostsCome) {
  TurnFixture turn;
  Progress progress;

  for (int second = 0; second <= 10; ++second) {
    progress.add(turn.at(second * 1s).now.steady, 100);
  }

  EXPECT_EQ(progress.rate(turn.at(10s).now.steady), 110U);
  EXPECT_EQ(progress.rate(turn.at(10s + Progress::kPause).now.steady), 0U);
}

TEST(Progress, BeginsAnewAfterAPause) {
  TurnFixture turn;
  Progress progress;
  progress.add(turn.at(0s).now.steady, 1'000'000);

  progress.add(turn.at(60s).now.steady, 50);

  EXPECT_EQ(progress.rate(turn.at(60s).now.steady), 50U);
}

TEST(Progress, OfNothingIsNone) { EXPECT_EQ(Progress().rate(TurnFixture().at(0s).now.steady), 0U); }

}  // namespace
}  // namespace p2pchat
