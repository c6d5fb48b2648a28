#include "proto/object.h"

#include "proto/limits.h"

namespace p2pchat {

void pack(Packer& packer, const Object& object) {
  packer.array(2).integer(static_cast<std::uint64_t>(object.kind)).bytes(object.raw);
}

Object unpack_object(Unpacker& in) {
  in.array_of(2);
  Object object;
  object.kind = static_cast<Kind>(in.integer(static_cast<std::uint64_t>(Kind::decided)));
  if (object.kind < Kind::genesis) in.spoil();
  object.raw = to_bytes(in.bytes(kValueBytesMax));
  return object;
}

}  // namespace p2pchat
