// Standing: how whoever has knocked stands to a room.
//
// What a candidate is told before it is a member, and all that it is told then.
// Pure values.
#pragma once

#include "proto/bytes.h"
#include "proto/ids.h"
#include "proto/result.h"

namespace p2pchat {

enum class State : std::uint8_t {
  waiting = 0,  // Its knock is voted on.
  member = 1,
  refused = 2,  // A member said no.
  expired = 3,
  gone = 4,    // It left, or was evicted.
  closed = 5,  // The room is closed, or was forgotten.
};

struct Standing {
  RoomId room;
  ChangeId admission;  // Its knock.
  State state = State::waiting;
  std::uint64_t voted = 0;  // Members who have voted on it, while it waits.

  Bytes encode() const;
  static Result<Standing> decode(ByteView raw);
  auto operator<=>(const Standing&) const = default;
};

}  // namespace p2pchat
