// RoomCheckers: what must hold of rooms of many after every step of every host.
//
//   everybody agreed     whoever is listed has knocked, and has been let in with the
//                        yes of every user whose host lists it and was there before
//   never undone         a chain of decisions only grows, or its last value is widened
//   together             what two honest members decide who are in both quorums fits
//   one pledge           in each round of a seat, and durable before it leaves
//   true words           a Decided, a vote or a leave is told only for what is stored
//   no strangers         nobody is admitted, dialled or heard, nor told what members
//                        sign, before it is decided that it is a member
//   one at a time        at each desk of the rendezvous
//
// They look at what Nodes order and at what stores hold, never into a Node. Of a
// host whose key lies, only its honest half is looked at: its Node.
// Pure; owned by Checkers.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "proto/link.h"
#include "tests/sim/verdict.h"
#include "tests/sim/witness.h"

namespace p2pchat::sim {

class RoomCheckers {
 public:
  explicit RoomCheckers(Verdict& verdict) : verdict_(verdict) {}

  void add_host(const PeerId& id) { hosts_.push_back(id); }
  // Its key signs what its Node does not know of.
  void distrust(HostIndex host) { liars_.insert(host); }
  bool is_liar(HostIndex host) const { return liars_.contains(host); }
  // Somebody whose disk was put back has pledged anew there what it had pledged otherwise.
  bool is_torn(const RoomId& room) const { return torn_.contains(room); }
  // The rendezvous shows what it should not.
  void distrust_rendezvous() { is_rendezvous_true_ = false; }
  // A host's user asks for this.
  void voting(HostIndex host, const std::string& whom, event::Ballot ballot);
  void trusting(HostIndex host) { policies_.insert(host); }
  void quitting(HostIndex host) { quitters_.insert(host); }
  // It does not know any more what it has signed.
  void forgetting(HostIndex host);

  // --- Before it happens ---
  void storing(const Witness& witness, const Action& action);
  void leaving(const Witness& witness, const Action& action);
  void taking(const Witness& witness, const Event& event);
  // --- After a turn ---
  void turned(const Witness& witness);

  // Somebody sits in this room of many now, as far as this store has decided.
  static bool is_member(const Disk& disk, const RoomId& room, const PeerId& peer);
  // The posts of this feed up to this number count there: of members, and of whoever went.
  static bool counts(const Disk& disk, const Batch& batch);

 private:
  using Chain = std::vector<std::shared_ptr<const Value>>;

  void fail(const Witness& witness, const std::string& text);
  const PeerId& self(const Witness& witness) const { return hosts_[witness.host]; }
  // Of somebody who is honest.
  std::optional<HostIndex> honest(const PeerId& peer) const;

  void storing_decision(const Witness& witness, const action::StoreDecision& order);
  void check_comers(const Witness& witness, const Roster& before, const Value& value);
  void check_together(const Witness& witness, const std::vector<Roster>& rosters,
                      const Value& value);
  bool fits(const Roster& before, const Chain& a, const Chain& b, std::size_t at, const PeerId& one,
            const PeerId& other) const;
  void storing_pledge(const Witness& witness, const action::StorePledge& order);
  void storing_wish(const Witness& witness, const WishRecord& wish);
  void leaving_object(const Witness& witness, const Object& object);
  void leaving_vote(const Witness& witness, const Vote& vote);
  void reaching_out(const Witness& witness, const PeerId& peer);
  bool has_company(const Witness& witness, const PeerId& peer) const;

  Verdict& verdict_;
  std::vector<PeerId> hosts_;
  std::set<HostIndex> liars_;
  std::set<HostIndex> policies_;  // Vote without their users.
  std::set<HostIndex> quitters_;  // Have left some room.
  std::set<HostIndex> forgetful_;
  std::set<RoomId> torn_;
  bool is_rendezvous_true_ = true;

  std::set<ChangeId> knocked_;                         // By hosts that run honestly.
  std::set<std::pair<PeerId, std::uint64_t>> let_in_;  // By honest hosts; since it last went.
  std::set<std::pair<PeerId, PeerId>> listed_;         // By the first, some time.
  std::map<std::pair<HostIndex, std::string>, std::size_t> yeses_;
  std::map<std::pair<HostIndex, PeerId>, std::set<ChangeId>> accepted_;
  std::map<std::pair<HostIndex, RoomId>, Chain> chains_;
  std::map<std::pair<HostIndex, RoomId>, std::set<ValueId>> decided_;
  std::map<std::tuple<RoomId, Seat, Round>, ValueId> pledges_;
  std::map<std::pair<Seat, ChangeId>, bool> votes_;
  std::set<std::pair<HostIndex, Seat>> left_;  // Seats that their hosts gave up.
  std::set<Bytes> stored_votes_;
  std::set<std::pair<HostIndex, PeerId>> hosted_;  // Members that a wish has named.
  std::set<std::tuple<HostIndex, std::uint64_t, Desk>> asked_;
};

}  // namespace p2pchat::sim
