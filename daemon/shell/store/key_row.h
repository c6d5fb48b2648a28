// KeyRow: one KeyRecord as a line of `keys`.
//
// Effects: reads and writes SQLite. Single-threaded. Unbounded: a key is kept
// for ever, as it was promised; each costs about 200 bytes.
#pragma once

#include <optional>
#include <string_view>

#include "daemon/core/snapshot.h"
#include "daemon/shell/store/database.h"

namespace p2pchat {

Result<void> write_key(Database& database, const KeyRecord& record);
// Nothing if the room knows no such key. One that does not read back is damage.
Result<std::optional<KeyRecord>> find_key(Database& database, const RoomId& room,
                                          std::string_view key);

}  // namespace p2pchat
