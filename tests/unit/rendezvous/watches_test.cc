#include "rendezvous/service/watches.h"

#include <gtest/gtest.h>

#include "proto/limits.h"
#include "tests/unit/samples.h"

namespace p2pchat::rendezvous {
namespace {

Held held(std::uint8_t route, const PeerId& peer, Duration due) {
  return {{{route}}, peer, {}, TimePoint{due}};
}

TEST(Watches, EndWhenTheirTimeIsOver) {
  Watches watches;
  EXPECT_EQ(watches.deadline(), TimePoint::never());
  watches.add(held(1, sample_peer(1), 10s));
  watches.add(held(2, sample_peer(2), 20s));

  EXPECT_EQ(watches.deadline(), TimePoint{10s});
  EXPECT_TRUE(watches.take_due(TimePoint{9s}).empty());
  const auto due = watches.take_due(TimePoint{10s});

  ASSERT_EQ(due.size(), 1U);
  EXPECT_EQ(due[0].peer, sample_peer(1));
  EXPECT_EQ(watches.size(), 1U);
}

TEST(Watches, OfOnePeerAreTwoAndTheOldestGoes) {
  Watches watches;
  EXPECT_FALSE(watches.add(held(1, sample_peer(1), 10s)));
  EXPECT_FALSE(watches.add(held(2, sample_peer(1), 11s)));
  EXPECT_FALSE(watches.add(held(3, sample_peer(2), 12s)));

  const auto gone = watches.add(held(4, sample_peer(1), 13s));

  ASSERT_TRUE(gone);
  EXPECT_EQ(gone->from, (Envelope{{1}}));
  EXPECT_EQ(watches.size(), 3U);
}

TEST(Watches, BeyondTheLimitAreAnsweredAtOnce) {
  Watches watches;
  PeerId peer;
  for (std::size_t i = 0; i < kWatchesMax; ++i) {
    peer.bytes[0] = static_cast<std::uint8_t>(i);
    peer.bytes[1] = static_cast<std::uint8_t>(i >> 8U);
    ASSERT_FALSE(watches.add(held(1, peer, 10s)));
  }

  const auto gone = watches.add(held(9, sample_peer(1), 10s));

  ASSERT_TRUE(gone);
  EXPECT_EQ(gone->from, (Envelope{{9}}));
}

TEST(Watches, ThatAreAnsweredAreForgotten) {
  Watches watches;
  watches.add(held(1, sample_peer(1), 10s));
  watches.add(held(2, sample_peer(2), 10s));

  watches.offer([](const Held& each) { return each.peer == sample_peer(1); });

  EXPECT_EQ(watches.size(), 1U);
}

}  // namespace
}  // namespace p2pchat::rendezvous
