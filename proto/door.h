// Door messages: the only words a stranger can say to a daemon.
//
// A connection carries one question and one answer, each a 4-byte big-endian
// length and that many bytes of msgpack, at most kDoorBytesMax together.
// Pure; bounded.
#pragma once

#include <string>
#include <variant>

#include "proto/card.h"
#include "proto/consent.h"
#include "proto/link.h"
#include "proto/stamp.h"
#include "proto/standing.h"

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

// "What room is called so here?" Answered by an Outline.
struct Inquiry {
  std::string name;
  PeerId asker;
};
// "Let me in": answered by how the candidate stands, as often as it asks.
struct Knocking {
  Knock knock;
};
// "The room that you wish for has let you in; I am a member of it, and you may link with me."
// Signed over the room and whom it is for.
struct Invitation {
  RoomId room;
  Card card;  // The member's, who signs.
  PeerId to;
  Signature signature;

  static Invitation make(const Identity& member, const RoomId& room, Card card, const PeerId& to);
};

using Question = std::variant<Who, Registration, Inquiry, Knocking, Invitation>;

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
// What a candidate may know of a room.
struct Outline {
  RoomId room;
  PeerId creator;
  std::uint64_t size = 0;
  std::uint64_t gone = 0;  // The height at which the asker went, if it was here.
  Card card;               // Of whose door it is.
};
// How a candidate stands.
struct Answered {
  State state = State::waiting;
  std::uint64_t voted = 0;  // Members who have voted, while it waits.
  Card card;                // Of whose door it is.
};
// The knock was not taken.
struct Refused {
  ExitCode code = ExitCode::failed;
  std::string reason;
};
using Answer = std::variant<Introduction, Ack, Outline, Answered, Refused>;

Bytes encode_who();
Bytes encode(const Inquiry& inquiry);
Bytes encode(const Knocking& knocking);
Bytes encode(const Invitation& invitation);
// Decodes and verifies the cards, the signatures and the founding.
Result<Question> decode_question(ByteView bytes);
Bytes encode(const Answer& answer);
Result<Answer> decode_answer(ByteView bytes);

// Framing: the length and the bytes.
Bytes framed(ByteView message);
// The whole message at the front of `received`; nothing while it is incomplete;
// an error if its length breaks the limit.
Result<std::optional<Bytes>> unframed(ByteView received);

}  // namespace p2pchat::door
