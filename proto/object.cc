#include "proto/object.h"

#include "proto/consent.h"
#include "proto/limits.h"

namespace p2pchat {

bool is_for_members(Kind kind) { return kind != Kind::card && kind != Kind::standing; }

bool is_for_rendezvous(Kind kind) { return kind < Kind::decided; }

void pack(Packer& packer, const Object& object) {
  packer.array(2).integer(static_cast<std::uint64_t>(object.kind)).bytes(object.raw);
}

Object unpack_object(Unpacker& in) {
  in.array_of(2);
  Object object;
  object.kind = static_cast<Kind>(in.integer(static_cast<std::uint64_t>(Kind::fork)));
  if (object.kind < Kind::genesis) in.spoil();
  object.raw = to_bytes(in.bytes(kValueBytesMax));
  return object;
}

std::optional<RoomId> room_of(const Object& object) {
  const auto room_in = [](Unpacker& in) -> std::optional<RoomId> {
    in.array(kPackTokensMax);
    in.integer();
    const auto room = in.fixed<RoomId>();
    return in.is_good() ? std::optional(room) : std::nullopt;
  };
  Unpacker in(object.raw);
  switch (object.kind) {
    case Kind::genesis: {
      const auto genesis = Genesis::decode(object.raw);
      return genesis ? std::optional(genesis->room) : std::nullopt;
    }
    case Kind::knock:
    case Kind::vote:
    case Kind::leave:
    case Kind::close: {
      in.array(2);
      Unpacker body(in.bytes(kConsentBytesMax));
      return room_in(body);
    }
    case Kind::eviction:
    case Kind::value:
    case Kind::pledge:
    case Kind::certificate:
    case Kind::decided:
    case Kind::fork: return room_in(in);
    case Kind::card:
    case Kind::standing: return std::nullopt;
  }
  return std::nullopt;
}

}  // namespace p2pchat
