// Row: one line of `entries` as it is written and as it is read back.
//
// A checksum covers every column, so a row is either what was stored or it is
// damaged; nothing in between is ever answered.
//
// Effects: reads SQLite. Single-threaded. Bounded by kBatchBytesMax a row.
#pragma once

#include <optional>
#include <vector>

#include "daemon/shell/entry.h"
#include "daemon/shell/store/database.h"
#include "proto/batch.h"

namespace p2pchat {

// As SQLite's signed integer. No signed stamp is above the largest, so a higher one, which only
// a query can hold, becomes that.
std::int64_t to_column(Stamp stamp);
Stamp stamp_of_column(std::int64_t column);

using RowSum = Fixed<struct RowSumTag, 16>;

// The columns of `entries`, but for its key. Rooms and feeds by their keys.
struct Row {
  std::int64_t room = 0;
  std::optional<std::int64_t> feed;  // None for a notice.
  std::int64_t first = 0;            // Number of the first post.
  std::int64_t count = 0;
  std::int64_t shown = 0;  // Posts that readers see.
  Stamp first_stamp;
  Stamp last_stamp;
  Stamp high;                             // Newest shown post that had arrived before in the room,
  std::optional<std::int64_t> high_feed;  // and whose it is.
  WallTime received;
  ByteView bytes;  // The batch as it came, or a notice.

  RowSum sum() const;
};

// What readers see of one row.
struct OpenedRow {
  std::int64_t position = 0;
  FeedId feed;                 // Zero for a notice.
  std::vector<Entry> entries;  // In order; openings and pruned posts are left out.
};

// Reads the row at `position`; nothing if it is damaged or gone.
Result<std::optional<OpenedRow>> open_row(Database& database, std::int64_t position);

// The batch or notice of the row at `position`, as it came; nothing if it is damaged or gone.
Result<std::optional<Bytes>> read_row(Database& database, std::int64_t position);

// The whole row at `position`, its bytes being those that `bytes` then holds; nothing if it is
// damaged or gone.
Result<std::optional<Row>> copy_row(Database& database, std::int64_t position, Bytes& bytes);

// The bytes of a notice.
Bytes encode_notice(const PeerId& peer, std::string_view text);

}  // namespace p2pchat
