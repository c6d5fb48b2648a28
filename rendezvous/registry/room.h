// Room: all that a rendezvous keeps of one room.
//
// Its chain of certified values, which newcomers check from the genesis on; what
// waits to be decided; and how everybody stands to it. It holds what it is given
// and answers questions: what may be given to it is for rule() to say.
//
// Pure; single-threaded; owned by Registry. What bounds it stands in limits.h.
#pragma once

#include <map>
#include <optional>
#include <set>

#include "proto/roster.h"
#include "rendezvous/registry/record.h"

namespace p2pchat::rendezvous {

class Room {
 public:
  using Entries = std::map<Position, Entry>;
  using Stands = std::map<PeerId, Stand>;

  // Fails if the entry is no genesis.
  static Result<Room> found(Entry genesis);

  // In the order of positions. Fails, as damage, if the bytes are not what the entry says.
  Result<void> write(Entry entry);
  void write(const Stand& stand) { stands_[stand.peer] = stand; }
  void write(const Touch& touch) { touched_ = touch.last; }
  void erase(const Entry& entry);
  void erase(const Stand& stand) { stands_.erase(stand.peer); }

  const Genesis& genesis() const { return genesis_; }
  // After the newest certified value, and before it.
  const Roster& roster() const { return roster_; }
  const std::optional<Roster>& before() const { return before_; }
  // The round of the certificate of the newest value; 0 without one.
  Round round() const { return round_; }
  // What `value` follows: roster() or before(). Null if neither.
  const Roster* base_of(const Value& value) const;

  bool is_member(const PeerId& peer) const { return roster_.members().contains(peer); }
  // A member that has not left.
  bool is_present(const PeerId& peer) const { return is_member(peer) && !left_.contains(peer); }
  std::size_t count_present() const { return roster_.members().size() - left_.size(); }
  bool is_closed() const { return is_closed_ || count_present() == 0; }

  const Entries& entries() const { return entries_; }
  const Entry* find(Kind kind, const Hash& id) const;
  bool is_certified(const Hash& value) const { return find(Kind::certificate, value) != nullptr; }
  // Of those that are in entries().
  const std::map<ChangeId, Knock>& knocks() const { return knocks_; }
  const std::map<ChangeId, Eviction>& evictions() const { return evictions_; }
  // Not certified, but for the newest certified one.
  const std::map<ValueId, Value>& values() const { return values_; }
  std::size_t count_votes(const ChangeId& change) const;

  const Stands& stands() const { return stands_; }
  const Stand* stand_of(const PeerId& peer) const;
  std::size_t count_waiting() const;

  WallTime touched() const { return touched_; }
  std::size_t bytes() const { return bytes_; }
  std::size_t chain_bytes() const;

 private:
  explicit Room(Genesis genesis) : genesis_(std::move(genesis)), roster_(genesis_) {}
  Result<void> understand(const Entry& entry);
  Result<void> take_certificate(const Entry& entry);

  Genesis genesis_;
  Roster roster_;
  std::optional<Roster> before_;
  Round round_;
  bool is_closed_ = false;
  std::set<PeerId> left_;  // Members all.
  Entries entries_;
  std::map<std::pair<Kind, Hash>, Position> places_;  // Of entries_.
  std::map<ChangeId, Knock> knocks_;
  std::map<ChangeId, Eviction> evictions_;
  std::map<ValueId, Value> values_;
  Stands stands_;
  WallTime touched_;
  std::size_t bytes_ = 0;  // Of entries_.
};

// Ids of different kinds, as entries hold them.
template <class Id>
Hash as_hash(const Id& id) {
  return *Hash::from(id.view());
}
template <class Id>
Id from_hash(const Hash& hash) {
  return *Id::from(hash.view());
}

}  // namespace p2pchat::rendezvous
