// Card: what a peer says of itself, signed.
//
// A card is a msgpack map, so that later versions can say more: keys that are
// not known here are kept, because a card is stored and passed on as the bytes
// that were signed. `counter` only grows; of two cards the higher one holds.
// Pure; bounded by kCardBytesMax.
#pragma once

#include <string>
#include <vector>

#include "proto/address.h"
#include "proto/crypto.h"

namespace p2pchat {

// One host with its three ports.
struct Place {
  std::string host;
  std::uint16_t door = 0;  // 0: the door is switched off.
  std::uint16_t link = 0;
  std::uint16_t pub = 0;

  auto operator<=>(const Place&) const = default;
};

struct Card {
  PeerId id;
  std::string name;
  std::vector<Place> places;
  bool relay = false;
  Counter counter;
  Bytes raw;  // The signed bytes that this was decoded from, signature included.

  // Signs what it says and fills in `raw`. The name must be claimable. Places that are no hosts, or
  // that exceed the limits of a card, are left out, the last ones first.
  static Card make(const Identity& identity, std::string name, std::vector<Place> places,
                   bool relay, Counter counter);
  // Decodes and verifies: a Card that was decoded was signed by its id, and its id has a CURVE key.
  static Result<Card> decode(ByteView raw);
};

}  // namespace p2pchat
