// Rule: what a room takes, from whom, and what changes by it.
//
// A rendezvous decides nothing about membership: what it takes must be signed
// by those it names and fit the room, so that nobody fills it with rubbish; and
// of what a member may see, a stranger sees nothing. Whoever puts again what
// was taken already is told so with success, so every request may be repeated.
//
// Pure: reads a Room, drafts changes. Bounded by limits.h.
#pragma once

#include <optional>
#include <variant>

#include "rendezvous/registry/room.h"

namespace p2pchat::rendezvous {

using Verdict = tl::expected<void, Failure>;
tl::unexpected<Failure> deny(ExitCode code, std::string text);
tl::unexpected<Failure> deny(const Error& error);

// An object as it decodes.
using Signed =
    std::variant<Genesis, Knock, Vote, Leave, Close, Eviction, Value, Pledge, Certificate>;
Result<Signed> decode_signed(const Object& object);
RoomId room_of(const Signed& object);

// Who asks, and when.
struct Asking {
  PeerId who;
  WallTime now;
};

// Of anything but a genesis.
Verdict rule(const Room& room, const Asking& asking, const Signed& object, const Bytes& raw,
             Draft& draft);
// The entries of a new room.
void draft_room(const Genesis& genesis, WallTime now, Draft& draft);

}  // namespace p2pchat::rendezvous
