// Object: what members of a room sign and pass on, as bytes beside their kind.
//
// So it travels, over links and by way of a rendezvous; what is in the bytes is
// for whoever takes them to decode. Pure values.
#pragma once

#include <optional>

#include "proto/ids.h"
#include "proto/pack.h"

namespace p2pchat {

enum class Kind : std::uint8_t {
  genesis = 1,
  knock = 2,
  vote = 3,
  leave = 4,
  close = 5,
  eviction = 6,
  value = 7,
  pledge = 8,
  certificate = 9,
  card = 10,      // Of a member; only a rendezvous tells it.
  standing = 11,  // A Standing; only a rendezvous tells it.
  decided = 12,   // Only members tell it, over links;
  fork = 13,      // and this.
};

struct Object {
  Kind kind = Kind::genesis;
  Bytes raw;

  auto operator<=>(const Object&) const = default;
};
// Members tell it over links; and a rendezvous takes it, and shows it to them.
bool is_for_members(Kind kind);
bool is_for_rendezvous(Kind kind);
void pack(Packer& packer, const Object& object);
// Of any kind.
Object unpack_object(Unpacker& in);
// Of which room it says it is; nothing for a card or a standing, and for what does not decode.
std::optional<RoomId> room_of(const Object& object);

}  // namespace p2pchat
