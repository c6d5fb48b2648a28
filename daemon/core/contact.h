// Contact: all that this daemon keeps of one other peer.
//
// Every relation is one of these, told apart by what is filled in: a peer that
// I have met has signed the founding of our pair room; one that asks to be let
// in waits for my user; one that I wish to meet has not answered yet; one that
// was only named by an alias or a block has neither. A value; stored whole.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "proto/card.h"

namespace p2pchat {

struct Contact {
  PeerId id;
  std::string name;          // As listed here; unique on this host.
  bool is_aliased = false;   // The name is mine, not the card's.
  bool is_verified = false;  // My user has compared the fingerprint.
  bool is_blocked = false;
  bool is_near = false;               // Met over loopback or link-local: such addresses count.
  bool asks = false;                  // Waits for my user's answer.
  std::optional<Card> card;           // Its newest.
  std::vector<Address> pins;          // Doors at which my user has met it.
  std::optional<Signature> founding;  // Its signature on our pair room; not a yes of mine.
  std::optional<Address> wish;        // The door at which my registration waits.

  bool is_met() const { return founding.has_value() && !asks && !is_blocked; }
  // Where it may be dialled: as its card says, and at the hosts where my user has met
  // it. Loopback and link-local count only for a peer that is near.
  std::vector<Place> places() const;
};

}  // namespace p2pchat
