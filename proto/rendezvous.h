// Rendezvous messages: what a client asks of a rendezvous, and what it answers.
//
// A request is one frame of a REQ socket, and so is its reply. Whoever asks
// names its id, and must have connected with that id's CURVE key; a stranger
// names none. Objects travel as they were signed, beside their kind; what is in
// them is for whoever takes them to decode.
//
// Pure; bounded: a message fits kFrameBytesMax.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "proto/address.h"
#include "proto/card.h"
#include "proto/moment.h"
#include "proto/object.h"
#include "proto/standing.h"

namespace p2pchat::rendezvous {

inline constexpr std::uint16_t kPortDefault = 7472;

// Whom to expect, and where: "ID@HOST:PORT", as a rendezvous tells it.
struct Locator {
  PeerId id;
  Address address;

  auto operator<=>(const Locator&) const = default;
};
// A host alone means the default port. The id is one that CURVE can expect.
Result<Locator> parse_locator(std::string_view text);
std::string to_text(const Locator& locator);

// Where a reader stands; given back as it came. Zero stands before everything.
using Cursor = Whole<struct CursorTag>;

// --- Questions ---

// Keep my card for so long, for the members of my rooms; and for everybody, if it is listed.
struct Add {
  Card card;
  Duration lifetime{};  // Whole seconds, up to kCardLifetimeMax.
  bool listed = false;
};
// Forget my card.
struct Remove {};
// The cards that are listed, of ids above `after`.
struct List {
  PeerId after;
};
// The names of all rooms above `after`.
struct Rooms {
  std::string after;
};
// What a candidate may know of a room.
struct Describe {
  std::string name;
};
// Take this object: create, join, vote, leave, delete, or put, by its kind.
struct Put {
  Object object;
};
// What is new in one room, now.
struct Fetch {
  RoomId room;
  Cursor cursor;
};
// What is new for me; held until there is something, or kWatchTimeout.
struct Watch {
  Cursor cursor;
};
using Question = std::variant<Add, Remove, List, Rooms, Describe, Put, Fetch, Watch>;

struct Request {
  std::optional<PeerId> asker;
  Question question;
};

Bytes encode(const Request& request);
// A card in it is verified, an object is not looked into.
Result<Request> decode_request(ByteView bytes);

// --- Answers ---

struct Failure {
  ExitCode code = ExitCode::failed;
  std::string text;
};
struct Done {};
struct Cards {
  std::vector<Card> cards;
  bool more = false;
};
struct Names {
  std::vector<std::string> names;
  bool more = false;
};
struct Description {
  RoomId room;
  PeerId creator;
  std::uint64_t size = 0;
  std::uint64_t voted = 0;  // On the asker's own knock.
  // The height at which the asker went when it was here last, or 0: its knock names it.
  std::uint64_t gone = 0;
};
struct Page {
  Cursor cursor;
  std::vector<Object> objects;
  bool more = false;
};
using Answer = std::variant<Failure, Done, Cards, Names, Description, Page>;

Bytes encode(const Answer& answer);
// The answer to `question`: a Failure, or the one that fits it.
Result<Answer> decode_answer(ByteView bytes, const Question& question);

}  // namespace p2pchat::rendezvous
