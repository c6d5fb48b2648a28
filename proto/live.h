// Live frames: what goes out on PUB. A topic of 16 random bytes, an 8-byte
// count, and a link message sealed under the key that was handed over with the
// topic. Who does not hold the key learns a length and a topic.
// Pure; bounded by kFrameBytesMax.
#pragma once

#include "proto/ids.h"
#include "proto/result.h"

namespace p2pchat::live {

struct Frame {
  Topic topic;
  Counter count;
  ByteView sealed;
};

Bytes encode(const Topic& topic, Counter count, const RoomKey& key, ByteView message);
Result<Frame> decode(ByteView frame);  // The view points into `frame`.

}  // namespace p2pchat::live
