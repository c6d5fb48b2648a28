// MembershipRow: what is kept of the rooms of many: their records, and what was
// decided, pledged and said in each.
//
// What somebody has signed is kept as the bytes that were signed, and decoded
// when it is read: what is answered has been verified again, each thing by
// itself. Whether the decisions follow each other is the core's question.
// Decisions, pledges and objects belong to a room whose record is stored, at
// the latest by the end of the same commit; others are damage.
//
// Effects: reads and writes SQLite. Single-threaded. Bounded by what the core
// chooses to store.
#pragma once

#include <vector>

#include "daemon/core/action.h"
#include "daemon/shell/store/database.h"

namespace p2pchat {

// Replaces what is stored of the room itself; the rest of it stays.
Result<void> write_room(Database& database, const RoomRecord& room);
// Replaces the decision of the same height, and those above it.
Result<void> write_decision(Database& database, const action::StoreDecision& decision);
// Replaces the room's pledge.
Result<void> write_pledge(Database& database, const action::StorePledge& pledge);
// Replaces what stands under the same key of the room.
Result<void> write_object(Database& database, const action::StoreObject& object);
Result<void> drop_object(Database& database, const action::DropObject& object);
// All of them, sorted by room. What does not read back is damage.
Result<std::vector<MembershipState>> read_memberships(Database& database);

}  // namespace p2pchat
