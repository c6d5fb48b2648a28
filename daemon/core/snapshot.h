// Snapshot: what the store hands to a Node that begins.
//
// The core's memory is a cache of the store; there is one recovery path, and it
// is a restart from one of these. Values only.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "daemon/core/contact.h"
#include "proto/batch.h"
#include "proto/moment.h"
#include "proto/object.h"
#include "proto/value.h"

namespace p2pchat {

// How far the store holds one feed without a gap.
struct FeedState {
  FeedId feed;
  Number have;
  Hash head;            // Of post `have`.
  Stamp stamp;          // Of post `have`.
  Hash opening = {};    // Of post 1.
  Opening opened = {};  // As post 1 says.
};

// How much of a room's texts is kept on this disk; nothing: all of them.
struct Retention {
  std::optional<Duration> age;         // Not those that are older,
  std::optional<std::uint64_t> bytes;  // nor the first that came, when there are more bytes.

  bool is_on() const { return age || bytes; }
  bool operator==(const Retention&) const = default;
};

// Where a batch without texts stands among the others: by the stamp of its last post, and its row.
struct PrunedAt {
  Stamp stamp;
  std::int64_t row = 0;

  auto operator<=>(const PrunedAt&) const = default;
};

// A stored batch whose texts are kept no more.
struct PrunedBatch {
  FeedId feed;
  Number first;
  Number last;
  PrunedAt at;
  Hash left;  // Of what is stored of it.
};
inline Hash hash_of_pruned(ByteView left) {
  return Hasher("p2pchat pruned batch").add(left).finish();
}

struct RoomState {
  RoomId room;
  std::uint64_t bytes = 0;  // Of all stored batches.
  std::vector<FeedState> feeds;
  Retention retention = {};
  Stamp cut = {};   // The newest post that my retention has pruned.
  Stamp kept = {};  // The newest post that is pruned.
};

// A post of mine that a script has given a name, so that it is posted once for ever.
struct KeyRecord {
  RoomId room;
  std::string key;
  Hash text;  // Of what was to be said: see text_hash() in room.h.
  FeedId feed;
  Number number;
  WallTime time;
};

// A room of many, as it is kept.
struct RoomRecord {
  Genesis genesis;
  std::string name;               // As listed here; unique on this host.
  std::optional<Seat> forgotten;  // The seat in which I pledge nothing any more.
  bool is_gone = false;           // I am no member any more; its history is kept.
};
struct StoredDecision {
  Value value;
  Certificate certificate;
};
struct StoredPledge {
  Pledge pledge;
  Value value;
};
struct MembershipState {
  RoomRecord room;
  std::vector<StoredDecision> decisions;  // By height.
  std::optional<StoredPledge> pledge;
  std::vector<Object> objects;
};
// A room that I wish to join.
struct WishRecord {
  RoomId room;
  std::string name;  // Of the room.
  PeerId creator;
  Bytes knock;
  std::string via;          // A member's door; empty: by way of the rendezvous.
  bool is_over = false;     // It has come to nothing; kept for its notice's sake.
  std::vector<Card> hosts;  // Members that may link with me, to show me the room.
};

struct Snapshot {
  Counter card_counter;  // Of the newest own card that may be known anywhere.
  Stamp promised;        // Nothing may be stamped at or below it.
  std::vector<Contact> contacts;
  std::vector<RoomState> rooms;
  std::vector<MembershipState> memberships;
  std::vector<WishRecord> wishes;
  std::optional<std::string> listing;  // Where the rendezvous is to list me; see StoreListing.
};

}  // namespace p2pchat
