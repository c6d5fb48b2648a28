#include "proto/value.h"

#include <algorithm>

#include "proto/check.h"
#include "proto/limits.h"
#include "proto/pack.h"

namespace p2pchat {
namespace {

tl::unexpected<Error> malformed(std::string_view noun) {
  return fail(Fault::malformed, "the " + std::string(noun) + " does not decode");
}

// --- Value ---

// What each list is sorted by.
const ChangeId& key(const Knock& knock) { return knock.id; }
const std::vector<Seat>& key(const Eviction& eviction) { return eviction.seats; }
const PeerId& key(const Leave& leave) { return leave.seat.peer; }
const FeedId& key(const Head& head) { return head.feed; }

template <class List>
void sort(List& list) {
  std::sort(list.begin(), list.end(), [](const auto& a, const auto& b) { return key(a) < key(b); });
}

// Strictly: nothing stands twice.
template <class List>
bool is_sorted(const List& list) {
  const auto is_not_below = [](const auto& a, const auto& b) { return key(a) >= key(b); };
  return std::adjacent_find(list.begin(), list.end(), is_not_below) == list.end();
}

template <class List>
bool is_of_room(const List& list, const RoomId& room) {
  return std::all_of(list.begin(), list.end(), [&](const auto& each) { return each.room == room; });
}

bool is_in_order(const Value& value) {
  return is_sorted(value.knocks) && is_of_room(value.knocks, value.room) &&
         is_sorted(value.evictions) && is_of_room(value.evictions, value.room) &&
         is_sorted(value.leaves) && is_of_room(value.leaves, value.room) && is_sorted(value.heads);
}

template <class Change>
void unpack_changes(Unpacker& in, std::vector<Change>& list) {
  for (std::size_t left = in.array(kChangesMax); left > 0 && in.is_good(); --left) {
    auto change = Change::decode(in.bytes(kValueBytesMax));
    if (!change) return in.spoil();
    list.push_back(*std::move(change));
  }
}

}  // namespace

void Value::seal() {
  CHECK(knocks.size() <= kChangesMax && evictions.size() <= kChangesMax);
  CHECK(leaves.size() <= kChangesMax && heads.size() <= kMembersMax);
  sort(knocks);
  sort(evictions);
  sort(leaves);
  sort(heads);
  CHECK(is_in_order(*this));
  Packer out = packed_begin(8, room);
  out.integer(height).fixed(previous).array(knocks.size());
  for (const Knock& knock : knocks) out.bytes(knock.raw);
  out.array(evictions.size());
  for (const Eviction& eviction : evictions) out.bytes(eviction.encode());
  out.array(leaves.size());
  for (const Leave& leave : leaves) out.bytes(leave.raw);
  out.array(heads.size());
  for (const Head& head : heads) pack(out, head);
  raw = out.take();
  CHECK(raw.size() <= kValueBytesMax);
  id = Hasher("p2pchat value").add(raw).finish<ValueId>();
}

Result<Value> Value::decode(ByteView raw) {
  if (raw.size() > kValueBytesMax) return malformed("value");
  Value value;
  Unpacker in(raw);
  value.room = unpack_begin(in, 8);
  value.height = in.integer();
  value.previous = in.fixed<ValueId>();
  unpack_changes(in, value.knocks);
  unpack_changes(in, value.evictions);
  unpack_changes(in, value.leaves);
  for (std::size_t left = in.array(kMembersMax); left > 0 && in.is_good(); --left) {
    value.heads.push_back(unpack_head(in));
  }
  if (!in.is_done() || !is_in_order(value)) return malformed("value");
  value.id = Hasher("p2pchat value").add(raw).finish<ValueId>();
  value.raw = to_bytes(raw);
  return value;
}

// --- Pledge and Certificate ---

namespace {

Hash hash_of(const Pledge& pledge) {
  return Hasher("p2pchat pledge")
      .add(pledge.seat.peer)
      .add(pledge.seat.admission)
      .add(pledge.round.value)
      .add(pledge.value)
      .add(pledge.stamp.value)
      .finish();
}

}  // namespace

void Pledge::sign(const Identity& member) {
  CHECK(seat.peer == member.id());
  CHECK(round != Round{});
  signature = member.sign(Purpose::pledge, room, hash_of(*this));
}

bool Pledge::is_signed() const {
  return verify(seat.peer, Purpose::pledge, room, hash_of(*this), signature);
}

Bytes Pledge::encode() const {
  Packer out = packed_begin(7, room);
  pack(out, seat);
  return out.integer(round.value).fixed(value).integer(stamp.value).fixed(signature).take();
}

Result<Pledge> Pledge::decode(ByteView raw) {
  Pledge pledge;
  Unpacker in(raw);
  pledge.room = unpack_begin(in, 7);
  pledge.seat = unpack_seat(in);
  pledge.round = {in.integer()};
  pledge.value = in.fixed<ValueId>();
  pledge.stamp = {in.integer()};
  pledge.signature = in.fixed<Signature>();
  if (!in.is_done() || pledge.round == Round{}) return malformed("pledge");
  if (!pledge.is_signed()) return fail(Fault::forged, "the pledge is not signed by whom it names");
  return pledge;
}

Bytes Certificate::encode() const {
  CHECK(entries.size() <= kMembersMax);
  Packer out = packed_begin(5, room);
  out.fixed(value).integer(round.value).array(entries.size());
  for (const Entry& entry : entries) out.array(2).integer(entry.stamp.value).fixed(entry.signature);
  return out.take();
}

Result<Certificate> Certificate::decode(ByteView raw) {
  Certificate certificate;
  Unpacker in(raw);
  certificate.room = unpack_begin(in, 5);
  certificate.value = in.fixed<ValueId>();
  certificate.round = {in.integer()};
  for (std::size_t left = in.array(kMembersMax); left > 0 && in.is_good(); --left) {
    in.array_of(2);
    Certificate::Entry entry;
    entry.stamp = {in.integer()};
    entry.signature = in.fixed<Signature>();
    certificate.entries.push_back(entry);
  }
  if (!in.is_done() || certificate.round == Round{}) return malformed("certificate");
  return certificate;
}

Pledge Certificate::pledge(std::size_t place, const Seat& seat) const {
  const Entry& entry = entries.at(place);
  return {room, seat, round, value, entry.stamp, entry.signature};
}

// --- Decided ---

namespace {

Hash hash_of(const Decided& decided) {
  return Hasher("p2pchat decided")
      .add(decided.seat.peer)
      .add(decided.seat.admission)
      .add(decided.round.value)
      .add(decided.value)
      .finish();
}

}  // namespace

void Decided::sign(const Identity& member) {
  CHECK(seat.peer == member.id());
  CHECK(round != Round{});
  signature = member.sign(Purpose::decided, room, hash_of(*this));
}

Bytes Decided::encode() const {
  Packer out = packed_begin(6, room);
  pack(out, seat);
  return out.integer(round.value).fixed(value).fixed(signature).take();
}

Result<Decided> Decided::decode(ByteView raw) {
  Decided decided;
  Unpacker in(raw);
  decided.room = unpack_begin(in, 6);
  decided.seat = unpack_seat(in);
  decided.round = {in.integer()};
  decided.value = in.fixed<ValueId>();
  decided.signature = in.fixed<Signature>();
  if (!in.is_done() || decided.round == Round{}) return malformed("decided");
  if (!verify(decided.seat.peer, Purpose::decided, decided.room, hash_of(decided),
              decided.signature)) {
    return fail(Fault::forged, "the decided is not signed by whom it names");
  }
  return decided;
}

}  // namespace p2pchat
