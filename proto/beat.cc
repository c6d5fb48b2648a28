#include "proto/beat.h"

#include "proto/check.h"
#include "proto/limits.h"
#include "proto/pack.h"

namespace p2pchat {

namespace {

constexpr std::size_t kHearsBytesMax = kMembersMax / 8;
constexpr std::size_t kBodyBytes = 8 * 1024;
// Per head, and for all the rest, at most.
static_assert(kBeatHeadsMax * 96 + 256 <= kBodyBytes);

Hash hash_of(ByteView body) { return Hasher("p2pchat beat").add(body).finish(); }

Bytes packed_body(const Beat& beat) {
  Packer packer;
  packer.array(14).integer(kSuite).fixed(beat.room).fixed(beat.author);
  packer.integer(beat.counter.value).fixed(beat.incarnation).integer(beat.stamp.value);
  if (beat.own) {
    pack(packer, *beat.own);
  } else {
    packer.nil();
  }
  packer.fixed(beat.vector);
  if (beat.common) {
    packer.fixed(*beat.common);
  } else {
    packer.nil();
  }
  packer.array(beat.heads.size());
  for (const Head& head : beat.heads) pack(packer, head);
  packer.bytes(beat.hears).integer(beat.kept.value);
  if (beat.awaits) {
    packer.array(2).integer(beat.awaits->first.value).integer(beat.awaits->last.value);
  } else {
    packer.nil();
  }
  return packer.integer(beat.height).take();
}

void read_body(ByteView body, Unpacker& in, Beat& beat) {
  Unpacker fields(body);
  fields.array_of(14);
  if (fields.integer() != kSuite) fields.spoil();
  beat.room = fields.fixed<RoomId>();
  beat.author = fields.fixed<PeerId>();
  beat.counter = {fields.integer()};
  beat.incarnation = fields.fixed<Incarnation>();
  beat.stamp = {fields.integer()};
  if (!fields.skip_nil()) {
    beat.own = unpack_head(fields);
    if (beat.own->feed.author != beat.author) fields.spoil();
  }
  beat.vector = fields.fixed<Hash>();
  if (!fields.skip_nil()) beat.common = fields.fixed<Hash>();
  for (std::size_t left = fields.array(kBeatHeadsMax); left > 0 && fields.is_good(); --left) {
    beat.heads.push_back(unpack_head(fields));
  }
  beat.hears = to_bytes(fields.bytes(kHearsBytesMax));
  beat.kept = {fields.integer()};
  if (!fields.skip_nil()) {
    fields.array_of(2);
    const Stamp first{fields.integer()};
    beat.awaits = StampRange{first, {fields.integer()}};
    if (beat.awaits->last < first) fields.spoil();
  }
  beat.height = fields.integer();
  if (!fields.is_done()) in.spoil();
}

}  // namespace

void pack(Packer& packer, const Head& head) {
  packer.array(4).fixed(head.feed.author).fixed(head.feed.incarnation);
  packer.integer(head.number.value).fixed(head.hash);
}

Head unpack_head(Unpacker& in) {
  in.array_of(4);
  Head head;
  head.feed.author = in.fixed<PeerId>();
  head.feed.incarnation = in.fixed<Incarnation>();
  head.number = {in.integer()};
  head.hash = in.fixed<Hash>();
  if (head.number.value == 0) in.spoil();
  return head;
}

void Beat::sign(const Identity& identity) {
  CHECK(author == identity.id());
  CHECK(!own || own->feed.author == author);
  CHECK(heads.size() <= kBeatHeadsMax && hears.size() <= kHearsBytesMax);
  const Bytes body = packed_body(*this);
  const Signature signature = identity.sign(Purpose::beat, room, hash_of(body));
  raw = Packer().array(2).bytes(body).fixed(signature).take();
}

Result<Beat> Beat::decode(ByteView raw) {
  Beat beat;
  Unpacker in(raw);
  in.array_of(2);
  const ByteView body = in.bytes(kBodyBytes);
  const auto signature = in.fixed<Signature>();
  read_body(body, in, beat);
  if (!in.is_done()) return fail(Fault::malformed, "the beat does not decode");
  if (!verify(beat.author, Purpose::beat, beat.room, hash_of(body), signature)) {
    return fail(Fault::forged, "the beat is not signed by its author");
  }
  beat.raw = to_bytes(raw);
  return beat;
}

Hash vector_hash(const std::vector<Head>& heads) {
  Hasher hasher("p2pchat heads");
  hasher.add(static_cast<std::uint64_t>(heads.size()));
  for (const Head& head : heads) {
    hasher.add(head.feed.author).add(head.feed.incarnation).add(head.number.value).add(head.hash);
  }
  return hasher.finish();
}

}  // namespace p2pchat
