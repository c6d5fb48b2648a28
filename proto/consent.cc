#include "proto/consent.h"

#include <algorithm>

#include "proto/check.h"
#include "proto/limits.h"
#include "proto/pack.h"
#include "proto/text.h"

namespace p2pchat {
namespace {

constexpr std::size_t kSignedBytesMax = 2 * 1024;

// --- Parts ---

void pack(Packer& out, const Seat& seat) { out.array(2).fixed(seat.peer).fixed(seat.admission); }

Seat unpack_seat(Unpacker& in) {
  in.array_of(2);
  Seat seat;
  seat.peer = in.fixed<PeerId>();
  seat.admission = in.fixed<ChangeId>();
  return seat;
}

std::string unpack_note(Unpacker& in) { return std::string(in.text(kNoteBytesMax)); }

Packer packed_begin(std::size_t fields, const RoomId& room) {
  Packer out;
  out.array(fields).integer(kSuite).fixed(room);
  return out;
}

RoomId unpack_begin(Unpacker& in, std::size_t fields) {
  in.array_of(fields);
  if (in.integer() != kSuite) in.spoil();
  return in.fixed<RoomId>();
}

// Strictly: nothing stands twice.
template <class List, class Key>
bool is_sorted_by(const List& list, Key key) {
  return std::adjacent_find(list.begin(), list.end(), [&](const auto& a, const auto& b) {
           return !(key(a) < key(b));
         }) == list.end();
}

template <class List, class Key>
void sort_by(List& list, Key key) {
  std::sort(list.begin(), list.end(),
            [&](const auto& a, const auto& b) { return key(a) < key(b); });
}

// --- What is signed: [body, signature] ---

Hash hash_of(std::string_view domain, ByteView body) { return Hasher(domain).add(body).finish(); }

Bytes signed_by(const Identity& signer, Purpose purpose, const RoomId& room, const Hash& what,
                const Bytes& body) {
  return Packer().array(2).bytes(body).fixed(signer.sign(purpose, room, what)).take();
}

struct Signed {
  ByteView body;
  Signature signature;
};

std::optional<Signed> unpack_signed(ByteView raw) {
  Unpacker in(raw);
  in.array_of(2);
  const ByteView body = in.bytes(kSignedBytesMax);
  const auto signature = in.fixed<Signature>();
  if (!in.is_done()) return std::nullopt;
  return Signed{body, signature};
}

tl::unexpected<Error> malformed(std::string_view what) {
  return fail(Fault::malformed, "the " + std::string(what) + " does not decode");
}

tl::unexpected<Error> forged(std::string_view what) {
  return fail(Fault::forged, "the " + std::string(what) + " is not signed by whom it names");
}

constexpr std::string_view kGenesis = "p2pchat genesis";
constexpr std::string_view kKnock = "p2pchat knock";
constexpr std::string_view kEviction = "p2pchat eviction";
constexpr std::string_view kVote = "p2pchat vote";
constexpr std::string_view kLeave = "p2pchat leave";
constexpr std::string_view kClose = "p2pchat close";
constexpr std::string_view kValue = "p2pchat value";
constexpr std::string_view kPledge = "p2pchat pledge";

template <class Id>
Id id_of(std::string_view domain, ByteView body) {
  return Hasher(domain).add(body).finish<Id>();
}

}  // namespace

// --- Genesis ---

void Genesis::sign(const Identity& identity) {
  CHECK(creator == identity.id());
  CHECK(is_plain_name(name) && size >= 2 && size <= kMembersMax);
  const Bytes body = Packer()
                         .array(6)
                         .integer(kSuite)
                         .fixed(creator)
                         .fixed(nonce)
                         .text(name)
                         .integer(size)
                         .integer(static_cast<std::uint64_t>(history))
                         .take();
  room = id_of<RoomId>(kGenesis, body);
  raw = signed_by(identity, Purpose::genesis, room, hash_of(kGenesis, body), body);
}

Result<Genesis> Genesis::decode(ByteView raw) {
  const auto parts = unpack_signed(raw);
  if (!parts) return malformed("genesis");
  Genesis genesis;
  Unpacker in(parts->body);
  in.array_of(6);
  if (in.integer() != kSuite) in.spoil();
  genesis.creator = in.fixed<PeerId>();
  genesis.nonce = in.fixed<Salt>();
  genesis.name = in.text(kNameBytesMax);
  genesis.size = in.integer(kMembersMax);
  genesis.history = static_cast<History>(in.integer(1));
  if (!in.is_done() || genesis.size < 2 || !is_plain_name(genesis.name)) {
    return malformed("genesis");
  }
  genesis.room = id_of<RoomId>(kGenesis, parts->body);
  if (!verify(genesis.creator, Purpose::genesis, genesis.room, hash_of(kGenesis, parts->body),
              parts->signature)) {
    return forged("genesis");
  }
  genesis.raw = to_bytes(raw);
  return genesis;
}

ValueId genesis_value(const RoomId& room) {
  return Hasher("p2pchat genesis value").add(room).finish<ValueId>();
}

ChangeId genesis_change(const RoomId& room) {
  return Hasher("p2pchat genesis change").add(room).finish<ChangeId>();
}

// --- Knock ---

void Knock::sign(const Identity& candidate) {
  CHECK(card.id == candidate.id());
  CHECK(note.size() <= kNoteBytesMax && expires.milliseconds >= 0);
  Packer out = packed_begin(5, room);
  out.bytes(card.raw).text(note).integer(static_cast<std::uint64_t>(expires.milliseconds));
  const Bytes body = out.take();
  id = id_of<ChangeId>(kKnock, body);
  raw = signed_by(candidate, Purpose::knock, room, hash_of(kKnock, body), body);
}

Result<Knock> Knock::decode(ByteView raw) {
  const auto parts = unpack_signed(raw);
  if (!parts) return malformed("knock");
  Knock knock;
  Unpacker in(parts->body);
  knock.room = unpack_begin(in, 5);
  const auto card = Card::decode(in.bytes(kCardBytesMax));
  knock.note = unpack_note(in);
  knock.expires = {static_cast<std::int64_t>(in.integer())};
  if (!in.is_done() || !card) return malformed("knock");
  knock.card = *card;
  if (!verify(card->id, Purpose::knock, knock.room, hash_of(kKnock, parts->body),
              parts->signature)) {
    return forged("knock");
  }
  knock.id = id_of<ChangeId>(kKnock, parts->body);
  knock.raw = to_bytes(raw);
  return knock;
}

// --- Eviction ---

namespace {

Bytes packed(const Eviction& eviction) {
  Packer out = packed_begin(3, eviction.room);
  out.array(eviction.seats.size());
  for (const Seat& seat : eviction.seats) pack(out, seat);
  return out.take();
}

Eviction unpack_eviction(Unpacker& in) {
  Eviction eviction;
  eviction.room = unpack_begin(in, 3);
  for (std::size_t left = in.array(kMembersMax); left > 0 && in.is_good(); --left) {
    eviction.seats.push_back(unpack_seat(in));
  }
  const bool is_sorted = is_sorted_by(eviction.seats, [](const Seat& seat) { return seat.peer; });
  if (eviction.seats.empty() || !is_sorted) in.spoil();
  return eviction;
}

}  // namespace

ChangeId Eviction::id() const { return id_of<ChangeId>(kEviction, packed(*this)); }

Bytes Eviction::encode() const { return packed(*this); }

Result<Eviction> Eviction::decode(ByteView raw) {
  Unpacker in(raw);
  Eviction eviction = unpack_eviction(in);
  if (!in.is_done()) return malformed("eviction");
  return eviction;
}

// --- Vote, Leave, Close ---

void Vote::sign(const Identity& member) {
  CHECK(seat.peer == member.id());
  CHECK(note.size() <= kNoteBytesMax);
  Packer out = packed_begin(6, room);
  pack(out, seat);
  const Bytes body = out.fixed(change).boolean(yes).text(note).take();
  raw = signed_by(member, Purpose::vote, room, hash_of(kVote, body), body);
}

Result<Vote> Vote::decode(ByteView raw) {
  const auto parts = unpack_signed(raw);
  if (!parts) return malformed("vote");
  Vote vote;
  Unpacker in(parts->body);
  vote.room = unpack_begin(in, 6);
  vote.seat = unpack_seat(in);
  vote.change = in.fixed<ChangeId>();
  vote.yes = in.boolean();
  vote.note = unpack_note(in);
  if (!in.is_done()) return malformed("vote");
  if (!verify(vote.seat.peer, Purpose::vote, vote.room, hash_of(kVote, parts->body),
              parts->signature)) {
    return forged("vote");
  }
  vote.raw = to_bytes(raw);
  return vote;
}

void Leave::sign(const Identity& member) {
  CHECK(seat.peer == member.id());
  Packer out = packed_begin(4, room);
  pack(out, seat);
  if (last) {
    pack(out, *last);
  } else {
    out.nil();
  }
  const Bytes body = out.take();
  raw = signed_by(member, Purpose::leave, room, hash_of(kLeave, body), body);
}

Result<Leave> Leave::decode(ByteView raw) {
  const auto parts = unpack_signed(raw);
  if (!parts) return malformed("leave");
  Leave leave;
  Unpacker in(parts->body);
  leave.room = unpack_begin(in, 4);
  leave.seat = unpack_seat(in);
  if (!in.skip_nil()) {
    leave.last = unpack_head(in);
    if (leave.last->feed.author != leave.seat.peer) in.spoil();
  }
  if (!in.is_done()) return malformed("leave");
  if (!verify(leave.seat.peer, Purpose::leave, leave.room, hash_of(kLeave, parts->body),
              parts->signature)) {
    return forged("leave");
  }
  leave.raw = to_bytes(raw);
  return leave;
}

void Close::sign(const Identity& creator) {
  CHECK(seat.peer == creator.id());
  Packer out = packed_begin(4, room);
  pack(out, seat);
  const Bytes body = out.fixed(value).take();
  raw = signed_by(creator, Purpose::close, room, hash_of(kClose, body), body);
}

Result<Close> Close::decode(ByteView raw) {
  const auto parts = unpack_signed(raw);
  if (!parts) return malformed("close");
  Close close;
  Unpacker in(parts->body);
  close.room = unpack_begin(in, 4);
  close.seat = unpack_seat(in);
  close.value = in.fixed<ValueId>();
  if (!in.is_done()) return malformed("close");
  if (!verify(close.seat.peer, Purpose::close, close.room, hash_of(kClose, parts->body),
              parts->signature)) {
    return forged("close");
  }
  close.raw = to_bytes(raw);
  return close;
}

// --- Value ---

void Value::seal() {
  CHECK(knocks.size() <= kChangesMax && evictions.size() <= kChangesMax);
  CHECK(leaves.size() <= kChangesMax);
  sort_by(knocks, [](const Knock& knock) { return knock.id; });
  sort_by(evictions, [](const Eviction& eviction) { return eviction.seats; });
  sort_by(leaves, [](const Leave& leave) { return leave.seat.peer; });
  sort_by(heads, [](const Head& head) { return head.feed; });
  Packer out = packed_begin(8, room);
  out.integer(height).fixed(previous).array(knocks.size());
  for (const Knock& knock : knocks) out.bytes(knock.raw);
  out.array(evictions.size());
  for (const Eviction& eviction : evictions) out.bytes(packed(eviction));
  out.array(leaves.size());
  for (const Leave& leave : leaves) out.bytes(leave.raw);
  out.array(heads.size());
  for (const Head& head : heads) pack(out, head);
  raw = out.take();
  CHECK(raw.size() <= kValueBytesMax);
  id = id_of<ValueId>(kValue, raw);
}

namespace {

template <class Object>
void unpack_signed_list(Unpacker& in, std::vector<Object>& list, const RoomId& room) {
  for (std::size_t left = in.array(kChangesMax); left > 0 && in.is_good(); --left) {
    auto object = Object::decode(in.bytes(kSignedBytesMax));
    if (!object || object->room != room) return in.spoil();
    list.push_back(std::move(*object));
  }
}

void unpack_evictions(Unpacker& in, Value& value) {
  for (std::size_t left = in.array(kChangesMax); left > 0 && in.is_good(); --left) {
    Unpacker inner(in.bytes(kValueBytesMax));
    value.evictions.push_back(unpack_eviction(inner));
    if (!inner.is_done() || value.evictions.back().room != value.room) in.spoil();
  }
}

}  // namespace

Result<Value> Value::decode(ByteView raw) {
  if (raw.size() > kValueBytesMax) return malformed("value");
  Value value;
  Unpacker in(raw);
  value.room = unpack_begin(in, 8);
  value.height = in.integer();
  value.previous = in.fixed<ValueId>();
  unpack_signed_list(in, value.knocks, value.room);
  unpack_evictions(in, value);
  unpack_signed_list(in, value.leaves, value.room);
  for (std::size_t left = in.array(kMembersMax); left > 0 && in.is_good(); --left) {
    value.heads.push_back(unpack_head(in));
  }
  const bool is_sorted =
      is_sorted_by(value.knocks, [](const Knock& knock) { return knock.id; }) &&
      is_sorted_by(value.evictions, [](const Eviction& eviction) { return eviction.seats; }) &&
      is_sorted_by(value.leaves, [](const Leave& leave) { return leave.seat.peer; }) &&
      is_sorted_by(value.heads, [](const Head& head) { return head.feed; });
  if (!in.is_done() || !is_sorted) return malformed("value");
  value.id = id_of<ValueId>(kValue, raw);
  value.raw = to_bytes(raw);
  return value;
}

// --- Pledge and Certificate ---

namespace {

Hash hash_of(const Pledge& pledge) {
  return Hasher(kPledge)
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
  if (!pledge.is_signed()) return forged("pledge");
  return pledge;
}

Bytes Certificate::encode() const {
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

}  // namespace p2pchat
