// Pair: the room of two contacts, founded from their two ids alone.
//
// Both compute the same room and the same founding value without asking; it is
// valid once both have signed it, and holding a Founding means holding both
// signatures. Pure; fixed size.
#pragma once

#include "proto/crypto.h"

namespace p2pchat {

RoomId pair_room(const PeerId& a, const PeerId& b);
ValueId pair_value(const PeerId& a, const PeerId& b);

Signature sign_founding(const Identity& self, const PeerId& other);
bool verify_founding(const PeerId& signer, const PeerId& other, const Signature& signature);

}  // namespace p2pchat
