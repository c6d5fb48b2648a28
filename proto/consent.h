// Consent: what each person says about who is in a room, signed.
//
// A room begins with a Genesis, whose hash is its id. A Knock is a candidate's
// wish to join, and the candidate's own consent; an Eviction names who is to
// go. About either each member signs one Vote. What all have said yes to is put
// into a Value (proto/value.h). A Leave and a Close are facts that need nobody's
// yes.
//
// Whoever signs names its *seat*: who it is, and the knock that made it a member.
// What was signed in an old seat says nothing in a new one.
//
// Each decode verifies the signature and all that can be seen in the object by
// itself; whether it holds among others is Roster's question. Pure; bounded.
#pragma once

#include <string>
#include <vector>

#include "proto/beat.h"
#include "proto/card.h"
#include "proto/crypto.h"
#include "proto/stamp.h"

namespace p2pchat {

enum class History : std::uint8_t { none = 0, all = 1 };

struct Genesis {
  PeerId creator;
  Salt nonce;
  std::string name;                 // A plain name.
  std::uint64_t size = 0;           // Members at most: 2 to kMembersMax.
  History history = History::none;  // What a newcomer may read of the time before it came.
  RoomId room;                      // Derived.
  Bytes raw;                        // Derived, as everywhere below.

  void sign(const Identity& creator);
  static Result<Genesis> decode(ByteView raw);
};
// What stands for the first value, and for its creator's knock.
ValueId genesis_value(const RoomId& room);
ChangeId genesis_change(const RoomId& room);

struct Seat {
  PeerId peer;
  ChangeId admission;

  auto operator<=>(const Seat&) const = default;
};
// What an author posts in a seat goes under incarnations that begin with its mark, the first bytes
// of its admission: so the id of a feed tells what seat it was written in.
inline constexpr std::size_t kSeatMarkBytes = 4;
Incarnation incarnation_in(const ChangeId& admission, Incarnation random);
bool is_of_seat(const Incarnation& incarnation, const ChangeId& admission);
// What a feed names a seat by whose member may read it; too long to find another knock for.
ReaderMark reader_mark(const ChangeId& admission);
// A seat within a message.
void pack(Packer& packer, const Seat& seat);
Seat unpack_seat(Unpacker& in);
// How every object but the genesis begins: an array of so many fields, the suite and the room.
Packer packed_begin(std::size_t fields, const RoomId& room);
RoomId unpack_begin(Unpacker& in, std::size_t fields);

struct Knock {
  RoomId room;
  Card card;                // The candidate's, who signs.
  std::string note;         // For the members; UTF-8, at most kNoteBytesMax.
  WallTime expires;         // Nobody votes yes any more by its own clock.
  std::uint64_t after = 0;  // The height at which the candidate went when it was here last, or 0.
  ChangeId id;              // Derived.
  Bytes raw;

  void sign(const Identity& candidate);
  static Result<Knock> decode(ByteView raw);
};

// Not signed: the votes about it are. Sorted, nobody twice, at least one.
struct Eviction {
  RoomId room;
  std::vector<Seat> seats;

  ChangeId id() const;
  Bytes encode() const;
  static Result<Eviction> decode(ByteView raw);
  auto operator<=>(const Eviction&) const = default;
};

struct Vote {
  RoomId room;
  Seat seat;
  ChangeId change;
  bool yes = false;
  std::string note;  // UTF-8, at most kNoteBytesMax.
  Bytes raw;

  void sign(const Identity& member);
  static Result<Vote> decode(ByteView raw);
};

struct Leave {
  RoomId room;
  Seat seat;
  std::optional<Head> last;  // Its newest post here.
  Bytes raw;

  void sign(const Identity& member);
  static Result<Leave> decode(ByteView raw);
};

// The room is closed by its creator; `value` is the newest one it knows.
struct Close {
  RoomId room;
  Seat seat;
  ValueId value;
  Bytes raw;

  void sign(const Identity& creator);
  static Result<Close> decode(ByteView raw);
};

}  // namespace p2pchat
