#include "proto/live.h"

#include <gtest/gtest.h>

#include "proto/limits.h"
#include "tests/unit/proto/fixtures.h"

namespace p2pchat {
namespace {

using fixture::filled;

const auto kTopic = filled<Topic>(0x11);
const auto kKey = filled<RoomKey>(0x22);

TEST(Live, AFrameIsTopicCountAndWhatWasSealed) {
  const Bytes frame = live::encode(kTopic, {0x0102}, kKey, view("message"));

  EXPECT_EQ(fixture::hex(ByteView(frame).first(24)),
            "111111111111111111111111111111110201000000000000");
  EXPECT_EQ(to_bytes(ByteView(frame).subspan(24)), seal(kKey, {0x0102}, kTopic, view("message")));
}

TEST(Live, AFrameDecodesToWhatWasEncoded) {
  const Counter count{0xfedcba9876543210};
  const Bytes bytes = live::encode(kTopic, count, kKey, view("message"));

  const auto frame = live::decode(bytes);

  ASSERT_TRUE(frame);
  EXPECT_EQ(frame->topic, kTopic);
  EXPECT_EQ(frame->count, count);
  EXPECT_EQ(open(kKey, frame->count, frame->topic, frame->sealed), to_bytes("message"));
}

TEST(Live, AFrameTooShortForASealOrTooLongIsRefused) {
  EXPECT_EQ(fixture::fault_of(live::decode({})), Fault::malformed);
  EXPECT_EQ(fixture::fault_of(live::decode(Bytes(39))), Fault::malformed);
  EXPECT_TRUE(live::decode(Bytes(40)));
  EXPECT_TRUE(live::decode(Bytes(kFrameBytesMax)));
  EXPECT_EQ(fixture::fault_of(live::decode(Bytes(kFrameBytesMax + 1))), Fault::malformed);
}

}  // namespace
}  // namespace p2pchat
