// Door messages: the only words a stranger can say to a daemon.
//
// A connection carries one question and one answer, each a 4-byte big-endian
// length and that many bytes of msgpack, at most kDoorBytesMax together.
// Pure; bounded.
#pragma once

#include <string>
#include <variant>

#include "proto/card.h"
#include "proto/link.h"
#include "proto/stamp.h"

namespace p2pchat::door {

// "Who are you?" Answered by a signed card.
struct Who {};

// What a peer that lost its state is told of itself by one that has not.
struct Reminder {
  Signature founding;  // Its own signature on the pair room.
  Card card;           // Its newest card, as the other knows it.
  Stamp stamp;         // Of its newest post that the other holds.
};

// "I am this, and I want to talk to you." Signed over all it holds.
struct Registration {
  Card card;
  PeerId to;
  Signature founding;                // The sender's, on the pair room of both.
  std::optional<Reminder> reminder;  // If both have been registered before.

  Bytes encode(const Identity& sender) const;
};

using Question = std::variant<Who, Registration>;

struct Introduction {
  Card card;
};
// The answer to a registration. On success it carries the other half of the founding.
struct Ack {
  Code code = Code::success;
  std::string reason;    // For people; empty on success.
  bool waiting = false;  // Unregistered yet, but a user is being asked.
  std::optional<Signature> founding;
  std::optional<Card> card;
};
using Answer = std::variant<Introduction, Ack>;

Bytes encode_who();
// Decodes and verifies the card, the signature and the founding.
Result<Question> decode_question(ByteView bytes);
Bytes encode(const Answer& answer);
Result<Answer> decode_answer(ByteView bytes);

// Framing: the length and the bytes.
Bytes framed(ByteView message);
// The whole message at the front of `received`; nothing while it is incomplete;
// an error if its length breaks the limit.
Result<std::optional<Bytes>> unframed(ByteView received);

}  // namespace p2pchat::door
