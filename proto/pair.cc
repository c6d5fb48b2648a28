#include "proto/pair.h"

#include <algorithm>

namespace p2pchat {

namespace {

Hash founding_hash(const PeerId& a, const PeerId& b) { return {pair_value(a, b).bytes}; }

}  // namespace

RoomId pair_room(const PeerId& a, const PeerId& b) {
  return Hasher("p2pchat pair").add(std::min(a, b)).add(std::max(a, b)).finish<RoomId>();
}

ValueId pair_value(const PeerId& a, const PeerId& b) {
  return Hasher("p2pchat pair value")
      .add(pair_room(a, b))
      .add(std::min(a, b))
      .add(std::max(a, b))
      .finish<ValueId>();
}

Signature sign_founding(const Identity& self, const PeerId& other) {
  return self.sign(Purpose::founding, pair_room(self.id(), other), founding_hash(self.id(), other));
}

bool verify_founding(const PeerId& signer, const PeerId& other, const Signature& signature) {
  return verify(signer, Purpose::founding, pair_room(signer, other), founding_hash(signer, other),
                signature);
}

}  // namespace p2pchat
