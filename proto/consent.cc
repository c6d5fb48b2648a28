#include "proto/consent.h"

#include <algorithm>

#include "proto/check.h"
#include "proto/limits.h"
#include "proto/pack.h"
#include "proto/text.h"

namespace p2pchat {
namespace {

// --- Parts ---

std::string unpack_note(Unpacker& in) { return std::string(in.text(kNoteBytesMax)); }

bool is_note(std::string_view text) { return text.size() <= kNoteBytesMax && is_utf8(text); }

// --- What is signed: [body, signature] ---

struct Kind {
  Purpose purpose;
  std::string_view domain;

  std::string_view noun() const { return domain.substr(std::string_view("p2pchat ").size()); }
};
constexpr Kind kGenesis{Purpose::genesis, "p2pchat genesis"};
constexpr Kind kKnock{Purpose::knock, "p2pchat knock"};
constexpr Kind kVote{Purpose::vote, "p2pchat vote"};
constexpr Kind kLeave{Purpose::leave, "p2pchat leave"};
constexpr Kind kClose{Purpose::close, "p2pchat close"};

template <class Id = Hash>
Id hash_of(std::string_view domain, ByteView body) {
  return Hasher(domain).add(body).finish<Id>();
}

tl::unexpected<Error> malformed(std::string_view noun) {
  return fail(Fault::malformed, "the " + std::string(noun) + " does not decode");
}

tl::unexpected<Error> forged(std::string_view noun) {
  return fail(Fault::forged, "the " + std::string(noun) + " is not signed by whom it names");
}

Bytes pack_signed(const Kind& kind, const Identity& signer, const RoomId& room, const Bytes& body) {
  const Hash what = hash_of(kind.domain, body);
  return Packer().array(2).bytes(body).fixed(signer.sign(kind.purpose, room, what)).take();
}

// `read` fills an object from the fields of the body, and from the body's bytes what is derived of
// them; it answers who must have signed.
template <class Object, class Read>
Result<Object> unpack_signed(const Kind& kind, ByteView raw, Read read) {
  Unpacker in(raw);
  in.array_of(2);
  const ByteView body = in.bytes(kConsentBytesMax);
  const auto signature = in.fixed<Signature>();
  Unpacker fields(body);
  Object object;
  const Result<PeerId> signer = read(object, fields, body);
  if (!in.is_done() || !fields.is_done()) return malformed(kind.noun());
  if (!signer) return tl::unexpected(signer.error());
  if (!verify(*signer, kind.purpose, object.room, hash_of(kind.domain, body), signature)) {
    return forged(kind.noun());
  }
  object.raw = to_bytes(raw);
  return object;
}

}  // namespace

void pack(Packer& out, const Seat& seat) { out.array(2).fixed(seat.peer).fixed(seat.admission); }

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

Seat unpack_seat(Unpacker& in) {
  in.array_of(2);
  Seat seat;
  seat.peer = in.fixed<PeerId>();
  seat.admission = in.fixed<ChangeId>();
  return seat;
}

// --- Genesis ---

void Genesis::sign(const Identity& identity) {
  CHECK(creator == identity.id());
  CHECK(is_plain_name(name) && size >= 2 && size <= kMembersMax);
  Packer out;
  out.array(6).integer(kSuite).fixed(creator).fixed(nonce).text(name).integer(size);
  const Bytes body = out.integer(static_cast<std::uint64_t>(history)).take();
  room = hash_of<RoomId>(kGenesis.domain, body);
  raw = pack_signed(kGenesis, identity, room, body);
}

Result<Genesis> Genesis::decode(ByteView raw) {
  const auto read = [](Genesis& genesis, Unpacker& in, ByteView body) -> Result<PeerId> {
    in.array_of(6);
    if (in.integer() != kSuite) in.spoil();
    genesis.creator = in.fixed<PeerId>();
    genesis.nonce = in.fixed<Salt>();
    genesis.name = in.text(kNameBytesMax);
    genesis.size = in.integer(kMembersMax);
    genesis.history = static_cast<History>(in.integer(1));
    if (genesis.size < 2 || !is_plain_name(genesis.name)) in.spoil();
    genesis.room = hash_of<RoomId>(kGenesis.domain, body);
    if (!curve_key(genesis.creator)) return fail(Fault::forged, "the creator is no key for a link");
    return genesis.creator;
  };
  return unpack_signed<Genesis>(kGenesis, raw, read);
}

ValueId genesis_value(const RoomId& room) {
  return Hasher("p2pchat genesis value").add(room).finish<ValueId>();
}

ChangeId genesis_change(const RoomId& room) {
  return Hasher("p2pchat genesis change").add(room).finish<ChangeId>();
}

Incarnation incarnation_in(const ChangeId& admission, Incarnation random) {
  std::copy_n(admission.bytes.begin(), kSeatMarkBytes, random.bytes.begin());
  return random;
}

bool is_of_seat(const Incarnation& incarnation, const ChangeId& admission) {
  return incarnation == incarnation_in(admission, incarnation);
}
ReaderMark reader_mark(const ChangeId& admission) {
  ReaderMark mark;
  std::copy_n(admission.bytes.begin(), ReaderMark::kSize, mark.bytes.begin());
  return mark;
}

// --- Knock ---

void Knock::sign(const Identity& candidate) {
  CHECK(card.id == candidate.id());
  CHECK(is_note(note) && expires.milliseconds >= 0);
  Packer out = packed_begin(6, room);
  out.bytes(card.raw).text(note).integer(static_cast<std::uint64_t>(expires.milliseconds));
  const Bytes body = out.integer(after).take();
  id = hash_of<ChangeId>(kKnock.domain, body);
  raw = pack_signed(kKnock, candidate, room, body);
}

Result<Knock> Knock::decode(ByteView raw) {
  const auto read = [](Knock& knock, Unpacker& in, ByteView body) -> Result<PeerId> {
    knock.room = unpack_begin(in, 6);
    Result<Card> card = Card::decode(in.bytes(kCardBytesMax));
    knock.note = unpack_note(in);
    knock.expires = {static_cast<std::int64_t>(in.integer())};
    knock.after = in.integer();
    knock.id = hash_of<ChangeId>(kKnock.domain, body);
    if (!card) return tl::unexpected(card.error());
    knock.card = *std::move(card);
    return knock.card.id;
  };
  return unpack_signed<Knock>(kKnock, raw, read);
}

// --- Eviction ---

namespace {

bool is_in_order(const std::vector<Seat>& seats) {
  const auto is_not_below = [](const Seat& a, const Seat& b) { return a.peer >= b.peer; };
  return !seats.empty() &&
         std::adjacent_find(seats.begin(), seats.end(), is_not_below) == seats.end();
}

}  // namespace

Bytes Eviction::encode() const {
  CHECK(is_in_order(seats) && seats.size() <= kMembersMax);
  Packer out = packed_begin(3, room);
  out.array(seats.size());
  for (const Seat& seat : seats) pack(out, seat);
  return out.take();
}

Result<Eviction> Eviction::decode(ByteView raw) {
  Eviction eviction;
  Unpacker in(raw);
  eviction.room = unpack_begin(in, 3);
  for (std::size_t left = in.array(kMembersMax); left > 0 && in.is_good(); --left) {
    eviction.seats.push_back(unpack_seat(in));
  }
  if (!in.is_done() || !is_in_order(eviction.seats)) return malformed("eviction");
  return eviction;
}

ChangeId Eviction::id() const { return hash_of<ChangeId>("p2pchat eviction", encode()); }

// --- Vote, Leave, Close ---

void Vote::sign(const Identity& member) {
  CHECK(seat.peer == member.id());
  CHECK(is_note(note));
  Packer out = packed_begin(6, room);
  pack(out, seat);
  raw = pack_signed(kVote, member, room, out.fixed(change).boolean(yes).text(note).take());
}

Result<Vote> Vote::decode(ByteView raw) {
  const auto read = [](Vote& vote, Unpacker& in, ByteView) {
    vote.room = unpack_begin(in, 6);
    vote.seat = unpack_seat(in);
    vote.change = in.fixed<ChangeId>();
    vote.yes = in.boolean();
    vote.note = unpack_note(in);
    return vote.seat.peer;
  };
  return unpack_signed<Vote>(kVote, raw, read);
}

void Leave::sign(const Identity& member) {
  CHECK(seat.peer == member.id());
  CHECK(!last || last->feed.author == seat.peer);
  Packer out = packed_begin(4, room);
  pack(out, seat);
  if (last) {
    pack(out, *last);
  } else {
    out.nil();
  }
  raw = pack_signed(kLeave, member, room, out.take());
}

Result<Leave> Leave::decode(ByteView raw) {
  const auto read = [](Leave& leave, Unpacker& in, ByteView) {
    leave.room = unpack_begin(in, 4);
    leave.seat = unpack_seat(in);
    if (!in.skip_nil()) {
      leave.last = unpack_head(in);
      if (leave.last->feed.author != leave.seat.peer) in.spoil();
    }
    return leave.seat.peer;
  };
  return unpack_signed<Leave>(kLeave, raw, read);
}

void Close::sign(const Identity& creator) {
  CHECK(seat.peer == creator.id());
  Packer out = packed_begin(4, room);
  pack(out, seat);
  raw = pack_signed(kClose, creator, room, out.fixed(value).take());
}

Result<Close> Close::decode(ByteView raw) {
  const auto read = [](Close& close, Unpacker& in, ByteView) {
    close.room = unpack_begin(in, 4);
    close.seat = unpack_seat(in);
    close.value = in.fixed<ValueId>();
    return close.seat.peer;
  };
  return unpack_signed<Close>(kClose, raw, read);
}

}  // namespace p2pchat
