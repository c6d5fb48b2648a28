// Event: a fact that comes in, named in the past tense.
//
// Frames arrive as bytes: what they mean is the core's business.
#pragma once

#include <string>
#include <variant>

#include "daemon/core/snapshot.h"
#include "proto/address.h"
#include "proto/batch.h"
#include "proto/consent.h"
#include "proto/ids.h"

namespace p2pchat {

// Of the two connections to the rendezvous: for questions that are answered at once, and for the
// one that waits for news.
enum class Desk : std::uint8_t { ask, watch };

// Of the two connections that two peers may have: the one I opened, or theirs.
enum class LinkSide : std::uint8_t { dialled, accepted };

namespace event {

// A connection with an authenticated peer stands; `host` is where it leads or comes from.
struct LinkOpened {
  PeerId peer;
  LinkSide side;
  std::string host;
};
// It is gone, or (dialled side) never came to be; `why` is for people.
struct LinkClosed {
  PeerId peer;
  LinkSide side;
  std::string why;
};
struct LinkFrameReceived {
  PeerId peer;
  LinkSide side;
  Bytes frame;
};
// From some publisher's PUB; the topic within tells whose.
struct LiveFrameReceived {
  Bytes frame;
};
// A stranger's connection to the door carries one whole question.
struct DoorAsked {
  VisitId visit;
  std::string host;
  Bytes question;
};
// Of a visit that VisitDoor began.
struct DoorAnswered {
  VisitId visit;
  Bytes answer;
};
struct DoorFailed {
  VisitId visit;
  std::string why;
};

// Of a question that AskRendezvous put.
struct RendezvousAnswered {
  Desk desk;
  Bytes answer;
};
struct RendezvousFailed {
  Desk desk;
  std::string why;
};

// A local user's wishes. Each is answered by exactly one Answer.
struct PushRequested {
  RequestId request;
  std::string to;  // A name, an alias, an id or a prefix of one.
  Bytes body;
  bool waits = false;         // For the rate to allow it, in its turn; else it is refused.
  std::uint64_t readers = 0;  // It is refused where there are not so many others.
  std::string key = {};       // Posted once under it in this room; empty: as often as it is pushed.
};
// As FindKey has asked; `why` tells that it could not be read.
struct KeyFound {
  RoomId room;
  std::string key;
  std::optional<KeyRecord> known;
  std::string why;
};
// To be told when so many other members hold a post of mine, or all; with a row for each.
struct AwaitRequested {
  RequestId request;
  std::string message;                   // Its id.
  std::optional<std::uint64_t> members;  // Nothing: all.
  std::optional<Duration> patience;      // Nothing: for ever.
};
struct MeetRequested {
  RequestId request;
  std::string target;  // ID@HOST:PORT, HOST[:PORT], or somebody known.
};
struct AliasRequested {
  RequestId request;
  std::string who;
  std::string name;
};
struct BlockRequested {
  RequestId request;
  std::string who;
  bool undo = false;
};
struct VerifyRequested {
  RequestId request;
  std::string who;
};
// A room for at most so many members, me its creator.
struct CreateRequested {
  RequestId request;
  std::string name;
  std::uint64_t size = 0;
  History history = History::none;
};
struct JoinRequested {
  RequestId request;
  std::string room;  // NAME, NAME@CREATOR or NAME@ROOMID.
  std::string note;
  std::string via;     // HOST:PORT of a member's door; empty: by way of the rendezvous.
  bool waits = false;  // For the members' answer; else it is told as a notice.
};
enum class Ballot : std::uint8_t { no, yes, evict };
struct VoteRequested {
  RequestId request;
  std::string room;
  std::string who;  // A candidate, or for an eviction members, with commas between.
  Ballot ballot = Ballot::no;
  std::string note;
};
struct LeaveRequested {
  RequestId request;
  std::string room;
};
// Closes a room that I have made.
struct DeleteRequested {
  RequestId request;
  std::string room;
};
// The rendezvous is to list me, or not any more.
struct ListingRequested {
  RequestId request;
  std::string address;  // HOST[:PORT] instead of what my card says; empty: as it is.
  bool undo = false;
};
// Whom the rendezvous lists.
struct ListRequested {
  RequestId request;
};
// How much of a conversation is to be kept on this disk; nothing: only to be told.
struct KeepRequested {
  RequestId request;
  std::string name;
  std::optional<Retention> retention;
};
// The user who asked is gone: no Answer is wanted any more.
struct RequestDropped {
  RequestId request;
};

// A read found that a stored batch is not what was stored.
struct BatchDamaged {
  RoomId room;
  FeedId feed;
  Number first;
  Number last;
};
// As Compare has asked: of one author, a batch that came and the one that is held.
struct Compared {
  RoomId room;
  Bytes suspect;
  Bytes held;
};
// As Prune has asked.
struct Pruned {
  RoomId room;
  std::int64_t freed = 0;    // Bytes; below zero where hashes take more than texts did.
  Stamp newest;              // Post that was pruned; zero if none was.
  std::int64_t reached = 0;  // What was looked at.
  bool has_more = false;
};
// As FindPruned has asked.
struct PrunedFound {
  RoomId room;
  PrunedAt before;
  std::optional<std::vector<PrunedBatch>>
      batches;  // Openings are none; nothing: it cannot be read.
};
// The store takes writes again after a commit had failed.
struct StoreRecovered {};
// The moment that deadline() named has come.
struct TimerFired {};
// All that was waiting in this turn of the loop has been delivered.
struct TurnEnded {};

}  // namespace event

using Event = std::variant<
    event::LinkOpened, event::LinkClosed, event::LinkFrameReceived, event::LiveFrameReceived,
    event::DoorAsked, event::DoorAnswered, event::DoorFailed, event::PushRequested, event::KeyFound,
    event::AwaitRequested, event::MeetRequested, event::AliasRequested, event::BlockRequested,
    event::VerifyRequested, event::RequestDropped, event::CreateRequested, event::JoinRequested,
    event::VoteRequested, event::LeaveRequested, event::DeleteRequested, event::ListingRequested,
    event::ListRequested, event::RendezvousAnswered, event::RendezvousFailed, event::BatchDamaged,
    event::Compared, event::StoreRecovered, event::TimerFired, event::TurnEnded,
    event::KeepRequested, event::Pruned, event::PrunedFound>;

}  // namespace p2pchat
