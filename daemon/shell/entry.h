// Entry: one message as a reader gets it, before names are put in. A value.
#pragma once

#include <string>

#include "proto/ids.h"
#include "proto/stamp.h"

namespace p2pchat {

struct Entry {
  RoomId room;
  PeerId author;
  bool is_system = false;  // A notice of this daemon; no feed, not in `log`.
  std::string id;          // message_id(), or "n.<position>" for a notice.
  Number number;
  Stamp stamp;  // A notice's is made from the time it was written.
  WallTime received;
  Bytes body;
  bool is_late = false;       // Sorts before something that arrived earlier.
  std::int64_t position = 0;  // Of its row, in the order of arrival.
  std::int32_t index = 0;     // Of the post within its batch.
};

}  // namespace p2pchat
