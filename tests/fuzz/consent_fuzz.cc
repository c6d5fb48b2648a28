// Consent: what decodes keeps its promises and has one encoding; what is signed or sealed decodes.
#include <algorithm>
#include <map>
#include <set>

#include "proto/check.h"
#include "proto/fork.h"
#include "proto/limits.h"
#include "proto/pack.h"
#include "proto/roster.h"
#include "proto/text.h"
#include "tests/fuzz/source.h"

namespace p2pchat {
namespace {

const PeerId& self() { return fuzz_identity().id(); }

// --- What decodes ---

// The bytes that were signed, packed again with their signature.
Bytes packed_again(ByteView raw) {
  Unpacker in(raw);
  in.array_of(2);
  const ByteView body = in.bytes(kConsentBytesMax);
  const auto signature = in.fixed<Signature>();
  CHECK(in.is_done());
  return Packer().array(2).bytes(body).fixed(signature).take();
}

void check_promises(const Genesis& genesis) {
  CHECK(is_plain_name(genesis.name) && genesis.size >= 2 && genesis.size <= kMembersMax);
  CHECK(Roster(genesis).holds({genesis.creator, genesis_change(genesis.room)}));
}
void check_promises(const Knock& knock) {
  CHECK(knock.note.size() <= kNoteBytesMax && is_utf8(knock.note));
  CHECK(knock.expires.milliseconds >= 0 && Card::decode(knock.card.raw));
}
void check_promises(const Vote& vote) {
  CHECK(vote.note.size() <= kNoteBytesMax && is_utf8(vote.note));
}
void check_promises(const Leave& leave) {
  CHECK(!leave.last || leave.last->feed.author == leave.seat.peer);
}
void check_promises(const Close& /*close*/) {}

// What we have signed ourselves is signed again to the same bytes. The signatures of others may
// differ from those that we would make.
template <class Object>
void check_signing(Object object, const PeerId& signer) {
  if (signer != self()) return;
  const Bytes raw = object.raw;
  object.sign(fuzz_identity());
  CHECK(object.raw == raw);
}

template <class Object, class Signer>
void check_signed(ByteView input, Signer signer) {
  const auto object = Object::decode(input);
  if (!object) return;
  CHECK(object->raw == to_bytes(input) && packed_again(input) == object->raw);
  check_promises(*object);
  check_signing(*object, signer(*object));
}

void check_eviction(ByteView input) {
  const auto eviction = Eviction::decode(input);
  if (!eviction) return;
  CHECK(eviction->encode() == to_bytes(input));
  CHECK(std::is_sorted(eviction->seats.begin(), eviction->seats.end()));
}

void check_value(ByteView input) {
  const auto value = Value::decode(input);
  if (!value) return;
  Value again = *value;
  std::reverse(again.knocks.begin(), again.knocks.end());
  std::reverse(again.evictions.begin(), again.evictions.end());
  std::reverse(again.leaves.begin(), again.leaves.end());
  std::reverse(again.heads.begin(), again.heads.end());
  again.seal();
  CHECK(again.raw == to_bytes(input) && again.id == value->id);
  CHECK(widens(again, *value));
}

void check_pledge(ByteView input) {
  const auto pledge = Pledge::decode(input);
  if (!pledge) return;
  CHECK(pledge->is_signed() && pledge->encode() == to_bytes(input));
}

void check_certificate(ByteView input) {
  const auto certificate = Certificate::decode(input);
  if (!certificate) return;
  CHECK(certificate->encode() == to_bytes(input));
  CHECK(certificate->entries.size() <= kMembersMax && certificate->round != Round{});
}

void check_decided(ByteView input) {
  const auto decided = Decided::decode(input);
  if (!decided) return;
  CHECK(decided->encode() == to_bytes(input) && decided->round != Round{});
}

void check_fork(ByteView input) {
  const auto fork = Fork::decode(input);
  if (!fork) return;
  CHECK(fork->raw == to_bytes(input) && input.size() <= kForkBytesMax);
  CHECK(fork->one.author == fork->other.author);
}

void check_decoding(ByteView input) {
  const auto seated = [](const auto& object) { return object.seat.peer; };
  check_signed<Genesis>(input, [](const Genesis& genesis) { return genesis.creator; });
  check_signed<Knock>(input, [](const Knock& knock) { return knock.card.id; });
  check_signed<Vote>(input, seated);
  check_signed<Leave>(input, seated);
  check_signed<Close>(input, seated);
  check_eviction(input);
  check_value(input);
  check_pledge(input);
  check_certificate(input);
  check_decided(input);
  check_fork(input);
}

// --- What is made ---

std::string note_of(Source& source) {
  std::string note = source.text();
  return is_utf8(note) ? note : "";
}

Head head_of(Source& source, const PeerId& author) {
  const auto incarnation = source.fixed<Incarnation>();
  const Number number{1 + (source.integer() >> 2U)};
  return {{author, incarnation}, number, source.fixed<Hash>()};
}

Knock knock_of(Source& source, const RoomId& room) {
  static const Card kCard = Card::make(fuzz_identity(), "fuzz", {}, false, {1});
  Knock knock{room, kCard, note_of(source), {}, {}, {}, {}};
  knock.expires = {static_cast<std::int64_t>(source.integer() >> 1U)};
  knock.after = source.integer() >> 1U;
  knock.sign(fuzz_identity());
  return knock;
}

Leave leave_of(Source& source, const RoomId& room) {
  Leave leave{room, {self(), source.fixed<ChangeId>()}, {}, {}};
  if (source.boolean()) leave.last = head_of(source, self());
  leave.sign(fuzz_identity());
  return leave;
}

Eviction eviction_of(Source& source, const RoomId& room) {
  std::map<PeerId, ChangeId> seats;
  for (auto left = 1 + source.integer(1) % 4; left > 0; --left) {
    const auto peer = source.fixed<PeerId>();
    seats[peer] = source.fixed<ChangeId>();
  }
  Eviction eviction{room, {}};
  for (const auto& [peer, admission] : seats) eviction.seats.push_back({peer, admission});
  return eviction;
}

// The value that `source` describes, within the limits; what stands twice is left out.
Value value_of(Source source) {
  Value value;
  value.room = source.fixed<RoomId>();
  value.height = source.integer() >> 1U;
  value.previous = source.fixed<ValueId>();
  std::set<ChangeId> knocks;
  std::set<std::vector<Seat>> evictions;
  std::set<FeedId> feeds;
  while (!source.is_empty()) {
    const auto kind = source.integer(1) % 4;
    if (kind == 0 && value.knocks.size() < kChangesMax) {
      Knock knock = knock_of(source, value.room);
      if (knocks.insert(knock.id).second) value.knocks.push_back(std::move(knock));
    } else if (kind == 1 && value.evictions.size() < kChangesMax) {
      Eviction eviction = eviction_of(source, value.room);
      if (evictions.insert(eviction.seats).second) value.evictions.push_back(std::move(eviction));
    } else if (kind == 2 && value.leaves.empty()) {
      value.leaves.push_back(leave_of(source, value.room));
    } else if (value.heads.size() < kMembersMax) {
      const Head head = head_of(source, source.fixed<PeerId>());
      if (feeds.insert(head.feed).second) value.heads.push_back(head);
    }
  }
  value.seal();
  return value;
}

void check_sealing(Source source) {
  const Value made = value_of(source);
  const auto value = Value::decode(made.raw);
  CHECK(value && value->raw == made.raw && value->id == made.id);
  CHECK(value->evictions == made.evictions && value->heads == made.heads);
}

void check_pledging(Source source) {
  Pledge pledge;
  pledge.room = source.fixed<RoomId>();
  pledge.seat = {self(), source.fixed<ChangeId>()};
  pledge.round = {1 + (source.integer() >> 2U)};
  pledge.value = source.fixed<ValueId>();
  pledge.stamp = {source.integer() >> 1U};
  pledge.sign(fuzz_identity());
  CHECK(Pledge::decode(pledge.encode()));

  Decided decided{pledge.room, pledge.seat, pledge.round, pledge.value, {}};
  decided.sign(fuzz_identity());
  CHECK(Decided::decode(decided.encode()));

  Batch batch;
  batch.room = pledge.room;
  batch.feed = {self(), source.fixed<Incarnation>()};
  batch.first = {2 + (source.integer(2))};
  batch.posts = {{pledge.stamp, PostKind::chat, {}, to_bytes("yes")}};
  batch.sign(fuzz_identity());
  Batch other = batch;
  other.posts = {{pledge.stamp, PostKind::chat, {}, to_bytes("no")}};
  other.sign(fuzz_identity());
  const auto fork = Fork::make(batch, other);
  CHECK(fork && Fork::decode(fork->raw) && !Fork::make(batch, batch));

  const Certificate made{
      pledge.room, pledge.value, pledge.round, {{pledge.stamp, pledge.signature}}};
  const auto certificate = Certificate::decode(made.encode());
  CHECK(certificate && certificate->pledge(0, pledge.seat).is_signed());
}

}  // namespace
}  // namespace p2pchat

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace p2pchat;
  check_decoding({data, size});
  check_sealing(Source({data, size}));
  check_pledging(Source({data, size}));
  return 0;
}
