#include "daemon/core/room/live_keys.h"

#include <gtest/gtest.h>

#include "tests/unit/daemon/core/turn_fixture.h"

namespace p2pchat {
namespace {

const RoomId kRoom = sample_room(7);
const Bytes kMessage = to_bytes("hello");

class LiveKeysTest : public testing::Test {
 protected:
  // Hands over all keys of the author, as on a new link.
  void hand_over(Duration when) {
    for (const auto& key : author_.handovers(turn_.at(when))) (void)reader_.learn(peer_, key);
  }
  std::optional<Bytes> pass(Duration when, const Bytes& frame) {
    return reader_.open(turn_.at(when), peer_, *live::decode(frame));
  }
  Bytes seal(Duration when) { return author_.seal(turn_.at(when), kMessage); }

  TurnFixture turn_;
  LiveKeys author_{kRoom};
  LiveKeys reader_{kRoom};
  PeerId peer_ = sample_peer(2);
};

TEST_F(LiveKeysTest, WhoWasHandedTheKeyOpensTheFrame) {
  hand_over(0s);

  EXPECT_EQ(pass(1s, seal(1s)), kMessage);
}

TEST_F(LiveKeysTest, WhoWasNotHandedTheKeyDoesNot) { EXPECT_FALSE(pass(1s, seal(1s))); }

TEST_F(LiveKeysTest, NoTwoFramesAreSealedAlike) {
  const Bytes first = seal(1s);
  const Bytes second = seal(1s);

  EXPECT_NE(first, second);
  EXPECT_NE(live::decode(first)->count, live::decode(second)->count);
}

TEST_F(LiveKeysTest, AKeyIsSucceededAfterItsLifetime) {
  const Bytes before = seal(0s);

  const auto renewal = author_.timer(turn_.at(kKeyLifetime - kKeyOverlap));
  const Bytes still = seal(kKeyLifetime - 1s);
  (void)author_.timer(turn_.at(kKeyLifetime));
  const Bytes after = seal(kKeyLifetime);

  ASSERT_TRUE(renewal.handover);
  EXPECT_EQ(live::decode(before)->topic, live::decode(still)->topic);
  EXPECT_EQ(live::decode(after)->topic, renewal.handover->topic);
}

TEST_F(LiveKeysTest, TheOldKeyOpensForAWhileAfterTheNewIsUsedAndThenNoMore) {
  hand_over(0s);
  const Bytes late = seal(0s);
  const auto renewal = author_.timer(turn_.at(kKeyLifetime - kKeyOverlap));
  ASSERT_TRUE(renewal.handover);
  (void)reader_.learn(peer_, *renewal.handover);

  EXPECT_TRUE(pass(kKeyLifetime, seal(kKeyLifetime)));
  EXPECT_TRUE(pass(kKeyLifetime + kKeyOverlap - 1s, late));
  const auto left =
      only<action::Unsubscribe>(reader_.timer(turn_.at(kKeyLifetime + kKeyOverlap)).actions);

  ASSERT_EQ(left.size(), 1U);
  EXPECT_FALSE(pass(kKeyLifetime + kKeyOverlap, late));
}

TEST_F(LiveKeysTest, ForeignKeysAreBounded) {
  std::size_t subscribed = 0;
  std::size_t left = 0;
  for (std::uint8_t i = 0; i < 20; ++i) {
    link::Handover key{kRoom, {}, {}};
    key.topic.bytes.fill(i);
    const Actions actions = reader_.learn(peer_, key);
    subscribed += only<action::Subscribe>(actions).size();
    left += only<action::Unsubscribe>(actions).size();
  }

  EXPECT_EQ(subscribed - left, LiveKeys::kForeignKeysMax);
}

}  // namespace
}  // namespace p2pchat
