// Live: a frame decodes to parts of itself, opens only if it was sealed, and carries what was
// sealed.
#include "proto/check.h"
#include "proto/limits.h"
#include "proto/live.h"
#include "tests/fuzz/source.h"

namespace p2pchat {
namespace {

void check_decoding(ByteView input) {
  const auto frame = live::decode(input);
  if (!frame) return;
  CHECK(input.size() <= kFrameBytesMax);
  CHECK(frame->sealed.data() == input.data() + 24 && frame->sealed.size() == input.size() - 24);
  const auto message = open(RoomKey{}, frame->count, frame->topic, frame->sealed);
  if (!message) return;
  CHECK(live::encode(frame->topic, frame->count, RoomKey{}, *message) == to_bytes(input));
}

void check_sealing(Source source) {
  const auto topic = source.fixed<Topic>();
  const auto key = source.fixed<RoomKey>();
  const Counter count{source.integer()};
  const ByteView message = source.bytes(kBatchBytesMax);

  const Bytes bytes = live::encode(topic, count, key, message);
  const auto frame = live::decode(bytes);

  CHECK(frame && frame->topic == topic && frame->count == count);
  CHECK(open(key, frame->count, frame->topic, frame->sealed) == to_bytes(message));
  CHECK(!open(key, frame->count.next(), frame->topic, frame->sealed));
}

}  // namespace
}  // namespace p2pchat

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace p2pchat;
  check_decoding({data, size});
  check_sealing(Source({data, size}));
  return 0;
}
