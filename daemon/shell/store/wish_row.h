// WishRow: one WishRecord as a line of `wishes`.
//
// The knock and the cards are kept as the bytes that were signed, and verified
// again when they are read.
//
// Effects: reads and writes SQLite. Single-threaded. Bounded by what the core
// chooses to store.
#pragma once

#include <vector>

#include "daemon/core/snapshot.h"
#include "daemon/shell/store/database.h"

namespace p2pchat {

// Replaces the wish for the same room.
Result<void> write_wish(Database& database, const WishRecord& wish);
// It may be that there is none.
Result<void> drop_wish(Database& database, const RoomId& room);
// All of them, sorted by room. One that does not read back is damage.
Result<std::vector<WishRecord>> read_wishes(Database& database);

}  // namespace p2pchat
