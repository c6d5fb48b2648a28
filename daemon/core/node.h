// Node: everything a daemon decides.
//
// Facts come in as events, orders go out as actions; see event.h and action.h
// for the contract with whoever carries them out. Node itself only dispatches:
// each wish of the product is a machine of its own (Contacts, Meetings, Links,
// Room), and a machine holds no reference to another.
//
// What a host must do, in this order: build a Node from the store's Snapshot;
// carry out start(); then in every turn deliver what has come, TimerFired when
// deadline() has passed, and TurnEnded last; make all Store... actions of the
// turn durable in one commit; carry out the rest in order. If the commit
// fails, answer the turn's requests with the failure, throw the Node away and
// build the next with `can_store` false until the store takes writes again.
//
// Pure: no clock, no randomness, no socket, no file. Single-threaded; owned by
// the loop. Bounded by proto/limits.h.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "daemon/core/action.h"
#include "daemon/core/clock.h"
#include "daemon/core/contacts.h"
#include "daemon/core/entropy.h"
#include "daemon/core/event.h"
#include "daemon/core/links.h"
#include "daemon/core/meetings.h"
#include "daemon/core/room.h"
#include "daemon/core/settings.h"
#include "daemon/core/snapshot.h"

namespace p2pchat {

// A conversation as a local user names it.
struct Conversation {
  RoomId room;
  PeerId peer;
  std::string name;
};

class Node {
 public:
  // `seed` is fresh entropy: it makes this run's incarnation, salts and keys.
  Node(Settings settings, Identity identity, const Seed& seed, const Snapshot& snapshot,
       bool can_store = true);

  [[nodiscard]] Actions start(Moment now);
  [[nodiscard]] Actions step(Moment now, const Event& event);
  // When TimerFired is wanted next.
  TimePoint deadline() const;

  // --- Queries, for whoever reads the store on behalf of a local user ---
  // Whom or what a local user means; an error says what to do instead.
  Result<Conversation> resolve(std::string_view name) const;
  // Everything that may hold posts or notices.
  std::vector<Conversation> conversations() const;
  // My name for a peer; "me" is my own claimed name.
  std::string name_of(const PeerId& peer) const;
  // Nothing can sort below or at this stamp in `room` any more.
  Stamp final_stamp(const RoomId& room) const;

  control::Record id_record() const;
  std::vector<control::Record> peer_records() const;
  std::vector<control::Record> room_records() const;
  std::vector<control::Record> member_records(const RoomId& room) const;
  control::Record status_record(Moment now) const;
  // What is wrong, one sentence each; empty when all is well.
  std::vector<control::Record> doctor_records(Moment now) const;
};

}  // namespace p2pchat
