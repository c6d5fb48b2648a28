// Sweep: what of a room is not needed any more, once something has happened.
//
// Each drafts erasures, and the standings that change with them.
//
// Pure: reads a Room, drafts changes.
#pragma once

#include "rendezvous/registry/room.h"

namespace p2pchat::rendezvous {

// The candidate's earlier knocks, and the votes on them.
void sweep_knocks_of(const Room& room, const PeerId& candidate, Draft& draft);
// It has left.
void sweep_member(const Room& room, const PeerId& peer, WallTime now, Draft& draft);
// Whoever waits to be let in waits no more.
void sweep_waiting(const Room& room, State state, WallTime now, Draft& draft);
// Makes room for a proposal of so many bytes by `who`.
void sweep_proposals(const Room& room, const PeerId& who, std::size_t bytes, Draft& draft);
// Makes room for one more pledge of `peer`. False if all that it has are of higher rounds.
bool sweep_pledges_of(const Room& room, const PeerId& peer, Round round, Draft& draft);
// The newest certified value: another one of its height takes its place.
void sweep_newest(const Room& room, Draft& draft);
// What `value`, which follows roster() or before() and is certified in `round`, settles.
void sweep_settled(const Room& room, const Value& value, Round round, WallTime now, Draft& draft);

// What time alone changes: knocks and evictions expire, old notices are forgotten.
void draft_expiry(const Room& room, WallTime now, Draft& draft);
// Nothing is left of it.
void draft_removal(const Room& room, Draft& draft);
// Nobody needs it any more: closed long ago, or not asked about for long.
bool is_over(const Room& room, WallTime now);

}  // namespace p2pchat::rendezvous
