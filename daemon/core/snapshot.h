// Snapshot: what the store hands to a Node that begins.
//
// The core's memory is a cache of the store; there is one recovery path, and it
// is a restart from one of these. Values only.
#pragma once

#include <vector>

#include "daemon/core/contact.h"
#include "proto/batch.h"

namespace p2pchat {

// How far the store holds one feed without a gap.
struct FeedState {
  FeedId feed;
  Number have;
  Hash head;    // Of post `have`.
  Stamp stamp;  // Of post `have`.
};

struct RoomState {
  RoomId room;
  std::uint64_t bytes = 0;  // Of all stored batches.
  std::vector<FeedState> feeds;
};

struct Snapshot {
  Counter card_counter;  // Of the newest own card that may be known anywhere.
  Stamp promised;        // Nothing may be stamped at or below it.
  std::vector<Contact> contacts;
  std::vector<RoomState> rooms;
};

}  // namespace p2pchat
