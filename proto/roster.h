// Roster: who sits in a room after a chain of values.
//
// It knows what a value must look like to follow, who must pledge it, and when
// it is certified; so whoever holds a genesis and the values with their
// certificates can check who let whom in, from nothing else. Whether a member
// wants a value is not its question.
//
// Pure; a value type. Bounded: kMembersMax seats, and one id for each admission there ever was.
#pragma once

#include <map>
#include <set>
#include <vector>

#include "proto/value.h"

namespace p2pchat {

class Roster {
 public:
  // The creator alone.
  explicit Roster(const Genesis& genesis);

  const RoomId& room() const { return room_; }
  std::uint64_t size_max() const { return size_max_; }
  std::uint64_t height() const { return height_; }
  // What the next value names as previous.
  const ValueId& value() const { return value_; }
  // Sorted by peer.
  const std::map<PeerId, ChangeId>& members() const { return members_; }
  bool holds(const Seat& seat) const;
  std::optional<Seat> seat_of(const PeerId& peer) const;
  // It is no member, and this knock has let nobody in before.
  bool may_enter(const Knock& knock) const;

  // Whether `next` may follow, as far as its form goes: it follows this value, changes something,
  // lets nobody in twice, nor by a knock of old, and nobody out who is not in, fits the size, and
  // if it evicts anybody, then those who stay are more than half of those who do not leave by
  // themselves.
  Result<void> check(const Value& next) const;
  // Who must pledge it: the members without those who go, sorted.
  std::vector<Seat> quorum(const Value& next) const;
  // Requires check(next).
  Roster after(const Value& next) const;
  // A pledge of everybody in the quorum, each signed. Requires check(next).
  bool is_certified(const Value& next, const Certificate& certificate) const;

 private:
  RoomId room_;
  std::uint64_t size_max_;
  std::uint64_t height_ = 0;
  ValueId value_;
  std::map<PeerId, ChangeId> members_;
  std::set<ChangeId> used_;  // Knocks that have let somebody in: none does so twice.
};

// Two values with the same previous: `wider` lets the same in as `value`, and the same and perhaps
// more go.
bool widens(const Value& wider, const Value& value);

}  // namespace p2pchat
