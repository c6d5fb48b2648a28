// Action: an order that goes out, named in the imperative.
//
// The order of actions is the promise: whatever stands before an action in the
// list has happened when it happens. Several turns' worth may share one
// commit, as long as all Store... are durable before anything else of the same
// list is done. No action answers; what the core must learn comes as an event.
// If a commit fails, nothing of its list is done, and the Node is built anew.
#pragma once

#include <concepts>
#include <map>
#include <string>
#include <variant>
#include <vector>

#include "daemon/core/contact.h"
#include "daemon/core/event.h"
#include "daemon/core/snapshot.h"
#include "proto/batch.h"
#include "proto/control.h"
#include "proto/link.h"

namespace p2pchat {

namespace action {

// --- Durable ---
struct StoreSelf {
  Counter card_counter;
  Stamp promised;
};
// Replaces what is stored of contact.id.
struct StoreContact {
  Contact contact;
};
// Appends to its feed, or fills the place of one that was found damaged.
struct StoreBatch {
  Batch batch;
  WallTime received;
};
// Replaces what is stored of the room, but for what the orders below store of it.
struct StoreRoom {
  RoomRecord room;
};
// Takes the place of a decision of the same height, if there is one.
struct StoreDecision {
  Value value;
  Certificate certificate;
};
// My newest pledge in its room; takes the place of the one before. A decision leaves it be.
struct StorePledge {
  Pledge pledge;
  Value value;
};
// Something signed that is not settled yet.
struct StoreObject {
  RoomId room;
  Hash key;
  Object object;
};
struct DropObject {
  RoomId room;
  Hash key;
};
// Replaces the wish for the same room.
struct StoreWish {
  WishRecord wish;
};
struct DropWish {
  RoomId room;
};
// The address under which the rendezvous is to list me; empty: as on my card. Nothing: not at all.
struct StoreListing {
  std::optional<std::string> address;
};
// In one commit with the batch that holds the post.
struct StoreKey {
  KeyRecord key;
};
// Replaces what is kept of the room's texts, and how much. Nothing is pruned by it.
struct StoreRetention {
  RoomId room;
  Retention retention;
};
// Puts in the place of batches what is left of them without their texts, in the order in which
// they came: but for openings, and at most kPruneBatchesMax of kPruneLooksMax; ends in Pruned.
struct Prune {
  RoomId room;
  Stamp before;                         // Those that end below it, and
  std::optional<std::uint64_t> bytes;   // others while all that have texts have more bytes,
  std::map<FeedId, Number> bounds;      // up to these numbers, and of no other feed,
  std::vector<StampRange> spared = {};  // and none that ends in one of these;
  std::int64_t after = 0;               // beginning behind what was looked at before.
};
// A system message for local readers, in this room; `peer` is whom it is about.
struct StoreNotice {
  RoomId room;
  PeerId peer;
  WallTime time;
  std::string text;
};
// One of those above.
template <class Order>
concept Durable = std::same_as<Order, StoreSelf> || std::same_as<Order, StoreContact> ||
    std::same_as<Order, StoreBatch> || std::same_as<Order, StoreNotice> ||
    std::same_as<Order, StoreRoom> || std::same_as<Order, StoreDecision> ||
    std::same_as<Order, StorePledge> || std::same_as<Order, StoreObject> ||
    std::same_as<Order, DropObject> || std::same_as<Order, StoreWish> ||
    std::same_as<Order, DropWish> || std::same_as<Order, StoreListing> ||
    std::same_as<Order, StoreKey> || std::same_as<Order, StoreRetention> ||
    std::same_as<Order, Prune>;

// --- Links and PUB ---
struct Admit {
  PeerId peer;
};
// No longer admitted; what stands is cut.
struct Expel {
  PeerId peer;
};
// One attempt to open a link at this host and link port; ends in LinkOpened or LinkClosed.
struct Dial {
  PeerId peer;
  std::string host;
  std::uint16_t port;
};
struct HangUp {
  PeerId peer;
  LinkSide side;
};
// Connects SUB to a peer's PUB, and leaves an older address of the same peer.
struct Hear {
  PeerId peer;
  std::string host;
  std::uint16_t port;
};
struct Unhear {
  PeerId peer;
};
struct Subscribe {
  Topic topic;
};
struct Unsubscribe {
  Topic topic;
};
struct Publish {
  Bytes frame;
};
struct SendLink {
  PeerId peer;
  LinkSide side;
  Bytes frame;
};
// Answers `want` from the store: Give frames, in order, the last with `end`.
struct Give {
  PeerId peer;
  LinkSide side;
  link::Want want;
};

// --- The door ---
struct AnswerDoor {
  VisitId visit;
  Bytes answer;
};
// One connection, one question, one answer; ends in DoorAnswered or DoorFailed.
struct VisitDoor {
  VisitId visit;
  Address address;
  Bytes question;
};

// --- The rendezvous ---
// One question at a time at each desk; ends in RendezvousAnswered or RendezvousFailed.
struct AskRendezvous {
  Desk desk;
  Bytes question;
};

// --- Local ---
struct Answer {
  RequestId request;
  ExitCode code;
  std::string error;  // A sentence, unless done.
  control::Record row;
  std::vector<control::Record> rows = {};  // That go out before it.
};
// Looks for the key in what is durable by then; ends in KeyFound.
struct FindKey {
  RoomId room;
  std::string key;
};
// Looks for the stored batch that holds this post, if it is whole; ends in Compared.
struct Compare {
  RoomId room;
  Bytes suspect;  // A batch of the same author that does not fit it.
  FeedId feed;
  Number number;
};
// Lists the next kTextlessMax batches without texts, from this stamp on, the newest first; ends in
// PrunedFound.
struct FindPruned {
  RoomId room;
  Stamp from;
  PrunedAt before;
};
// For the log: something an administrator should know. At most one line a minute and peer.
struct Report {
  std::string text;
};

}  // namespace action

using Action = std::variant<
    action::StoreSelf, action::StoreContact, action::StoreBatch, action::StoreNotice, action::Admit,
    action::Expel, action::Dial, action::HangUp, action::Hear, action::Unhear, action::Subscribe,
    action::Unsubscribe, action::Publish, action::SendLink, action::Give, action::AnswerDoor,
    action::VisitDoor, action::Answer, action::Report, action::StoreRoom, action::StoreDecision,
    action::StorePledge, action::StoreObject, action::DropObject, action::StoreWish,
    action::DropWish, action::StoreListing, action::AskRendezvous, action::StoreKey,
    action::FindKey, action::Compare, action::StoreRetention, action::Prune, action::FindPruned>;

using Actions = std::vector<Action>;

// True for what is to be stored before anything else of its list is done.
inline bool is_durable(const Action& action) {
  return std::visit([]<class Order>(const Order&) { return action::Durable<Order>; }, action);
}

}  // namespace p2pchat
