// Liar: a member whose key signs what its Node does not know of.
//
// Beneath it runs a real Node, which believes that all it says goes out as it
// is. The liar's hands change that on the way: to half of the others it shows
// another pledge or another vote, it holds back, repeats and invents; and what
// would give it away to its own Node it keeps from it. It can do all that one
// key can, and nothing that needs another.
//
// Pure; owned by a test; outlives its host's last step.
#pragma once

#include <deque>
#include <map>
#include <set>

#include "tests/sim/world.h"

namespace p2pchat::sim {

// What a liar does. Each is one line of notes/security.md.
struct Repertoire {
  bool splits_pledges = false;   // Two values in one round, one to each half of the others.
  bool pledges_late = false;     // Long after the others.
  bool votes_both_ways = false;  // Yes to one half, no to the other.
  bool replays = false;          // What was said long ago, by anybody.
  bool floods = false;           // Knocks of made-up candidates, evictions of everybody.
  bool favours = false;          // Certificates to one member only.
  bool ghosts = false;           // A knock in the name of somebody who has not signed it.
  bool boasts = false;           // "I have decided", of what it has not.
  bool forks_feeds = false;      // Another history of its own posts to one half.
};

class Liar {
 public:
  Liar(World& world, Host& host, const Repertoire& repertoire, std::uint64_t seed);
  Liar(const Liar&) = delete;
  Liar& operator=(const Liar&) = delete;

  // From now on it lets through what its Node says. What has been said stays said.
  void reform() { is_honest_ = true; }
  const Host& host() const { return host_; }

 private:
  Actions send(const Action& order);
  bool hear(Event& event);

  // What this peer is shown in place of `objects`.
  std::vector<Object> twisted(const PeerId& to, const std::vector<Object>& objects);
  static Actions told(const action::SendLink& to, const RoomId& room,
                      const std::vector<Object>& objects);
  void twist(const PeerId& to, const Object& object, std::vector<Object>& shown);
  void twist_pledge(const PeerId& to, const Object& object, std::vector<Object>& shown);
  void invent(const RoomId& room, std::vector<Object>& shown);
  void invent_knock(const RoomId& room, const Identity& signer, std::vector<Object>& shown);
  void invent_eviction(const RoomId& room, std::vector<Object>& shown);
  // What this peer is shown of a room's talk.
  link::Message forked(const link::Message& message);
  Action forked(const action::Give& order);
  // The same posts with other texts; and its head in place of this one.
  const Batch& twin_of(const Batch& batch);
  Head twin_of(const RoomId& room, const Head& head);

  void say_later(const PeerId& to, const Object& object);

  void note(const Object& object);
  void note_own(const Object& object);
  // It is mine, and my Node has not said it.
  bool gives_away(const Object& object) const;
  bool is_other_half(const PeerId& peer) const;
  // Another value that is known of this height; nothing if there is none.
  const Value* other_value(const ValueId& value) const;
  std::optional<Seat> seat(const RoomId& room) const;

  World& world_;
  Host& host_;
  Repertoire repertoire_;
  Prng prng_;
  std::uint64_t seed_;
  bool is_honest_ = false;
  std::map<ValueId, Value> values_;
  std::deque<Object> past_;      // Of everybody; the newest last.
  std::set<Bytes> own_;          // As my Node has signed it.
  std::map<Hash, Batch> twins_;  // By the head of what my Node has signed.
};

}  // namespace p2pchat::sim
