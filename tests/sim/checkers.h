// Checkers: what must hold after every step of every host, whatever the faults.
//
//   stored before sent   nothing leaves a host that its store could lose
//   one truth            feeds are gapless, chained and signed, and nowhere in
//                        the world do two posts stand at one number
//   nothing invented     whatever a store holds, its author's user has pushed
//   order                posts arrive in the order their author was answered in,
//                        over all its incarnations
//   clocks               stamps rise, above all that was stored, promised or shown
//   final is final       nothing is stored below a line once said to be final
//   nobody goes short    a text is pruned only once all who may read it hold it
//   blocked is blocked   nothing of a room goes to, or comes from, a blocked peer
//   among members        what is said in a room goes to its members of then
//
// They look at what Nodes order and at what stores hold, never into a Node.
// Pure; owned by World.
#pragma once

#include <map>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "daemon/core/node.h"
#include "proto/door.h"
#include "proto/live.h"
#include "tests/sim/ledger.h"
#include "tests/sim/room_checkers.h"
#include "tests/sim/witness.h"

namespace p2pchat::sim {

class Checkers {
 public:
  Checkers(Verdict& verdict, Ledger& ledger)
      : verdict_(verdict), ledger_(ledger), rooms_(verdict) {}

  void add_host(const PeerId& id);
  RoomCheckers& rooms() { return rooms_; }
  const RoomCheckers& rooms() const { return rooms_; }

  // --- Before it happens ---
  void storing(const Witness& witness, const Action& action);
  void leaving(const Witness& witness, const Action& action);
  // A Node is told of it.
  void taking(const Witness& witness, const Event& event);
  // Frames that the store makes for a Give.
  void giving(const Witness& witness, const PeerId& peer, const Bytes& frame);
  // --- After a turn ---
  void turned(const Witness& witness, const Node& node);
  // --- Faults that change what may be expected ---
  // `disks`: what each will hold then.
  void losing_state(HostIndex host, const std::vector<const Disk*>& disks);
  void damaging(HostIndex host) { damaged_.insert(host); }

  // After healing: whether the members of each pair hold the same, and all that
  // was promised. Empty if so, else what is missing.
  std::string disagreement(HostIndex a, const Disk& of_a, HostIndex b, const Disk& of_b) const;
  // The pair room of two hosts.
  const RoomId& room_of(HostIndex a, HostIndex b) const;

 private:
  struct Pair {
    RoomId room;
    HostIndex a;
    HostIndex b;
  };

  void fail(const Witness& witness, const std::string& text);
  const Pair* pair(const RoomId& room) const;
  bool is_blocked(const Witness& witness, const PeerId& peer) const;
  // As far as the witness has decided; of a pair room, because it is one of the two.
  bool is_member(const Witness& witness, const RoomId& room, const PeerId& peer) const;
  bool may_hear(const Witness& witness, const RoomId& room, const PeerId& peer) const;
  bool counts(const Witness& witness, const Batch& batch) const;

  void storing_batch(const Witness& witness, const action::StoreBatch& order);
  void pruning(const Witness& witness, const action::Prune& order);
  bool has_everybody(const Witness& witness, const Batch& batch);
  bool fits_feed(const Witness& witness, const Batch& batch);
  void storing_post(const Witness& witness, const Batch& batch, std::size_t index,
                    const Hash& hash);
  Bytes mark_of(const RoomId& room, const FeedId& feed) const;
  void writing_post(const Witness& witness, const Batch& batch, std::size_t index);
  void check_own_stamp(const Witness& witness, const Batch& batch, Stamp stamp);
  bool is_for(const Witness& witness, const PeerId& reader, const RoomId& room,
              const FeedId& feed) const;
  void check_arrival(const Witness& witness, const PostId& id, const Push& push);

  void leaving_message(const Witness& witness, const link::Message& message, const PeerId* to);
  void leaving_posts(const Witness& witness, const RoomId& room, ByteView raw, const PeerId* to);
  void leaving_beat(const Witness& witness, const RoomId& room, ByteView raw, const PeerId* to);
  void leaving_live(const Witness& witness, const Bytes& frame);
  void leaving_card(const Witness& witness, const Card& card);
  void leaving_door_answer(const Witness& witness, const VisitId& visit,
                           const door::Answer& answer);
  void leaving_welcome(const Witness& witness, const VisitId& visit);
  void leaving_answer(const Witness& witness, const action::Answer& answer);
  HostIndex host_of(const PeerId& peer) const;
  static bool is_branch(const Witness& witness, const RoomId& room, const Head& head);
  bool holds_head(const Witness& witness, const RoomId& room, const Head& head) const;

  Verdict& verdict_;
  Ledger& ledger_;
  RoomCheckers rooms_;
  std::vector<PeerId> hosts_;
  std::map<RoomId, Pair> pairs_;
  std::map<PostId, Hash> posts_;  // The one truth.
  // How far each host has stored each feed, since it has lost its state last.
  std::map<std::tuple<HostIndex, RoomId, FeedId>, Number> held_;
  std::map<FeedId, std::uint64_t> runs_;  // Of whose Node a feed is.
  // Of each host and run, in each room and seat there.
  std::map<std::tuple<HostIndex, std::uint64_t, RoomId, Bytes>, Incarnation> incarnations_;
  std::map<FeedId, Bytes> readers_;                         // As its opening names them.
  std::map<Topic, RoomKey> keys_;                           // As handed over on links,
  std::map<Topic, std::set<PeerId>> keepers_;               // and to whom.
  std::map<std::pair<HostIndex, RoomId>, Stamp> promised_;  // By beats that have left.
  std::map<std::pair<HostIndex, std::uint64_t>, Stamp> stored_promises_;  // Of each host and run.
  std::map<std::pair<HostIndex, RoomId>, Stamp> final_;                   // As Nodes have said.
  // The newest beat of each room and run.
  std::map<std::pair<RoomId, Incarnation>, std::pair<Counter, Bytes>> beats_;
  std::map<std::pair<PeerId, Counter>, Bytes> cards_;
  std::map<VisitId, Bytes> questions_;  // At doors; no two visits have one id.
  std::set<HostIndex> amnesiacs_;       // Have lost their state once.
  std::set<HostIndex> damaged_;
  std::set<std::pair<HostIndex, PeerId>> newly_blocked_;  // In this very turn,
  std::set<std::pair<HostIndex, PeerId>> newly_gone_;     // as well.
};

}  // namespace p2pchat::sim
