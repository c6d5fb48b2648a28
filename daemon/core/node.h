// Node: everything a daemon decides.
//
// Facts come in as events, orders go out as actions; see event.h and action.h
// for the contract with whoever carries them out. Node itself only dispatches:
// each wish of the product is a machine of its own (Contacts, Meetings, Links,
// Room, Membership, Wishes, Rendezvous), and a machine holds no reference to
// another.
//
// What a host must do, in this order: build a Node from the store's Snapshot;
// carry out start(); then in every turn deliver what has come, TimerFired when
// deadline() has passed, and TurnEnded last; make all Store... actions of the
// turn durable in one commit; carry out the rest in order. If the commit
// fails, answer the turn's requests with the failure, throw the Node away and
// build the next with that `store_trouble`, until the store takes writes again.
//
// Pure: no clock, no randomness, no socket, no file. Single-threaded; owned by
// the loop. Bounded by proto/limits.h.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "daemon/core/action.h"
#include "daemon/core/clock.h"
#include "daemon/core/contacts.h"
#include "daemon/core/counters.h"
#include "daemon/core/deliveries.h"
#include "daemon/core/entropy.h"
#include "daemon/core/event.h"
#include "daemon/core/links.h"
#include "daemon/core/meetings.h"
#include "daemon/core/membership/membership.h"
#include "daemon/core/push_rate.h"
#include "daemon/core/rendezvous.h"
#include "daemon/core/room/room.h"
#include "daemon/core/settings.h"
#include "daemon/core/snapshot.h"
#include "daemon/core/wishes.h"

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
       std::string store_trouble = {});

  [[nodiscard]] Actions start(Moment now);
  [[nodiscard]] Actions step(Moment now, const Event& event);
  // When TimerFired is wanted next.
  TimePoint deadline() const;

  // --- Queries, for whoever reads the store on behalf of a local user ---
  // Whom or what a local user means; an error says what to do instead.
  Result<Conversation> resolve(std::string_view name) const;
  // Everything that may hold posts or notices.
  std::vector<Conversation> conversations() const;
  // My name for a peer; my own claimed name for myself.
  std::string name_of(const PeerId& peer) const;
  // Nothing can sort below or at this stamp in `room` any more.
  Stamp final_stamp(const RoomId& room) const;

  control::Record id_record() const;
  std::vector<control::Record> peer_records(Moment now) const;
  std::vector<control::Record> room_records(Moment now) const;
  std::vector<control::Record> member_records(const RoomId& room) const;
  // Who and what waits for votes, in all rooms.
  std::vector<control::Record> vote_records() const;
  // All that proves who is in a room: its genesis, and each value with its certificate.
  Result<std::vector<control::Record>> proof_records(std::string_view name) const;
  control::Record status_record(Moment now) const;
  // What is wrong, one sentence each; empty when all is well.
  std::vector<control::Record> doctor_records() const;

 private:
  bool can_store() const { return store_trouble_.empty(); }
  Error no_writes() const;
  // One for each event. They answer actions whose links are chosen already.
  Actions on(const Turn& turn, const event::LinkOpened& event);
  Actions on(const Turn& turn, const event::LinkClosed& event);
  Actions on(const Turn& turn, const event::LinkFrameReceived& event);
  Actions on(const Turn& turn, const event::LiveFrameReceived& event);
  Actions on(const Turn& turn, const event::DoorAsked& event);
  Actions on(const Turn& turn, const event::DoorAnswered& event);
  Actions on(const Turn& turn, const event::DoorFailed& event);
  Actions on(const Turn& turn, const event::PushRequested& event);
  Actions on(const Turn& turn, const event::KeyFound& event);
  Actions on(const Turn& turn, const event::AwaitRequested& event);
  Actions on(const Turn& turn, const event::MeetRequested& event);
  Actions on(const Turn& turn, const event::AliasRequested& event);
  Actions on(const Turn& turn, const event::BlockRequested& event);
  Actions on(const Turn& turn, const event::VerifyRequested& event);
  Actions on(const Turn& turn, const event::RequestDropped& event);
  Actions on(const Turn& turn, const event::CreateRequested& event);
  Actions on(const Turn& turn, const event::JoinRequested& event);
  Actions on(const Turn& turn, const event::VoteRequested& event);
  Actions on(const Turn& turn, const event::LeaveRequested& event);
  Actions on(const Turn& turn, const event::DeleteRequested& event);
  Actions on(const Turn& turn, const event::ListingRequested& event);
  Actions on(const Turn& turn, const event::ListRequested& event);
  Actions on(const Turn& turn, const event::RendezvousAnswered& event);
  Actions on(const Turn& turn, const event::RendezvousFailed& event);
  Actions on(const Turn& turn, const event::KeepRequested& event);
  Actions on(const Turn& turn, const event::Pruned& event);
  Actions on(const Turn& turn, const event::BatchDamaged& event);
  Actions on(const Turn& turn, const event::Compared& event);
  Actions on(const Turn& turn, const event::PrunedFound& event);
  Actions on(const Turn& turn, const event::StoreRecovered& event);
  Actions on(const Turn& turn, const event::TimerFired& event);
  Actions on(const Turn& turn, const event::TurnEnded& event);

  // What a link message means; the others are their room's.
  Actions receive(const Turn& turn, const event::LinkFrameReceived& from,
                  const link::Registration& message);
  Actions receive(const Turn& turn, const event::LinkFrameReceived& from, const link::Ack& message);
  Actions receive(const Turn& turn, const event::LinkFrameReceived& from, const link::Roll& roll);
  Actions receive(const Turn& turn, const event::LinkFrameReceived& from,
                  const link::Objects& objects);
  template <class Message>
  Actions receive(const Turn& turn, const event::LinkFrameReceived& from, const Message& message);

  // --- Rooms of many ---
  Actions take(const Turn& turn, Rendezvous::Reply reply);
  Actions take_page(const Turn& turn, const rendezvous::Page& page,
                    const std::optional<RoomId>& entry);
  Actions take_objects(const Turn& turn, const std::vector<Object>& objects,
                       const std::optional<PeerId>& from);
  bool is_host_of(const RoomId& room, const PeerId& peer) const;
  // Tells my name for a room's creator beside its id.
  Actions with_creators(Actions actions) const;
  Actions take_card(const Turn& turn, const Card& card);
  Actions created(const Turn& turn, const Rendezvous::ForCreation& why,
                  const rendezvous::Answer& answer);
  Actions listed(Rendezvous::ForList why, const rendezvous::Question& question,
                 const rendezvous::Answer& answer);
  Actions found_to_meet(const Turn& turn, Rendezvous::ForMeeting why,
                        const rendezvous::Question& question, const rendezvous::Answer& answer);
  Actions entering(const Turn& turn, const Rendezvous::ForEntry& why,
                   const rendezvous::Question& question, const rendezvous::Answer& answer);
  Actions told(const Turn& turn, const Standing& standing);
  // False if too many questions wait.
  bool ask_to_list(const std::optional<RequestId>& request);
  std::vector<Place> own_places() const;
  // Whoever stands at my door for a room's sake.
  Actions at_door(const event::DoorAsked& event, const Turn& turn, const door::Question& question);
  door::Answer answer_inquiry(const door::Inquiry& inquiry) const;
  door::Answer answer_knock(const Turn& turn, const event::DoorAsked& event, const Knock& knock);
  Actions invite(const PeerId& peer);
  // Links for a while with one who takes itself for a member still, and is shown by what it went.
  Actions see_off(const Turn& turn, const door::Invitation& invitation);
  Actions end_memberships(const Turn& turn);
  void tell_heads(Membership& membership);
  Actions notices(const Turn& turn, Membership& membership);
  std::string notice_text(const Membership& membership, const Membership::News& news) const;
  // The room follows what is decided of its roster.
  Actions follow(const Turn& turn, const Membership& membership);
  // Admits and dials who sits in a room with me, or shows me one, and lets go of who does not.
  Actions keep_company(const Turn& turn);
  bool is_done_with(const Membership& membership) const;
  std::map<PeerId, const Card*> company() const;
  bool has_company_changed();
  Actions end_farewells(const Turn& turn);
  Actions tell_rolls(const PeerId& peer);
  // Met, or here for a room's sake.
  bool may_link(const PeerId& peer) const;
  bool is_home() const;
  // Rooms that I wish to join, or did: their notices are read by name too.
  std::vector<Conversation> wished_conversations() const;
  Membership* membership_of(std::string_view name);
  const Membership* membership_of(std::string_view name) const;
  Result<Membership*> live_membership(std::string_view name);
  std::string room_name(const Genesis& genesis) const;
  // My name for somebody who knocks: its own, with the beginning of its id unless it is the only
  // one here that is called so.
  std::string candidate_name(const Membership& membership, const PeerId& peer) const;
  Result<PeerId> resolve_candidate(const Membership& membership, std::string_view who) const;
  Result<std::vector<PeerId>> resolve_members(const Membership& membership,
                                              std::string_view who) const;
  control::Record vote_record(const Membership& membership, const ChangeId& change,
                              const std::vector<PeerId>& who, const std::string& kind) const;
  std::vector<control::Record> many_records(Moment now) const;
  std::vector<control::Record> many_member_records(const Membership& membership) const;
  static void add_receipts(const Room& room, const PeerId& peer, control::Record& row);
  static void add_room_facts(Moment now, const Room& room, control::Record& row);
  void restore_rooms(const Snapshot& snapshot);
  Actions start_rooms(const Turn& turn);
  Actions push_to(Room* room, const std::string& name, const event::PushRequested& event);

  // The one way in: admits, opens the pair room, and begins to dial.
  Actions admit(const Turn& turn, const Contact& contact);
  void open_room(const PeerId& peer);
  Actions settle(const Turn& turn, Meetings::Outcome outcome);
  Actions link_ready(const Turn& turn, const PeerId& peer);
  Actions dial_failed(const Turn& turn, const PeerId& peer);
  // Chooses the link of every SendLink and Give that a room has ordered, drops those without
  // one, and keeps the table of topics.
  Actions from_room(const Room& room, const PeerId& said_by, Actions actions);
  Actions push_found(const event::PushRequested& asked, const event::KeyFound& event);
  Actions push(const event::PushRequested& event);
  Actions pace(const event::PushRequested& event);
  // Pushes that have waited for the rate, as far as it allows now.
  Actions release_paced(const Turn& turn);
  Result<Contact*> contact_of(std::string_view who);
  Deliveries::Around around_deliveries() const;
  // One in which I talk: nothing of a room that I am not in.
  const Room* talking_room(const RoomId& room) const;
  Room* room_of(const RoomId& room);
  const Room* room_of(const RoomId& room) const;
  void make_card(Counter counter);
  RoomState take_stored(const RoomId& room);
  // A line for the log, unless there was one about this peer a short while ago.
  Actions report(const Turn& turn, const PeerId& peer, const std::string& text);

  Settings settings_;
  Identity identity_;
  Entropy entropy_;
  Incarnation incarnation_;
  Clock clock_;
  std::string store_trouble_;  // Why the store takes no writes; empty if it does.
  Card card_;
  action::StoreSelf stored_self_;         // As it is, or will be with this turn, in the store.
  std::map<RoomId, RoomState> snapshot_;  // Rooms that no contact has opened yet.
  Contacts contacts_;
  Meetings meetings_;
  Links links_;
  PushRate rate_;
  std::deque<event::PushRequested> paced_;  // They wait for the rate; at most kPacedPushesMax.
  TimePoint paced_due_ = TimePoint::never();
  // Whose keys are looked for: under each one at a time, so that the next finds what it stored.
  std::map<std::pair<RoomId, std::string>, std::deque<event::PushRequested>> keyed_;
  std::map<RoomId, Room> rooms_;
  Deliveries deliveries_;
  std::map<RoomId, PeerId> peers_;  // The other member of each pair room, strangers' too.
  std::map<Topic, std::pair<RoomId, PeerId>> topics_;
  std::map<PeerId, TimePoint> reported_;  // Bounded by the contacts.
  std::map<RoomId, Membership> memberships_;
  Wishes wishes_;
  Rendezvous rendezvous_;
  // Told of a room that I am in that I am not: it has been asked why. By my admission.
  std::set<std::pair<ChangeId, State>> asked_why_;
  std::optional<std::string> listing_;  // Where I am to be listed; empty: as on my card.
  TimePoint listing_due_ = TimePoint::never();
  Hash company_basis_;
  std::set<PeerId> near_;                     // Candidates that came to my door from this host.
  std::map<std::string, Genesis> abandoned_;  // Made, but not taken by the rendezvous.
  std::set<PeerId> company_;                  // Linked for a room's sake.
  std::map<PeerId, TimePoint> farewells_;     // Let go of, once it has been told why.
  std::map<VisitId, PeerId> invitations_;     // Visits to doors of those let in.
  VisitId last_invitation_{Wishes::kFirstVisit / 2};
  std::string damage_;  // A stored room that does not hold together.
  Counters counters_;
};

}  // namespace p2pchat
