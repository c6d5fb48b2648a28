#include "rendezvous/registry/record.h"

#include "proto/limits.h"
#include "proto/overload.h"
#include "proto/pack.h"

namespace p2pchat::rendezvous {
namespace {

// What a key begins with. In files: never changed.
enum class Tag : std::uint8_t {
  mark = 1,
  entry = 2,
  stand = 3,
  listing = 4,
  knocker = 5,
  touch = 6
};

Packer begin(Tag tag, std::size_t fields) {
  Packer out;
  out.array(1 + fields).integer(static_cast<std::uint64_t>(tag));
  return out;
}

std::uint64_t packed_time(WallTime time) {
  return time.milliseconds < 0 ? 0 : static_cast<std::uint64_t>(time.milliseconds);
}

WallTime unpack_time(Unpacker& in) { return {static_cast<std::int64_t>(in.integer())}; }

Mark read_mark(Unpacker& in) {
  in.array_of(2);
  Mark mark;
  mark.era = in.integer();
  mark.position = {in.integer()};
  return mark;
}

Entry read_entry(Unpacker& key, Unpacker& in) {
  Entry entry;
  entry.room = key.fixed<RoomId>();
  entry.kind = static_cast<Kind>(key.integer(static_cast<std::uint64_t>(Kind::certificate)));
  entry.id = key.fixed<Hash>();
  in.array_of(6);
  entry.position = {in.integer()};
  entry.by = in.fixed<PeerId>();
  entry.about = in.fixed<Hash>();
  entry.rank = in.integer();
  entry.received = unpack_time(in);
  entry.raw = to_bytes(in.bytes(kValueBytesMax));
  return entry;
}

Stand read_stand(Unpacker& key, Unpacker& in) {
  Stand stand;
  stand.standing.room = key.fixed<RoomId>();
  stand.peer = key.fixed<PeerId>();
  in.array_of(4);
  stand.position = {in.integer()};
  stand.since = unpack_time(in);
  stand.height = in.integer();
  const auto standing = Standing::decode(in.bytes(kStandingBytesMax));
  if (!standing || standing->room != stand.standing.room) in.spoil();
  if (standing) stand.standing = *standing;
  return stand;
}

Listing read_listing(Unpacker& key, Unpacker& in) {
  Listing listing;
  const auto peer = key.fixed<PeerId>();
  in.array_of(4);
  listing.position = {in.integer()};
  listing.expires = unpack_time(in);
  listing.listed = in.boolean();
  const auto card = Card::decode(in.bytes(kCardBytesMax));
  if (!card || card->id != peer) in.spoil();
  if (card) listing.card = *card;
  return listing;
}

Record read_record(Tag tag, Unpacker& key, Unpacker& in) {
  switch (tag) {
    case Tag::mark: return read_mark(in);
    case Tag::entry: return read_entry(key, in);
    case Tag::stand: return read_stand(key, in);
    case Tag::listing: return read_listing(key, in);
    case Tag::knocker: {
      const auto peer = key.fixed<PeerId>();
      return Knocker{peer, unpack_time(in)};
    }
    case Tag::touch: {
      const auto room = key.fixed<RoomId>();
      return Touch{room, unpack_time(in)};
    }
  }
  key.spoil();
  return Mark{};
}

struct KeyWriter {
  Bytes operator()(const Mark& /*mark*/) const { return begin(Tag::mark, 0).take(); }
  Bytes operator()(const Entry& entry) const {
    Packer out = begin(Tag::entry, 3);
    out.fixed(entry.room).integer(static_cast<std::uint64_t>(entry.kind));
    return out.fixed(entry.id).take();
  }
  Bytes operator()(const Stand& stand) const {
    return begin(Tag::stand, 2).fixed(stand.standing.room).fixed(stand.peer).take();
  }
  Bytes operator()(const Listing& listing) const {
    return begin(Tag::listing, 1).fixed(listing.card.id).take();
  }
  Bytes operator()(const Knocker& knocker) const {
    return begin(Tag::knocker, 1).fixed(knocker.peer).take();
  }
  Bytes operator()(const Touch& touch) const {
    return begin(Tag::touch, 1).fixed(touch.room).take();
  }
};

struct ValueWriter {
  Bytes operator()(const Mark& mark) const {
    return Packer().array(2).integer(mark.era).integer(mark.position.value).take();
  }
  Bytes operator()(const Entry& entry) const {
    Packer out;
    out.array(6).integer(entry.position.value).fixed(entry.by).fixed(entry.about);
    return out.integer(entry.rank).integer(packed_time(entry.received)).bytes(entry.raw).take();
  }
  Bytes operator()(const Stand& stand) const {
    Packer out;
    out.array(4).integer(stand.position.value).integer(packed_time(stand.since));
    return out.integer(stand.height).bytes(stand.standing.encode()).take();
  }
  Bytes operator()(const Listing& listing) const {
    Packer out;
    out.array(4).integer(listing.position.value).integer(packed_time(listing.expires));
    return out.boolean(listing.listed).bytes(listing.card.raw).take();
  }
  Bytes operator()(const Knocker& knocker) const {
    return Packer().integer(packed_time(knocker.last)).take();
  }
  Bytes operator()(const Touch& touch) const {
    return Packer().integer(packed_time(touch.last)).take();
  }
};

}  // namespace

Bytes key_of(const Record& record) { return std::visit(KeyWriter{}, record); }

Bytes value_of(const Record& record) { return std::visit(ValueWriter{}, record); }

Result<Record> decode_record(ByteView key, ByteView value) {
  Unpacker key_in(key);
  Unpacker in(value);
  key_in.array(4);
  const auto tag = static_cast<Tag>(key_in.integer(static_cast<std::uint64_t>(Tag::touch)));
  Record record = read_record(tag, key_in, in);
  if (!key_in.is_done() || !in.is_done()) return fail(Fault::damaged, "a record is damaged");
  return record;
}

void Draft::add(Record record, bool is_erased) {
  Change& change = changes_.emplace_back();
  change.record = std::move(record);
  change.is_erased = is_erased;
}

void Draft::write(Entry entry) {
  has_moved_ = true;
  mark_.position = entry.position = mark_.position.next();
  add(std::move(entry), false);
}

void Draft::write(Stand stand) {
  has_moved_ = true;
  mark_.position = stand.position = mark_.position.next();
  add(stand, false);
}

void Draft::write(Listing listing) {
  has_moved_ = true;
  mark_.position = listing.position = mark_.position.next();
  add(std::move(listing), false);
}

Changes Draft::take() {
  if (has_moved_) add(mark_, false);
  return std::move(changes_);
}

}  // namespace p2pchat::rendezvous
