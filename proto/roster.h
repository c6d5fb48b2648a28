// Roster: who sits in a room after a chain of values.
//
// It knows what a value must look like to follow, who must pledge it, and when
// it is certified; so whoever holds a genesis and the values with their
// certificates can check who let whom in, from nothing else. Whether a member
// wants a value is not its question.
//
// Pure; a value type. Bounded: kMembersMax seats, and a height for everybody who ever went.
#pragma once

#include <map>
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
  // The height at which it went when it was here last; 0 if it never was.
  std::uint64_t gone_at(const PeerId& peer) const;
  // It is no member, and has knocked since it went.
  bool may_enter(const Knock& knock) const;

  // Whether `next` may follow, as far as its form goes: it follows this value, changes something,
  // lets nobody in twice, nor by a knock from before it went, and nobody out who is not in, fits
  // the size, and if it evicts anybody, then those who stay are more than half of those who do not
  // leave by themselves.
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
  std::map<PeerId, std::uint64_t> gone_;  // The height at which each last went.
};

// Two values with the same previous: `wider` lets the same in as `value`, and the same and perhaps
// more go; and the feeds of those who go by `value` end alike.
bool widens(const Value& wider, const Value& value);

}  // namespace p2pchat
