// Retention row: what is to be kept of a room's texts, and the pruning itself.
//
// A pruned batch stands where it stood, under a checksum of what is left of it;
// whoever walks over rows knows it by its showing nothing.
//
// Effects: reads and writes SQLite. Single-threaded. Bounded by kPruneBatchesMax
// and kPruneLooksMax a call.
#pragma once

#include <vector>

#include "daemon/core/action.h"
#include "daemon/core/snapshot.h"
#include "daemon/shell/store/database.h"

namespace p2pchat {

// A room that has a retention, or something pruned, is one of `rooms`, and is filled in there.
Result<void> read_retentions(Database& database, std::vector<RoomState>& rooms);
Result<std::vector<PrunedBatch>> find_pruned(Database& database, const action::FindPruned& order);
// The room has a row.
Result<void> write_retention(Database& database, const action::StoreRetention& order);

// What has become of a room's rows.
struct PrunedRows {
  std::uint64_t with_texts = 0;  // Bytes that they took,
  std::uint64_t left = 0;        // and that they take now.
  Stamp newest;                  // Post that has lost its text.
  std::int64_t reached = 0;      // The row that was looked at last.
  bool has_more = false;
};
// In the room with this key, whose batches with texts have so many bytes. A damaged row is left to
// whoever reads it.
Result<PrunedRows> prune_rows(Database& database, std::int64_t room, std::uint64_t bytes,
                              const action::Prune& order);

}  // namespace p2pchat
