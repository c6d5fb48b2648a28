// Beat: what decodes keeps the promises of a beat; what is signed decodes.
#include "proto/beat.h"
#include "proto/check.h"
#include "proto/limits.h"
#include "tests/fuzz/source.h"

namespace p2pchat {
namespace {

Head head_of(Source& source, const PeerId& author) {
  const auto incarnation = source.fixed<Incarnation>();
  const Number number{1 + (source.integer() >> 2U)};
  return {{author, incarnation}, number, source.fixed<Hash>()};
}

// The beat that `source` describes, within the limits.
Beat beat_of(Source source) {
  Beat beat;
  beat.author = fuzz_identity().id();
  beat.room = source.fixed<RoomId>();
  beat.counter = {source.integer() >> 1U};
  beat.incarnation = source.fixed<Incarnation>();
  beat.stamp = {source.integer() >> 1U};
  beat.kept = {source.integer() >> 1U};
  if (source.boolean()) {
    const Stamp first{source.integer() >> 2U};
    beat.awaits = StampRange{first, {first.value + (source.integer() >> 2U)}};
  }
  beat.height = source.integer() >> 1U;
  if (source.boolean()) beat.own = head_of(source, beat.author);
  beat.hears = to_bytes(source.bytes(static_cast<std::size_t>(source.integer(1) % 33)));
  while (!source.is_empty() && beat.heads.size() < kBeatHeadsMax) {
    const auto author = source.fixed<PeerId>();
    beat.heads.push_back(head_of(source, author));
  }
  beat.vector = vector_hash(beat.heads);
  return beat;
}

}  // namespace
}  // namespace p2pchat

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace p2pchat;
  const ByteView input(data, size);
  if (const auto beat = Beat::decode(input)) {
    CHECK(beat->raw == to_bytes(input));
    CHECK(beat->heads.size() <= kBeatHeadsMax && beat->hears.size() * 8 <= kMembersMax);
    CHECK(!beat->own || beat->own->feed.author == beat->author);
  }

  Beat made = beat_of(Source(input));
  made.sign(fuzz_identity());
  const auto beat = Beat::decode(made.raw);
  CHECK(beat && beat->raw == made.raw && beat->own == made.own && beat->heads == made.heads);
  CHECK(beat->hears == made.hears && beat->stamp == made.stamp && beat->vector == made.vector);
  return 0;
}
