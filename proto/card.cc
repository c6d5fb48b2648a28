#include "proto/card.h"

#include <algorithm>
#include <set>

#include "proto/check.h"
#include "proto/limits.h"
#include "proto/pack.h"
#include "proto/text.h"

namespace p2pchat {

namespace {

constexpr std::size_t kKeysMax = 64;
constexpr std::size_t kKeyBytesMax = 64;
constexpr std::uint64_t kPortMax = 65535;

Hash hash_of(ByteView body) { return Hasher("p2pchat card").add(body).finish(); }

Bytes packed_body(const Card& card) {
  Packer packer;
  packer.map(6);
  packer.text("suite").integer(kSuite);
  packer.text("id").fixed(card.id);
  packer.text("name").text(card.name);
  packer.text("places").array(card.places.size());
  for (const Place& place : card.places) {
    packer.array(4).text(place.host).integer(place.door).integer(place.link).integer(place.pub);
  }
  packer.text("relay").boolean(card.relay);
  packer.text("counter").integer(card.counter.value);
  return packer.take();
}

Bytes packed(const Card& card, const Identity& identity) {
  const Bytes body = packed_body(card);
  const Signature signature = identity.sign(Purpose::card, RoomId{}, hash_of(body));
  return Packer().array(2).bytes(body).fixed(signature).take();
}

std::uint16_t read_port(Unpacker& in) { return static_cast<std::uint16_t>(in.integer(kPortMax)); }

void read_places(Unpacker& in, Card& card) {
  for (std::size_t left = in.array(kCardAddressesMax); left > 0 && in.is_good(); --left) {
    in.array_of(4);
    Place place;
    place.host = in.text(kHostBytesMax);
    place.door = read_port(in);
    place.link = read_port(in);
    place.pub = read_port(in);
    if (!is_host(place.host)) in.spoil();
    card.places.push_back(std::move(place));
  }
}

// Reads the value under `key`; what is not known here is passed over.
void read_field(Unpacker& in, std::string_view key, Card& card) {
  if (key == "suite") {
    if (in.integer() != kSuite) in.spoil();
  } else if (key == "id") {
    card.id = in.fixed<PeerId>();
  } else if (key == "name") {
    card.name = in.text(kNameBytesMax);
    if (!is_claimable_name(card.name)) in.spoil();
  } else if (key == "places") {
    read_places(in, card);
  } else if (key == "relay") {
    card.relay = in.boolean();
  } else if (key == "counter") {
    card.counter = {in.integer()};
  } else {
    in.skip();
  }
}

void read_body(ByteView body, Unpacker& in, Card& card) {
  Unpacker fields(body);
  std::set<std::string_view> keys;
  for (std::size_t left = fields.map(kKeysMax); left > 0 && fields.is_good(); --left) {
    const std::string_view key = fields.text(kKeyBytesMax);
    if (!keys.insert(key).second) fields.spoil();
    read_field(fields, key, card);
  }
  for (const std::string_view key : {"suite", "id", "name", "places", "relay", "counter"}) {
    if (!keys.contains(key)) fields.spoil();
  }
  if (!fields.is_done()) in.spoil();
}

}  // namespace

Card Card::make(const Identity& identity, std::string name, std::vector<Place> places, bool relay,
                Counter counter) {
  CHECK(is_claimable_name(name));
  CHECK(counter.value <= kPackIntegerMax);
  std::erase_if(places, [](const Place& place) { return !is_host(place.host); });
  if (places.size() > kCardAddressesMax) places.resize(kCardAddressesMax);
  Card card{identity.id(), std::move(name), std::move(places), relay, counter, {}};
  card.raw = packed(card, identity);
  while (card.raw.size() > kCardBytesMax) {
    CHECK(!card.places.empty());
    card.places.pop_back();
    card.raw = packed(card, identity);
  }
  return card;
}

Result<Card> Card::decode(ByteView raw) {
  if (raw.size() > kCardBytesMax) return fail(Fault::malformed, "the card is too long");
  Card card;
  Unpacker in(raw);
  in.array_of(2);
  const ByteView body = in.bytes(kCardBytesMax);
  const auto signature = in.fixed<Signature>();
  read_body(body, in, card);
  if (!in.is_done()) return fail(Fault::malformed, "the card does not decode");
  if (!verify(card.id, Purpose::card, RoomId{}, hash_of(body), signature)) {
    return fail(Fault::forged, "the card is not signed by its id");
  }
  if (!curve_key(card.id)) return fail(Fault::forged, "the card's id is no key for a link");
  card.raw = to_bytes(raw);
  return card;
}

}  // namespace p2pchat
