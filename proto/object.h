// Object: what members of a room sign and pass on, as bytes beside their kind.
//
// So it travels, over links and by way of a rendezvous; what is in the bytes is
// for whoever takes them to decode. Pure values.
#pragma once

#include "proto/bytes.h"
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
  decided = 12,   // Only members tell it, over links.
};

struct Object {
  Kind kind = Kind::genesis;
  Bytes raw;

  auto operator<=>(const Object&) const = default;
};
void pack(Packer& packer, const Object& object);
// Of any kind.
Object unpack_object(Unpacker& in);

}  // namespace p2pchat
