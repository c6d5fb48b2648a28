// Beat: "this is what I hold", signed and counted, because it is a promise and
// a receipt.
//
// Its author promises to post nothing at or below `stamp`, and receipts every
// head it names. Bounded: at most kBeatHeadsMax heads; a full vector is sent
// as Heads pages on a link.
#pragma once

#include <vector>

#include "proto/crypto.h"
#include "proto/stamp.h"

namespace p2pchat {

class Packer;
class Unpacker;

struct Head {
  FeedId feed;
  Number number;
  Hash hash;

  auto operator<=>(const Head&) const = default;
};

struct Beat {
  RoomId room;
  PeerId author;
  Counter counter;          // Rises with every beat of one incarnation of its author.
  Incarnation incarnation;  // Of the daemon that speaks.
  Stamp stamp;
  std::optional<Head> own;          // The author's newest post here.
  Hash vector;                      // vector_hash() of all heads it holds and may read,
  std::optional<Hash> common = {};  // and of what all members may read, if that differs.
  std::vector<Head> heads;          // The newest changes among them.
  Bytes hears;                      // Bit i: the i-th member's PUB is heard (members sorted by id).
  // Of what it holds it has the texts of all that is stamped above.
  Stamp kept = {};
  // It lacks texts of posts stamped so that somebody else may have.
  std::optional<StampRange> awaits = {};
  std::uint64_t height = 0;  // Of the roster by which it counts members; 0 in a pair room.
  Bytes raw;                 // Signed bytes; derived.

  // `identity` is the author's.
  void sign(const Identity& identity);
  static Result<Beat> decode(ByteView raw);
};

// `heads` sorted by feed.
Hash vector_hash(const std::vector<Head>& heads);

// A head within a message.
void pack(Packer& packer, const Head& head);
Head unpack_head(Unpacker& in);

}  // namespace p2pchat
