#include "daemon/shell/door_guard.h"

#include <gtest/gtest.h>

namespace p2pchat {
namespace {

TimePoint at(Duration since) { return {since}; }

// Comes and goes at once; true if let in.
bool passes(DoorGuard& guard, TimePoint now, const std::string& host) {
  const bool is_in = guard.comes(now, host);
  if (is_in) guard.goes(host);
  return is_in;
}

TEST(DoorGuard, TurnsAwayWhoComesTooOftenInAMinute) {
  DoorGuard guard;
  for (std::size_t i = 0; i < kDoorPerMinuteMax; ++i) {
    ASSERT_TRUE(passes(guard, at(Duration(i)), "192.0.2.1"));
  }

  EXPECT_FALSE(passes(guard, at(30s), "192.0.2.1"));
  EXPECT_TRUE(passes(guard, at(30s), "192.0.2.2"));
}

TEST(DoorGuard, LetsInAgainAMinuteAfterTheFirstOfThem) {
  DoorGuard guard;
  for (std::size_t i = 0; i < kDoorPerMinuteMax; ++i) {
    ASSERT_TRUE(passes(guard, at(Duration(1000 * i)), "192.0.2.1"));
  }

  EXPECT_FALSE(passes(guard, at(60s - 1ms), "192.0.2.1"));
  EXPECT_TRUE(passes(guard, at(60s), "192.0.2.1"));
  EXPECT_FALSE(passes(guard, at(60s), "192.0.2.1"));
}

TEST(DoorGuard, DoesNotCountWhomItTurnsAway) {
  DoorGuard guard;
  for (std::size_t i = 0; i < kDoorPerMinuteMax; ++i) {
    ASSERT_TRUE(passes(guard, at(0s), "192.0.2.1"));
  }
  for (int i = 0; i < 1000; ++i) ASSERT_FALSE(passes(guard, at(30s), "192.0.2.1"));

  EXPECT_TRUE(passes(guard, at(60s), "192.0.2.1"));
}

TEST(DoorGuard, HoldsOneAddressToItsShareOfOpenConnections) {
  DoorGuard guard;
  for (std::size_t i = 0; i < kDoorOpenPerAddressMax; ++i) {
    ASSERT_TRUE(guard.comes(at(0s), "192.0.2.1"));
  }

  EXPECT_FALSE(guard.comes(at(0s), "192.0.2.1"));
  EXPECT_TRUE(guard.comes(at(0s), "192.0.2.2"));

  guard.goes("192.0.2.1");
  EXPECT_TRUE(guard.comes(at(0s), "192.0.2.1"));
}

TEST(DoorGuard, BearsSoManyOpenConnectionsInAll) {
  DoorGuard guard;
  for (std::size_t i = 0; i < kDoorOpenMax; ++i) {
    ASSERT_TRUE(guard.comes(at(0s), "192.0.2." + std::to_string(i)));
  }

  EXPECT_FALSE(guard.comes(at(0s), "198.51.100.1"));
  EXPECT_FALSE(guard.comes(at(0s), "127.0.0.1"));
}

TEST(DoorGuard, TakesAnIpv6NetworkForOneAddress) {
  DoorGuard guard;
  for (std::size_t i = 0; i < kDoorPerMinuteMax; ++i) {
    ASSERT_TRUE(passes(guard, at(0s), "2001:db8:0:1::" + std::to_string(i)));
  }

  EXPECT_FALSE(passes(guard, at(0s), "2001:db8:0:1:ffff::1"));
  EXPECT_TRUE(passes(guard, at(0s), "2001:db8:0:2::1"));
}

TEST(DoorGuard, LetsInFarMoreFromThisHost) {
  DoorGuard guard;
  for (std::size_t i = 0; i < kDoorLocalPerMinuteMax; ++i) {
    ASSERT_TRUE(passes(guard, at(0s), i % 2 == 0 ? "127.0.0.1" : "::1"));
  }

  EXPECT_FALSE(passes(guard, at(0s), "127.0.0.1"));
}

TEST(DoorGuard, RemembersABoundedNumberOfAddresses) {
  DoorGuard guard;
  for (std::size_t i = 0; i < kDoorPerMinuteMax; ++i) {
    ASSERT_TRUE(passes(guard, at(0s), "192.0.2.1"));
  }
  const auto let_in = [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) {
      const std::string host = "10.0." + std::to_string(i / 256) + "." + std::to_string(i % 256);
      ASSERT_TRUE(passes(guard, at(1s), host));
    }
  };

  let_in(0, kDoorAddressesMax - 1);
  EXPECT_FALSE(guard.comes(at(2s), "192.0.2.1"));
  let_in(kDoorAddressesMax - 1, kDoorAddressesMax);
  EXPECT_TRUE(guard.comes(at(2s), "192.0.2.1"));
}

TEST(DoorGuard, ForgetsNobodyWhoIsStillHere) {
  DoorGuard guard;
  for (std::size_t i = 0; i < kDoorOpenPerAddressMax; ++i) {
    ASSERT_TRUE(guard.comes(at(0s), "192.0.2.1"));
  }
  for (std::size_t i = 0; i < 3 * kDoorAddressesMax; ++i) {
    const std::string host = "10.0." + std::to_string(i / 256) + "." + std::to_string(i % 256);
    ASSERT_TRUE(passes(guard, at(Duration(i)), host));
  }

  EXPECT_FALSE(guard.comes(at(10s), "192.0.2.1"));
}

}  // namespace
}  // namespace p2pchat
