// Registry: everything that a rendezvous knows, and what it answers.
//
// It decides without changing itself: handle() answers a request and says what
// would change, and apply() takes that in once it is durable. What a store held
// is taken in the same way, so there is one way to become what it is, and it
// knows nothing that the store does not.
//
// Whoever asks is the id it names, if it has connected with that id's key.
// Members see their rooms and each other's cards, a candidate how its own knock
// stands, and everybody the cards that are listed and the names of rooms.
//
// Pure: no clock, no socket. Single-threaded; owned by Loop. Bounded by
// limits.h, in all by kRendezvousBytesMax and the cards.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "rendezvous/registry/room.h"

namespace p2pchat::rendezvous {

// A cursor is an era and a position.
inline constexpr unsigned kPositionBits = 40;
inline constexpr std::uint64_t kPositionMax = (1ULL << kPositionBits) - 1;
inline constexpr std::uint64_t kEraMax = (1ULL << 22U) - 1;

struct Outcome {
  Answer answer;
  Changes changes;       // To be durable before the answer goes out.
  bool is_held = false;  // Nothing is new: page() may say more, until kWatchTimeout.
};

class Registry {
 public:
  // Takes in what a store held. `seed` is fresh; it is used for a store that is new.
  static Result<Registry> load(std::vector<Record> records, const Seed& seed);

  // `key` is whose connection it came on.
  Outcome handle(WallTime now, const CurveKey& key, const Request& request) const;
  // What is new for `peer` beyond `cursor`.
  Page page(const PeerId& peer, Cursor cursor) const;
  // What time alone changes; empty if nothing.
  Changes expire(WallTime now) const;

  // Requires changes that handle(), expire() or first_changes() made of the registry as it is.
  void apply(const Changes& changes);
  // What a new store must hold before anything else; empty if it does.
  Changes first_changes() const;

  std::size_t rooms() const { return rooms_.size(); }
  std::size_t cards() const { return cards_.size(); }

 private:
  struct Place;  // Something to answer, at its position.

  Registry() = default;
  Result<void> take(const Change& change);
  Result<void> take_entry(const Entry& entry, bool is_erased);
  void take_stand(const Stand& stand, bool is_erased);
  void take_listing(const Listing& listing, bool is_erased);

  Outcome answer_add(WallTime now, const PeerId& who, const Add& add) const;
  Outcome answer_remove(const PeerId& who) const;
  Outcome answer_put(WallTime now, const PeerId& who, const Put& put) const;
  Outcome answer_fetch(WallTime now, const PeerId& who, const Fetch& fetch) const;
  Outcome answer_watch(WallTime now, const PeerId& who, const Watch& watch) const;
  Answer list(const List& list) const;
  Answer names(const Rooms& rooms) const;
  Answer describe(const std::optional<PeerId>& who, const Describe& describe) const;
  Outcome create(WallTime now, const PeerId& who, const Genesis& genesis) const;
  // The name's open room; null if there is none.
  const Room* find_room(const std::string& name) const;

  Position behind(Cursor cursor) const;
  Cursor cursor_at(Position position) const;
  void touch(const Room& room, WallTime now, Draft& draft) const;
  void collect(const Room& room, const PeerId& peer, Position behind,
               std::vector<Place>& places) const;
  Page paged(std::vector<Place> places) const;

  Mark mark_;
  bool is_new_ = true;  // The store holds no mark.
  std::map<RoomId, Room> rooms_;
  std::map<std::string, RoomId> names_;           // Of the rooms that are open.
  std::map<PeerId, std::set<RoomId>> standings_;  // Rooms to which a peer stands somehow.
  std::map<PeerId, Listing> cards_;
  std::map<PeerId, WallTime> knockers_;
  std::size_t bytes_ = 0;  // Of all rooms.
};

}  // namespace p2pchat::rendezvous
