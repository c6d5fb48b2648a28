// Record: one fact that a rendezvous keeps.
//
// All that it knows is a set of records, each under its own key; a change writes
// or erases one. A store keeps keys and values and knows nothing of what they
// mean, so any store that writes several of them at once will do.
//
// Pure values.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "proto/rendezvous.h"

namespace p2pchat::rendezvous {

// In the order of all that was taken; what is written again gets a new one.
using Position = Whole<struct PositionTag>;

// The newest position, and the era: a number that tells this store from another one, so that
// nobody's cursor is taken for one of ours.
struct Mark {
  std::uint64_t era = 0;
  Position position;
};

// An object of a room.
struct Entry {
  RoomId room;
  Kind kind = Kind::genesis;
  Hash id;  // Unique among its kind in the room.
  Position position;
  PeerId by;               // Who signed it; of values, evictions and certificates, who brought it.
  Hash about;              // Of a vote the change, of a pledge the value.
  std::uint64_t rank = 0;  // Of a value or a certificate the height, of a pledge the round.
  WallTime received;
  Bytes raw;
};

// How a peer stands to a room.
struct Stand {
  PeerId peer;
  Standing standing;
  Position position;
  WallTime since;
  std::uint64_t height = 0;  // Of the roster, when that was written.
};

// A card that was added.
struct Listing {
  Card card;
  Position position;
  WallTime expires;
  bool listed = false;
};

// When a peer has knocked last.
struct Knocker {
  PeerId peer;
  WallTime last;
};

// When a member of a room was last seen, roughly.
struct Touch {
  RoomId room;
  WallTime last;
};

using Record = std::variant<Mark, Entry, Stand, Listing, Knocker, Touch>;

Bytes key_of(const Record& record);
Bytes value_of(const Record& record);
Result<Record> decode_record(ByteView key, ByteView value);

struct Change {
  Record record;
  bool is_erased = false;  // Then only what makes the key counts.
};
using Changes = std::vector<Change>;

// Draft: the changes that one request makes, in order, each at its own position.
class Draft {
 public:
  explicit Draft(const Mark& mark) : mark_(mark) {}

  void write(Entry entry);
  void write(Stand stand);
  void write(Listing listing);
  void write(const Knocker& knocker) { add(knocker, false); }
  void write(const Touch& touch) { add(touch, false); }
  void erase(Record record) { add(std::move(record), true); }

  bool is_empty() const { return changes_.empty(); }
  std::size_t size() const { return changes_.size(); }
  Changes take();

 private:
  void add(Record record, bool is_erased);

  Mark mark_;
  bool has_moved_ = false;
  Changes changes_;
};

}  // namespace p2pchat::rendezvous
