#include "proto/live.h"

#include "proto/check.h"
#include "proto/crypto.h"
#include "proto/limits.h"

namespace p2pchat::live {

namespace {

constexpr std::size_t kCountBytes = 8;
constexpr std::size_t kHeaderBytes = Topic::kSize + kCountBytes;
constexpr std::size_t kSealBytes = 16;

}  // namespace

Bytes encode(const Topic& topic, Counter count, const RoomKey& key, ByteView message) {
  Bytes frame = to_bytes(topic.view());
  for (std::size_t at = 0; at < kCountBytes; ++at) {
    frame.push_back(static_cast<std::uint8_t>(count.value >> 8 * at & 0xffU));
  }
  const Bytes sealed = seal(key, count, topic, message);
  frame.insert(frame.end(), sealed.begin(), sealed.end());
  CHECK(frame.size() <= kFrameBytesMax);
  return frame;
}

Result<Frame> decode(ByteView frame) {
  if (frame.size() < kHeaderBytes + kSealBytes || frame.size() > kFrameBytesMax) {
    return fail(Fault::malformed, "the frame has no length of a live frame");
  }
  Frame decoded;
  decoded.topic = *Topic::from(frame.first(Topic::kSize));
  for (std::size_t at = kHeaderBytes; at > Topic::kSize; --at) {
    decoded.count.value = decoded.count.value << 8U | frame[at - 1];
  }
  decoded.sealed = frame.subspan(kHeaderBytes);
  return decoded;
}

}  // namespace p2pchat::live
