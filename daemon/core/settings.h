// Settings: what a Node is told once, when it begins.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "proto/card.h"
#include "proto/limits.h"

namespace p2pchat {

// Who may register at my door without my having asked for it.
enum class Accept : std::uint8_t {
  anyone,
  ask,     // It waits, and my user is told.
  known,   // Only whom I have named by an alias before, or wish to meet.
  nobody,  // Only whom I wish to meet.
};

struct Settings {
  std::string name;           // Claimed on the card.
  std::vector<Place> places;  // Where my door, link and PUB stand.
  Accept accept = Accept::ask;
  bool is_relay = false;
  std::uint32_t rate = kPushRateDefault;  // Own pushes a second; 0 is no limit.
  bool has_rendezvous = false;
  std::set<PeerId> auto_vote;                    // Whose knocks get my yes at once.
  std::uint64_t room_bytes = kRoomBytesDefault;  // Stored bytes of a room before it pauses.
};

}  // namespace p2pchat
