// Link messages: what two registered peers say to each other over a link, one
// message a frame. The same encodings, sealed, go out on PUB (Posts and Beat).
//
// Pure; each decode is bounded by kFrameBytesMax.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "proto/batch.h"
#include "proto/beat.h"
#include "proto/card.h"
#include "proto/object.h"

namespace p2pchat {

// The four codes. They stand at the door and on a new link alike.
enum class Code : std::uint8_t { registration = 1, success = 2, unregistered = 3, invalid = 4 };

// Longest reason that an Ack gives; longer ones are cut when they are encoded.
inline constexpr std::size_t kReasonBytesMax = 256;
std::string reason_text(std::string_view reason);

namespace link {

// Opens a link: who I am now. Answered by an Ack.
struct Registration {
  Card card;
  Incarnation incarnation;  // Another one on a standing link: its sender has begun anew.
};
struct Ack {
  Code code = Code::success;  // Never `registration`.
  std::string reason;         // For people; empty on success.
};
// The key and the topic of my sealed frames in a room, from now on.
struct Handover {
  RoomId room;
  Topic topic;
  RoomKey key;
};
// One batch, as its author signed it.
struct Posts {
  RoomId room;
  Bytes batch;
};
struct Pulse {
  RoomId room;
  Bytes beat;
};
// "Send me all your heads of this room."
struct AskHeads {
  RoomId room;
};
// One page of all heads.
struct Heads {
  RoomId room;
  std::vector<Head> heads;
};
// "Send me these posts", and not more than `budget` bytes of them.
struct Want {
  WantId want;
  RoomId room;
  FeedId feed;
  Number first;
  Number last;
  std::uint64_t budget = 0;
};
// "So far I have come in this room": answered by what its sender lacks of the chain, and of what is
// not settled if `pool` differs.
struct Roll {
  RoomId room;
  std::uint64_t height = 0;
  ValueId value;  // The last that is decided; of the genesis, what stands for it.
  Hash pool;      // Over all that is known and not settled.
};
// What members have signed of the room, in an order in which it can be taken; of any kind but a
// card or a standing.
struct Objects {
  RoomId room;
  std::vector<Object> objects;
};
// Batches for a want, in order. `end`: nothing more comes for it.
struct Give {
  WantId want;
  RoomId room;
  std::vector<Bytes> batches;
  bool end = false;
};

using Message = std::variant<Registration, Ack, Handover, Posts, Pulse, AskHeads, Heads, Want, Give,
                             Roll, Objects>;

// The message fits a frame.
Bytes encode(const Message& message);
// What is signed inside (card, batch, beat) is decoded by its own type; only
// Registration's card is verified here.
Result<Message> decode(ByteView frame);

}  // namespace link
}  // namespace p2pchat
