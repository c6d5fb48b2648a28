// Value: the next state of a room's roster, as what changes, and how it is agreed on.
//
// A value follows the value before it and holds what its quorum has said yes
// to (proto/consent.h). Each member of the quorum signs a Pledge on it, and all
// of one round together are its Certificate. Whoever has decided it says so with a Decided.
//
// Each decode verifies all that can be seen in the object by itself; what may
// follow what, and who is in the quorum, is Roster's question. Pure; bounded.
#pragma once

#include <vector>

#include "proto/consent.h"

namespace p2pchat {

// Knocks are sorted by id, evictions by their seats, leaves by peer and heads by feed, so that
// whoever means the same writes the same.
struct Value {
  RoomId room;
  std::uint64_t height = 0;  // Of the genesis 0; of each value one more than the one before.
  ValueId previous;
  std::vector<Knock> knocks;
  std::vector<Eviction> evictions;
  std::vector<Leave> leaves;
  std::vector<Head> heads;  // The last posts of whoever goes, as far as anybody holds them.
  ValueId id;
  Bytes raw;

  // Sorts the lists and derives the rest. Requires that nothing stands in a list twice, that all is
  // of this room, and that it fits: at most kChangesMax knocks, evictions and leaves each, and
  // kMembersMax heads, in kValueBytesMax.
  void seal();
  static Result<Value> decode(ByteView raw);
};

struct Pledge {
  RoomId room;
  Seat seat;
  Round round;
  ValueId value;
  Stamp stamp;  // When it was signed, by its clock; a newcomer's clock starts above it.
  Signature signature;

  void sign(const Identity& member);
  bool is_signed() const;
  Bytes encode() const;
  static Result<Pledge> decode(ByteView raw);
};

// All pledges of one round that its value needs, by the seat's place in the sorted quorum.
struct Certificate {
  struct Entry {
    Stamp stamp;
    Signature signature;
  };
  RoomId room;
  ValueId value;
  Round round;
  std::vector<Entry> entries;

  Bytes encode() const;
  // The signatures are not verified: that needs the quorum.
  static Result<Certificate> decode(ByteView raw);
  // The pledge of whoever sits at this place in the quorum. Requires place < entries.size().
  Pledge pledge(std::size_t place, const Seat& seat) const;
};

// One member's word that it has decided a value, and with it all that this one rests on.
struct Decided {
  RoomId room;
  Seat seat;
  Round round;  // In which the value was certified.
  ValueId value;
  Signature signature;

  void sign(const Identity& member);
  Bytes encode() const;
  static Result<Decided> decode(ByteView raw);
};

}  // namespace p2pchat
