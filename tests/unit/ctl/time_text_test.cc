#include "ctl/time_text.h"

#include <cstdint>
#include <cstdlib>
#include <ctime>
#include <gtest/gtest.h>
#include <limits>

namespace p2pchat::ctl {
namespace {

constexpr std::int64_t kMoment = 1795183392123;  // 2026-11-20T14:03:12.123Z.

class TimeText : public testing::Test {
 protected:
  // Local time is an hour ahead of UTC in winter, two in summer.
  void SetUp() override { set_zone("CET-1CEST,M3.5.0,M10.5.0/3"); }
  void TearDown() override { set_zone("UTC0"); }

  static void set_zone(const char* zone) {
    setenv("TZ", zone, 1);
    tzset();
  }
};

TEST_F(TimeText, UtcIsRfc3339WithMilliseconds) {
  EXPECT_EQ(utc_text({kMoment}), "2026-11-20T14:03:12.123Z");
  EXPECT_EQ(utc_text({0}), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(utc_text({-1}), "1969-12-31T23:59:59.999Z");
}

TEST_F(TimeText, YearsKeepFourDigitsWhateverAPeerClaims) {
  EXPECT_EQ(utc_text({std::numeric_limits<std::int64_t>::max()}), "9999-12-31T23:59:59.999Z");
  EXPECT_EQ(utc_text({std::numeric_limits<std::int64_t>::min()}), "0000-01-01T00:00:00.000Z");
  EXPECT_EQ(local_text({std::numeric_limits<std::int64_t>::max()}).size(), 20U);
}

TEST_F(TimeText, LocalIsInTheZoneOfTheProcess) {
  EXPECT_EQ(local_text({kMoment}), "2026-11-20 15:03:12");
}

TEST_F(TimeText, WhatIsWrittenIsReadBack) {
  EXPECT_EQ(parse_time(utc_text({kMoment})), WallTime{kMoment});
  EXPECT_EQ(parse_time(local_text({kMoment})), WallTime{kMoment - 123});
}

TEST_F(TimeText, OffsetsAndFractionsAreRead) {
  EXPECT_EQ(parse_time("2026-11-20T16:33:12.123+02:30"), WallTime{kMoment});
  EXPECT_EQ(parse_time("2026-11-20T13:03:12.123456-01:00"), WallTime{kMoment});
  EXPECT_EQ(parse_time("2026-11-20t14:03:12.1z"), WallTime{kMoment - 23});
}

TEST_F(TimeText, DatesAndTimesWithoutZoneAreLocal) {
  EXPECT_EQ(parse_time("2026-11-20"), parse_time("2026-11-19T23:00:00Z"));
  EXPECT_EQ(parse_time("2026-07-20 12:30"), parse_time("2026-07-20T10:30:00Z"));
}

TEST_F(TimeText, NonsenseIsNoTime) {
  for (const char* text :
       {"", "2026", "2026-13-01", "2026-02-30", "2026-11-20T", "2026-11-20T25:00:00Z",
        "2026-11-20T14:61:00Z", "2026-11-20T14:03:12.Z", "2026-11-20T14:03:12Zx",
        "2026-11-20T14:03:12+99:00", "yesterday", "2026-11-20T14:03:12+01"}) {
    EXPECT_FALSE(parse_time(text)) << text;
  }
}

TEST_F(TimeText, DurationsHaveOneUnit) {
  EXPECT_EQ(parse_duration("500ms"), 500ms);
  EXPECT_EQ(parse_duration("10s"), 10s);
  EXPECT_EQ(parse_duration("5m"), 5min);
  EXPECT_EQ(parse_duration("2h"), 2h);
  EXPECT_EQ(parse_duration("2d"), 48h);
  EXPECT_EQ(parse_duration("0s"), 0s);
}

TEST_F(TimeText, NonsenseIsNoDuration) {
  for (const char* text : {"", "10", "s", "-1s", "1.5s", "1h30m", "10 s", "1w", "999999999999d",
                           "99999999999999999999s"}) {
    EXPECT_FALSE(parse_duration(text)) << text;
  }
}

TEST_F(TimeText, SinceIsATimeOrSoLongAgo) {
  EXPECT_EQ(parse_since("2d", {kMoment}), WallTime{kMoment - 48 * 3600 * 1000});
  EXPECT_EQ(parse_since("2026-11-20T14:03:12.123Z", {0}), WallTime{kMoment});
  EXPECT_FALSE(parse_since("tomorrow", {kMoment}));
}

}  // namespace
}  // namespace p2pchat::ctl
